"""The tools over a Wazuh manager's alerts: its alerts are all the events that it hands out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from servers.embedded import Name, asked, check_window, only
from servers.kit import (
    Cursor,
    Limit,
    NotFoundError,
    Problem,
    Reply,
    SecurityServer,
    Time,
    ToolError,
    build_server,
    paged,
)
from servers.kit.conditions import EVERYTHING, Conditions
from servers.kit.ecs import AlertDocument, Event, Key
from servers.kit.envelope import iso
from servers.logfile import GrowingLog
from servers.siem.models import Alert, AlertLine, Alerts, Bucket, Counts, Events, FieldNames, Filters
from servers.siem.settings import NEEDS, SiemSettings
from servers.siem.wazuh_alerts.alert import SENSOR, WazuhAlert, parsed
from servers.siem.wazuh_alerts.matching import check_names, counted, fits

INSTRUCTIONS: Final = (
    "Wazuh's alerts, from alerts.json: only what a rule fired on, so that absence here proves nothing. Times are ISO "
    f"8601 with zone; windows are inclusive. Events are flat ECS objects. Least privilege: {NEEDS['wazuh_alerts']}"
)


def _now() -> datetime:
    return datetime.now(UTC)


def build(
    settings: SiemSettings, conditions: Conditions = EVERYTHING, now: Callable[[], datetime] = _now
) -> SecurityServer:
    """The siem over the file of these settings."""
    log = GrowingLog(settings.alerts, parsed, setting="MCPSOC_SIEM_ALERTS")
    siem = WazuhSiem(log, timedelta(minutes=settings.quiet_minutes), now)
    return build_server(
        "siem",
        reads=[siem.siem_list_alerts, siem.siem_get_alert, siem.siem_search_events, siem.siem_count_events],
        backend="real",
        synthetic=False,
        clock=now,
        probe=siem.probe,
        product="Wazuh",
        instructions=INSTRUCTIONS,
        settings=settings,
        conditions=conditions,
    )


@dataclass(frozen=True, slots=True)
class WazuhSiem:
    """Tools over the alerts of one manager."""

    log: GrowingLog[WazuhAlert]
    quiet: timedelta
    now: Callable[[], datetime]

    def siem_list_alerts(self, status: Name = "new", limit: Limit = 20, cursor: Cursor = None) -> Reply[Alerts]:
        """Alerts, oldest first; siem_get_alert gives one whole. Wazuh keeps no status: each counts as "new"."""
        if status not in ("new", "any"):
            raise ToolError("invalid_argument", "Wazuh's file keeps no status of an alert", "ask for new or any")
        held, now = self.log.read(), self.now()
        page = paged(sorted(held.rows, key=_order), limit, cursor)
        lines = [_line(alert) for alert in page.rows]
        text = f"{len(lines)} of {page.total} alerts"
        silent = held.blind_spot(held.last or now, now, now, self.quiet)
        return page.reply(Alerts(alerts=lines), text, sensor=SENSOR, stale=silent)

    def siem_get_alert(self, alert_id: Name) -> Reply[Alert]:
        """One alert as flat fields, with what Wazuh's decoders read from the event."""
        for alert in self.log.read().rows:
            if alert.id == alert_id:
                return Reply(Alert(alert=AlertDocument(alert.as_alert())), "1 alert", sensor=SENSOR)
        raise NotFoundError("no alert that the file still holds has this id", "siem_list_alerts gives the ids")

    def siem_search_events(
        self,
        filters: Filters,
        start: Time,
        end: Time,
        category: Name | None = None,
        source: Name | None = None,
        fields: FieldNames | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Events]:
        """Events that Wazuh alerted on and that match all filters, earliest first; others are not here.

        filters: ECS field to exact value, `*` as wildcard, {} for all. category: ECS event.category.
        fields: give only these, so that more rows fit."""
        check_names(fields or [], "fields")
        found, blind = self._found(filters, start, end, category, source)
        page = paged(found, limit, cursor)
        return page.reply(
            Events(events=only([Event(alert.fields) for alert in page.rows], fields)),
            f"{len(page.rows)} of {page.total} events",
            sensor=SENSOR,
            query=asked({"category": category, **filters}, start, end),
            stale=blind,
        )

    def siem_count_events(
        self,
        by: FieldNames,
        filters: Filters,
        start: Time,
        end: Time,
        source: Name | None = None,
        limit: Limit = 20,
    ) -> Reply[Counts]:
        """Count events that Wazuh alerted on per distinct combination of the `by` fields, largest group first."""
        check_names(by, "by")
        found, blind = self._found(filters, start, end, None, source)
        groups = counted(found, by)
        buckets = [Bucket(key=Key(key), count=count) for key, count in groups[:limit]]
        return Reply(
            Counts(buckets=buckets, distinct=len(groups), events=len(found)),
            f"{len(found)} events in {len(groups)} groups",
            sensor=SENSOR,
            query=f"count by {', '.join(by)} where {asked(dict(filters), start, end)}",
            total=len(groups),
            more=len(buckets) < len(groups),
            stale=blind,
        )

    def probe(self) -> str:
        """How much the file holds."""
        held = self.log.read()
        last = f", the last at {iso(held.last)}" if held.last else ""
        broken = f", {held.unreadable} lines unreadable" if held.unreadable else ""
        return f"alerts.json of Wazuh with {len(held.rows)} alerts{last}{broken}"

    def _found(
        self, filters: Filters, start: datetime, end: datetime, category: str | None, source: str | None
    ) -> tuple[Sequence[WazuhAlert], Problem | None]:
        check_window(start, end)
        check_names(filters, "filters")
        if source not in (None, SENSOR):
            raise ToolError("unknown_source", "there is no such source", f"the only one is {SENSOR!r}")
        held = self.log.read()
        found = [alert for alert in held.within(start, end) if fits(alert, filters, category)]
        return sorted(found, key=_order), held.blind_spot(start, end, self.now(), self.quiet)


def _order(alert: WazuhAlert) -> tuple[datetime, str]:
    return alert.time, alert.id


def _line(alert: WazuhAlert) -> AlertLine:
    return AlertLine(id=alert.id, time=iso(alert.time), title=alert.title, severity=alert.severity, status="new")
