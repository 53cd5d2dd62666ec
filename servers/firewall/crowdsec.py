"""CrowdSec: bans as decisions of its local API; whatever bouncer an operator runs enforces them.

Read with the key of a bouncer, written with the login of a machine. That a decision is there is all that can be read
back: dropping packets is the work of bouncers, which the API does not ask what they do. Decisions of others, of people
and of scenarios and lists, are seen and never taken back.

Source: the local API's published contract (localapi_swagger.yaml, version 1.0.0), tried with CrowdSec 1.4.6.
"""

import re
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, SecretStr, TypeAdapter, ValidationError

from servers.errors import ToolError
from servers.firewall.backend import (
    Entry,
    Network,
    blocked_already,
    covers,
    lasts_longer,
    lift_there,
    plain_note,
    shown,
)
from servers.firewall.ends import Ends
from servers.kit.answer import JsonObject
from servers.kit.envelope import iso
from servers.kit.http import Http

ORIGIN: Final = "cscli"
"""A decision by hand: `cscli decisions list` hides, and some bouncers ignore, every origin it does not know."""
SCENARIO: Final = "mcpsoc/block"
"""What our decisions are known by."""
AGENT: Final = "mcpsoc/1.0"
"""The API answers no client whose User-Agent is not name/version."""
_PART: Final = re.compile(r"([0-9.]+)(h|ms|m|s|us|µs|ns)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
MOST_BYTES: Final = 16_000_000
"""Longest list of decisions that is read; community lists are long."""
_EARLY: Final = timedelta(seconds=60)


T = TypeVar("T")


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Decision(_Said):
    """One decision in force."""

    id: int
    origin: str
    type: str
    scope: str
    value: str
    duration: str
    """What is left of it, as Go writes durations: 3h59m8.2s."""
    scenario: str
    simulated: bool = False


class _Login(_Said):
    token: SecretStr
    expire: AwareDatetime


class _Deleted(_Said):
    count: int = Field(alias="nbDeleted")


_DECISIONS: Final = TypeAdapter(list[Decision] | None)
_ALERTS: Final = TypeAdapter(list[str])


@dataclass(frozen=True, slots=True)
class CrowdSecDoor:
    """Where the API is, and who we are there."""

    url: str
    """Without the version, such as http://127.0.0.1:8080."""
    bouncer_key: SecretStr
    machine: str
    password: SecretStr
    ca_file: Path | None = None
    timeout_s: float = 10.0

    def opened(self, headers: Mapping[str, SecretStr]) -> Http:
        """A client that sends these headers with every request."""
        return Http(
            f"{self.url.rstrip('/')}/v1",
            product="CrowdSec",
            setting="MCPSOC_FIREWALL_URL",
            headers={"User-Agent": AGENT, **headers},
            ca_file=self.ca_file,
            timeout_s=self.timeout_s,
            most_bytes=MOST_BYTES,
        )


class CrowdSec:
    """The decisions of one local API."""

    lapses: Literal["backend", "server"] = "backend"
    unproved: str = "listed by CrowdSec; whether a bouncer drops anything by it cannot be read"

    def __init__(self, door: CrowdSecDoor) -> None:
        self._door = door
        self._reader = door.opened({"X-Api-Key": door.bouncer_key})
        self._writer = door.opened({})
        for client in (self._reader, self._writer):
            weakref.finalize(self, client.close)
        self._ends = Ends()
        self._login: _Login | None = None
        self._lock = threading.Lock()

    def entries(self) -> Sequence[Entry]:
        """Bans of addresses and networks, whoever decided them."""
        return self._entries(self._decisions({"type": "ban"}), whole=True)

    def covering(self, network: Network) -> Entry | None:
        """The ban that holds all of `network` and lasts longest."""
        found = self.holding(network)
        return max(found, key=lambda entry: entry.until or datetime.max.replace(tzinfo=UTC), default=None)

    def holding(self, network: Network) -> Sequence[Entry]:
        """The bans that hold all of `network`."""
        about = self._entries(self._decisions(_about(network)), whole=False)
        return [entry for entry in about if covers(entry.network, network)]

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """The API has no dry run; that it answers and knows our login is tried, and that ours would add something."""
        self._session()
        if lasts_longer(self.holding(network), datetime.now(UTC) + lasts):
            raise blocked_already("a ban of somebody else holds this for at least as long")
        return False

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Decide a ban, then take back our earlier ones on the same network, so that there is no gap."""
        self.try_block(network, lasts, note)
        earlier = [decision.id for decision in self._on(network) if _ours(decision)]
        now = datetime.now(UTC)
        answer = self._writer.send("POST", "/alerts", json=[_alert(network, lasts, note, now)], headers=self._session())
        if len(_read(_ALERTS, answer)) != 1:
            raise ToolError("refused_by_backend", "CrowdSec took no decision", "its log has the reason")
        for number in earlier:
            self._delete(number)
        return now + lasts

    def unblock(self, network: Network) -> bool:
        """Take back our bans on exactly this network, one by one: deleting by address would also take back those of
        others and of networks around it."""
        found = self._on(network)
        ours = [decision.id for decision in found if _ours(decision)]
        if found and not ours:
            raise lift_there("a ban")
        return sum(self._delete(number) for number in ours) > 0

    def probe(self) -> str:
        """Whether key and login are accepted."""
        self._decisions({"ip": "192.0.2.1"})
        self._session()
        return "CrowdSec local API, key and login accepted"

    def _entries(self, decisions: Sequence[Decision], *, whole: bool) -> tuple[Entry, ...]:
        """What they block; each ends when it was first seen to end, for the API tells the time left alone."""
        now = datetime.now(UTC)
        ends = self._ends.settled({each.id: now + lasting(each.duration) for each in decisions}, whole=whole)
        return tuple(
            Entry(network, None, ends[each.id], by=each.origin, note=each.scenario, ours=_ours(each))
            for each in decisions
            if (network := _network(each)) is not None and ends[each.id] > now
        )

    def _on(self, network: Network) -> list[Decision]:
        return [each for each in self._decisions(_about(network)) if _network(each) == network]

    def _decisions(self, about: Mapping[str, str]) -> list[Decision]:
        """Bans that are meant. The API says null where there is none."""
        found = _read(_DECISIONS, self._reader.get("/decisions", params=about)) or []
        return [each for each in found if each.type.lower() == "ban" and not each.simulated]

    def _delete(self, number: int) -> bool:
        deleted = self._writer.send("DELETE", f"/decisions/{number}", headers=self._session())
        return _read(TypeAdapter(_Deleted), deleted).count > 0

    def _session(self) -> dict[str, str]:
        """The header of a session that is not about to end."""
        with self._lock:
            if self._login is None or self._login.expire - datetime.now(UTC) < _EARLY:
                self._login = self._logged_in()
            return {"Authorization": f"Bearer {self._login.token.get_secret_value()}"}

    def _logged_in(self) -> _Login:
        who: JsonObject = {"machine_id": self._door.machine, "password": self._door.password.get_secret_value()}
        return _read(TypeAdapter(_Login), self._writer.send("POST", "/watchers/login", json={**who, "scenarios": []}))


def _about(network: Network) -> dict[str, str]:
    """The question for what holds a network."""
    single = network.prefixlen == network.max_prefixlen
    return {"ip" if single else "range": shown(network), "type": "ban"}


def _alert(network: Network, lasts: timedelta, note: str, now: datetime) -> JsonValue:
    """A decision comes inside an alert. Its time counts from the end of the alert, so that has to be now."""
    single = network.prefixlen == network.max_prefixlen
    target: JsonObject = {"scope": "Ip" if single else "Range", "value": shown(network)}
    decision: JsonObject = {
        **target,
        "origin": ORIGIN,
        "type": "ban",
        "duration": f"{max(1, round(lasts.total_seconds()))}s",
        "scenario": f"{SCENARIO}: {plain_note(note)}",
    }
    return {
        "scenario": SCENARIO,
        "scenario_hash": "",
        "scenario_version": "",
        "message": f"blocked by MCPSoc: {plain_note(note)}",
        "events_count": 1,
        "start_at": iso(now),
        "stop_at": iso(now),
        "capacity": 0,
        "leakspeed": "0",
        "simulated": False,
        "events": [],
        "source": target,
        "decisions": [decision],
    }


def _ours(decision: Decision) -> bool:
    """Whether this server took it."""
    return decision.origin == ORIGIN and (decision.scenario == SCENARIO or decision.scenario.startswith(f"{SCENARIO}:"))


def _network(decision: Decision) -> Network | None:
    """What a decision is about; None for a country, a user or what else a scenario may name."""
    if decision.scope.lower() not in ("ip", "range"):
        return None
    try:
        return ip_network(decision.value, strict=False)
    except ValueError:
        return None


def lasting(duration: str) -> timedelta:
    """A duration as Go writes it. Raises: ToolError for what is none. Source: Go, time.Duration.String."""
    sign, text = (-1, duration[1:]) if duration.startswith("-") else (1, duration)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise _unreadable()
    return sign * timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


def _read(what: TypeAdapter[T], answer: JsonValue) -> T:
    try:
        return what.validate_python(answer)
    except ValidationError:
        raise _unreadable() from None


def _unreadable() -> ToolError:
    return ToolError("bad_answer", "CrowdSec gave an answer that its contract does not know", "which version is it?")
