"""The tools that look: alerts, the whole of a flow, and what the sensor saw of a host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from servers.embedded import Name, asked, check_window
from servers.ids.backend import EventLog, IdsBackend, Record
from servers.ids.models import Activities, Activity, AlertGroup, AlertGroups, Alerts, Flow, NetworkEvent
from servers.kit import Cursor, Limit, NotFoundError, Reply, Time, paged
from servers.kit.envelope import iso
from servers.observables import AskedAddress

By: TypeAlias = Literal["rule", "source", "destination", "source_and_destination"]


@dataclass(frozen=True, slots=True)
class LogReads:
    """Tools over what the sensor wrote."""

    backend: IdsBackend
    log: EventLog

    def ids_search_alerts(
        self,
        start: Time,
        end: Time,
        address: AskedAddress | None = None,
        rule_id: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Alerts]:
        """Alerts of network intrusion detection, earliest first; from or to an address, of one rule."""
        check_window(start, end)
        found = self._alerts(start, end, address, rule_id)
        page = paged(found, limit, cursor)
        return page.reply(
            Alerts(alerts=[record.event() for record in page.rows]),
            f"{len(page.rows)} of {page.total} alerts",
            sensor=self.backend.sensor,
            query=asked({"address": _text(address), "rule": rule_id}, start, end),
            stale=self.log.blind(start, end),
        )

    def ids_summarise_alerts(
        self,
        start: Time,
        end: Time,
        by: By = "rule",
        address: AskedAddress | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[AlertGroups]:
        """Count alerts by rule, source or destination, most first."""
        check_window(start, end)
        found = self._alerts(start, end, address, None)
        page = paged(_grouped(found, by), limit, cursor)
        return page.reply(
            AlertGroups(groups=list(page.rows), alerts=len(found)),
            f"{len(found)} alerts in {page.total} groups",
            sensor=self.backend.sensor,
            query=f"count by {by} where {asked({'address': _text(address)}, start, end)}",
            stale=self.log.blind(start, end),
        )

    def ids_get_flow(self, flow_id: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Flow]:
        """One flow whole (flow.id of an alert): its alerts joined with the http, dns, tls and file records in it."""
        found = self.log.flow(flow_id)
        if not found:
            raise NotFoundError("the sensor's log has no such flow", "ids_search_alerts gives flow.id")
        page = paged(found, limit, cursor)
        alerts = sum(record.kind == "alert" for record in found)
        return page.reply(
            Flow(flow_id=found[0].flow, alerts=alerts, events=[record.event() for record in page.rows]),
            f"{page.total} events, {alerts} of them alerts",
            sensor=self.backend.sensor,
        )

    def ids_host_activity(
        self, ip: AskedAddress, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Activities]:
        """What the sensor saw from and to an address: alerts first, then peers, domains, servers and files by count."""
        check_window(start, end)
        found = self.log.host(str(ip), start, end)
        groups = _activity(str(ip), found)
        page = paged(groups, limit, cursor)
        peers = {group.peer for group in groups if group.peer}
        alerts = sum(record.kind == "alert" for record in found)
        return page.reply(
            Activities(activity=list(page.rows), alerts=alerts, events=len(found), peers=len(peers)),
            f"{len(found)} events with {len(peers)} peers, {alerts} of them alerts",
            sensor=self.backend.sensor,
            query=asked({"address": str(ip)}, start, end),
            stale=self.log.blind(start, end),
        )

    def _alerts(self, start: Time, end: Time, address: AskedAddress | None, rule: str | None) -> Sequence[Record]:
        wanted = _text(address)
        return [
            record
            for record in self.log.alerts(start, end)
            if (wanted is None or wanted in (record.source, record.destination))
            and (rule is None or _field(record.event(), "rule.id") == rule)
        ]


def _text(address: AskedAddress | None) -> str | None:
    return None if address is None else str(address)


def _field(event: NetworkEvent, name: str) -> str | None:
    value = event.root.get(name)
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class _Hit:
    record: Record
    rule: str | None
    name: str | None


def _grouped(found: Sequence[Record], by: By) -> list[AlertGroup]:
    groups: dict[tuple[str | None, ...], list[_Hit]] = {}
    for record in found:
        event = record.event()
        hit = _Hit(record, _field(event, "rule.id"), _field(event, "rule.name"))
        key: dict[By, tuple[str | None, ...]] = {
            "rule": (hit.rule, hit.name, None, None),
            "source": (None, None, record.source, None),
            "destination": (None, None, None, record.destination),
            "source_and_destination": (None, None, record.source, record.destination),
        }
        groups.setdefault(key[by], []).append(hit)
    made = [_alert_group(key, hits) for key, hits in groups.items()]
    return sorted(made, key=lambda g: (-g.alerts, g.rule_id or "", g.source or "", g.destination or ""))


def _alert_group(key: tuple[str | None, ...], hits: Sequence[_Hit]) -> AlertGroup:
    rule, name, source, destination = key
    return AlertGroup(
        rule_id=rule,
        rule_name=name,
        source=source,
        destination=destination,
        alerts=len(hits),
        rules=len({hit.rule for hit in hits}),
        sources=len({hit.record.source for hit in hits}),
        destinations=len({hit.record.destination for hit in hits}),
        first=iso(hits[0].record.time),
        last=iso(hits[-1].record.time),
    )


_NAMES: Final = {
    "alert": ("rule.name",),
    "dns": ("dns.question.name",),
    "http": ("destination.domain", "url.full"),
    "tls": ("tls.server_name", "tls.subject"),
    "fileinfo": ("file.hash.sha256", "file.name"),
}
"""Which field tells what an event of a kind was about."""


def _activity(ip: str, found: Sequence[Record]) -> list[Activity]:
    groups: dict[tuple[str, str | None, bool, str | None, str | None], list[Record]] = {}
    for record in found:
        outgoing = record.source == ip
        peer = record.destination if outgoing else record.source
        event = record.event()
        names = (_field(event, field) for field in _NAMES.get(record.kind, ()))
        name = next((name for name in names if name), None)
        rule = _field(event, "rule.id") if record.kind == "alert" else None
        groups.setdefault((record.kind, peer or None, outgoing, rule, name), []).append(record)
    made = [
        Activity(
            kind=kind,
            peer=peer,
            outgoing=outgoing,
            rule_id=rule,
            name=name,
            events=len(records),
            first=iso(records[0].time),
            last=iso(records[-1].time),
        )
        for (kind, peer, outgoing, rule, name), records in groups.items()
    ]
    return sorted(made, key=lambda a: (a.kind != "alert", -a.events, a.kind, a.peer or "", a.name or ""))
