"""Questions, own domains and sinkholes of the simulated enterprise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from pydantic import JsonValue

from servers.dns.backend import Answer, DnsBackend, Entry, Query
from servers.dns.models import QueryEvent
from servers.embedded import LabDoor, blind_spot
from servers.kit import Problem
from servers.kit.guards import Hit
from servers.lab.queries import entities, events, network
from servers.lab.records import JsonObject

SENSOR: Final = "dns"
BY: Final = "dns server"
_ALL: Final = 100_000


@dataclass(frozen=True, slots=True)
class LabLog:
    """The resolver's log of the lab."""

    door: LabDoor

    def queries(
        self, start: datetime, end: datetime, domain: str | None = None, client: str | None = None
    ) -> Sequence[Query]:
        """Questions of a window."""
        filters = {} if client is None else {"source.ip": client}
        page = events.search_events(
            self.door.db, start=start, end=end, filters={**filters, "event.action": "query"}, source=SENSOR, limit=_ALL
        )
        found = (_query(event) for event in page.events)
        return [query for query in found if domain is None or _below(query.name, domain)]

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """When the log was switched off."""
        return blind_spot(self.door.db, [SENSOR], None, start, end)


@dataclass(frozen=True, slots=True)
class LabSinkholes:
    """Domains that get no answer in the lab."""

    door: LabDoor

    def entries(self) -> Sequence[Entry]:
        """Those in force."""
        found = network.list_containment(self.door.db, kind="sinkhole_domain", in_force_at=self.door.now())
        return [Entry(row.target, row.since, row.until, row.by, in_force=True) for row in found]

    def add(self, domain: str, until: datetime, reason: str) -> None:
        """The lab's own measure."""
        self.door.lab.contain("sinkhole_domain", domain, until, BY)

    def remove(self, domain: str) -> bool:
        """End it."""
        return self.door.lab.release("sinkhole_domain", domain, BY)

    def answer(self, domain: str) -> Answer:
        """No answer below a sinkhole; otherwise whatever the outside says."""
        held = any(_below(domain, entry.domain) for entry in self.entries())
        return Answer("no_such_name" if held else "as_usual")

    def hits(self, domain: str) -> tuple[Hit, ...]:
        """What the operator registered as his own or as in daily use, and the parents of it."""
        if entities.check_known(self.door.db, domain) is not None or any(
            _below(own, domain) for own in _known(self.door)
        ):
            return (Hit("registered_domain", "the register of known domains names it, or what is above or below it"),)
        return ()


def embedded(door: LabDoor) -> DnsBackend:
    """The resolver of this lab."""
    return DnsBackend(
        product="embedded",
        probe=door.probe,
        sensor=SENSOR,
        now=door.now,
        log=LabLog(door),
        sinkholes=LabSinkholes(door),
        own_domains=lambda: _known(door),
    )


def _known(door: LabDoor) -> tuple[str, ...]:
    return tuple(name for (name,) in door.db.execute("SELECT domain FROM known_domains ORDER BY domain"))


def _query(event: JsonObject) -> Query:
    return Query(
        time=datetime.fromisoformat(str(event["@timestamp"])),
        client=_text(event.get("source.ip")),
        name=_text(event.get("dns.question.name")),
        kind=_text(event.get("dns.question.type")),
        domain=_text(event.get("dns.question.registered_domain")) or None,
        failed=event.get("event.outcome") == "failure",
        event=partial(QueryEvent, event),
    )


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value)


def _below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
