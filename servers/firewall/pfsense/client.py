"""The calls to one box, each with what is known to go wrong with it.

Source: pfrest/pfSense-pkg-RESTAPI v2.7.1 and v2.10.0; the number of each trap is that of `simulator.py`.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

from servers.errors import ToolError
from servers.firewall.pfsense import answers
from servers.firewall.pfsense.settings import SETUP, PfSenseSettings
from servers.kit.http import Http

ROOT = "/api/v2"
Query: TypeAlias = Mapping[str, str | int]
T = TypeVar("T")

_DRY_RUN_SINCE = (2, 8, 0)
_PAGE = 1_000
_MOST_PAGES = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """An address of an alias with the text beside it."""

    address: str
    detail: str


@dataclass(slots=True, weakref_slot=True)
class PfSense:
    """One box. Its methods block and may be called from several threads."""

    rest: Http
    settings: PfSenseSettings
    pause: Callable[[float], None] = time.sleep
    _refused: ToolError | None = None
    """What the box said to the key. It is not asked again: repeated failures lock this machine out (trap 12)."""
    _writes: threading.Lock = field(default_factory=threading.Lock)

    def version(self) -> str:
        """Version of pfSense."""
        return answers.one(answers.Version, self._get("/system/version")).version or "of unknown version"

    def api_version(self) -> str:
        """Version of the REST API package."""
        found = answers.one(answers.ApiVersion, self._get("/system/restapi/version"))
        return found.current_version or ""

    def dry_runs(self) -> bool:
        """Whether the package knows `dry_run`. An older one drops it unread and makes the change (traps 2 and 9)."""
        found = re.fullmatch(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[_-].*)?", self.api_version().strip())
        return found is not None and tuple(int(part or 0) for part in found.groups()) >= _DRY_RUN_SINCE

    def interfaces(self) -> Sequence[answers.Interface]:
        """All interfaces."""
        return answers.many(answers.Interface, self._get("/status/interfaces"))

    def gateways(self) -> Sequence[answers.Gateway]:
        """All gateways."""
        return answers.many(answers.Gateway, self._get("/status/gateways"))

    def name_servers(self) -> Sequence[str]:
        """Addresses of the name servers."""
        return answers.one(answers.Dns, self._get("/system/dns")).dnsserver or []

    def rules(self) -> Sequence[answers.Rule]:
        """All filter rules in the box's order."""
        return answers.many(answers.Rule, self._get("/firewall/rules"))

    def log(self, limit: int, offset: int) -> Sequence[str]:
        """Raw lines of the filter log. Without a limit the box reads all of it and may die of it (trap 6)."""
        try:
            body = self._get("/status/logs/firewall", {"limit": limit, "offset": offset})
        except ToolError as problem:
            if problem.code != "refused_by_backend":
                raise
            raise ToolError("log_unreadable", "the box could not read its filter log", _LOG) from None
        return [line.text for line in answers.many(answers.Line, body)]

    def states(self, query: Query) -> Sequence[answers.State]:
        """Connections that match; the box gives 100 unless told otherwise (trap 8).

        Raises: ToolError for more than can be looked through."""
        found: list[answers.State] = []
        while len(found) < _PAGE * _MOST_PAGES:
            page = {**query, "limit": _PAGE, "offset": len(found)}
            rows = answers.many(answers.State, self._get("/firewall/states", page))
            found += rows
            if len(rows) < _PAGE:
                return found
        raise ToolError("too_many", "too many connections match", "ask for one address")

    def kill(self, query: Query) -> int:
        """End the connections that match; how many the box says it ended."""
        if not query:
            raise ToolError("invalid_argument", "without a query the box would end every connection")
        page = {**query, "limit": _PAGE}
        body = self._asked(lambda: self.rest.send("DELETE", f"{ROOT}/firewall/states", params=page))
        return len(answers.many(answers.State, body))

    def table(self) -> Sequence[str] | None:
        """What the packet filter holds for the alias now; None when it has no such table."""
        try:
            body = self._get("/diagnostics/table", {"id": self.settings.alias})
        except ToolError as problem:
            if problem.code == "not_found":
                return None
            raise
        return answers.one(answers.Table, body).entries

    def alias(self) -> answers.Alias:
        """The alias that blocks are written to, looked up by its name: its id moves (trap 1).

        Raises: ToolError saying how to make it when there is none."""
        name = self.settings.alias
        found = answers.many(answers.Alias, self._get("/firewall/aliases", {"name": name}))
        for each in found:
            if each.name == name and each.type in ("host", "network"):
                return each
        kind = "is for ports" if any(each.name == name for each in found) else "does not exist"
        raise ToolError("not_prepared", f"the alias {name} {kind} on the box", SETUP.format(alias=name))

    def append(self, entry: Entry, *, dry: bool = False) -> None:
        """Add one address. Its text is one that no other address has, or the lists fall out of step (trap 4)."""
        with self._writes:
            alias = self.alias()
            if entry.detail in alias.detail or not entry.detail:
                raise ToolError("invalid_argument", "the text beside an address must be its own")
            change: dict[str, JsonValue] = {"address": [entry.address], "detail": [entry.detail], "append": True}
            self._patch(alias, change, dry=dry)

    def describe(self, entry: Entry) -> None:
        """Put another text beside an address that is in the alias."""
        with self._writes:
            alias = self.alias()
            pairs = list(zip(alias.address, alias.details(), strict=True))
            texts: list[JsonValue] = [entry.detail if address == entry.address else text for address, text in pairs]
            self._patch(alias, {"detail": texts})

    def remove(self, addresses: Sequence[str]) -> bool:
        """Take addresses with their texts out of the alias; False when none of them is in it.

        Both go in one request: an address without its text leaves the box with more texts than addresses."""
        with self._writes:
            alias = self.alias()
            gone = [(a, d) for a, d in zip(alias.address, alias.details(), strict=True) if a in addresses]
            if not gone:
                return False
            self._patch(alias, _without(alias, gone))
            return True

    def pending(self, within_s: float) -> Sequence[str]:
        """Subsystems with changes that are not live, once an apply under way has ended or the time is up (trap 3)."""
        deadline, wait = time.monotonic() + within_s, 0.05
        while True:
            state = answers.one(answers.Applied, self._get("/firewall/apply"))
            if state.applied or time.monotonic() >= deadline:
                return () if state.applied else (state.pending_subsystems or ["unknown"])
            self.pause(wait)
            wait = min(2.0, wait * 2)

    def settle(self) -> None:
        """Wait until all changes are live. Raises: ToolError when they are not in time."""
        if self.pending(self.settings.apply_timeout_s):
            late = f"the box did not make the change live within {self.settings.apply_timeout_s:g} s"
            raise ToolError("not_applied", late, "look at Status > Filter Reload on the box, then check the address")

    def _patch(self, alias: answers.Alias, change: Mapping[str, JsonValue], *, dry: bool = False) -> None:
        """Only what changes is sent (trap 13), and the name: it cannot be edited, so that an id which has moved to
        another alias since it was read is refused by the box."""
        steer: dict[str, JsonValue] = {"dry_run": True} if dry else {"apply": True}
        body: dict[str, JsonValue] = {"id": alias.id, "name": alias.name, **change, **steer}
        self._asked(lambda: self.rest.send("PATCH", f"{ROOT}/firewall/alias", json=body))
        if not dry:
            self.settle()

    def _get(self, path: str, query: Query | None = None) -> JsonValue:
        return self._asked(lambda: self.rest.get(f"{ROOT}{path}", params=query))

    def _asked(self, request: Callable[[], T]) -> T:
        """Raises: ToolError; after the key was refused once, without asking."""
        if self._refused is not None:
            raise self._refused
        try:
            return request()
        except ToolError as problem:
            if problem.code == "unauthorised":
                self._refused = ToolError("unauthorised", "the box refused the API key; it is not tried again", _KEY)
                raise self._refused from None
            if problem.code == "forbidden":
                raise ToolError("forbidden", "the API key is not allowed this call", _ALLOW) from None
            raise


def _without(alias: answers.Alias, gone: Sequence[tuple[str, str]]) -> dict[str, JsonValue]:
    """The change that takes some entries out: by `remove` where each text is its own, else by the whole lists."""
    leaving = {text for _, text in gone}
    texts = alias.details()
    if len(alias.detail) == len(alias.address) and len(leaving) == len(gone) == sum(t in leaving for t in texts):
        return {"address": [a for a, _ in gone], "detail": [t for _, t in gone], "remove": True}
    kept = [pair for pair in zip(alias.address, texts, strict=True) if pair not in gone]
    return {"address": [address for address, _ in kept], "detail": [text for _, text in kept]}


_LOG = "a long log kills this call on older REST API packages: update it, or lower MCPSOC_PFSENSE_LOG_ROWS"
_KEY = "set MCPSOC_PFSENSE_API_KEY to a valid key and start again: repeated failures lock this machine out of the box"
_ALLOW = "give the key's user the privileges that the firewall page of the docs lists for pfSense"
