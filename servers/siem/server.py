"""The siem server: reads only. `source` names a sensor; an answer about a sensor that was blind then says `stale`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, JsonValue

from servers.embedded import (
    LabDoor,
    Name,
    asked,
    blind_spot,
    check_fields,
    check_window,
    cursors_of,
    events_of,
    iso_or_none,
    lab_server,
    only,
    searched,
)
from servers.kit import Cursor, Limit, NotFoundError, Problem, Reply, SecurityServer, Time, ToolError
from servers.kit.answer import bad_cursor
from servers.kit.ecs import AlertDocument, Key
from servers.kit.envelope import iso
from servers.kit.tool import meant
from servers.lab.queries import coverage, entities, events
from servers.lab.queries.events import AlertRow, Page
from servers.lab.records import to_ms
from servers.parts import Parts
from servers.siem.models import (
    Alert,
    AlertLine,
    Alerts,
    Baseline,
    Bucket,
    Counts,
    Cover,
    Coverage,
    Events,
    FieldNames,
    Filters,
    Source,
    Sources,
)
from servers.siem.settings import SiemSettings
from servers.siem.wazuh_alerts import reading as wazuh_alerts

Minutes = Annotated[int, Field(ge=1, le=10_080)]
Days = Annotated[int, Field(ge=1, le=90)]
Sensors = Annotated[list[str], Field(min_length=1, max_length=20)]
INSTRUCTIONS = (
    "Times are ISO 8601 with zone; windows are inclusive. Events are flat ECS objects. "
    "Status stale: the sensor was blind for part of the window, so absence proves nothing."
)


class Siem:
    """Tools over the alerts and events of the lab."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def siem_list_alerts(self, status: Name = "new", limit: Limit = 20, cursor: Cursor = None) -> Reply[Alerts]:
        """Alerts of the queue with this status ("any" for all), oldest first; siem_get_alert gives one whole."""
        wanted = None if status == "any" else status
        try:
            page = events.list_alerts(self._door.db, status=wanted, limit=limit, cursor=cursor)
        except ValueError:
            raise bad_cursor() from None
        after = tuple(f"{to_ms(alert.time)}:{alert.id}" for alert in page.alerts)
        text = f"{len(page.alerts)} of {page.total} alerts"
        data = Alerts(alerts=[_line(alert) for alert in page.alerts])
        return Reply(data, text, total=page.total, after=after, more=page.next_cursor is not None)

    def siem_get_alert(self, alert_id: Name) -> Reply[Alert]:
        """One alert as the detection wrote it (flat Elastic alert fields)."""
        row = self._alert(alert_id)
        return Reply(Alert(alert=AlertDocument(row.fields)), "1 alert", sensor=_text(row.fields, "event.source"))

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
        """Events that match all filters, earliest first.

        filters: ECS field to exact value, `*` as wildcard, {} for all. source: sensor name (siem_list_sources).
        category: ECS event.category. fields: give only these, so that more rows fit."""
        self._check(filters, start, end, source)
        check_fields(fields or [], "fields")
        page = searched(
            lambda: events.search_events(
                self._door.db,
                start=start,
                end=end,
                filters=filters,
                category=category,
                source=source,
                limit=limit,
                cursor=cursor,
            )
        )
        query = asked({"source": source, "category": category, **filters}, start, end)
        return _events(page, source, query, self._blind(source, filters, start, end), fields)

    def siem_count_events(
        self,
        by: FieldNames,
        filters: Filters,
        start: Time,
        end: Time,
        source: Name | None = None,
        limit: Limit = 20,
    ) -> Reply[Counts]:
        """Count events per distinct combination of the `by` fields, largest group first; filters as in a search."""
        self._check(filters, start, end, source)
        check_fields(by, "by")
        found = events.count_events(
            self._door.db, by=by, filters=filters, start=start, end=end, source=source, limit=limit
        )
        buckets = [Bucket(key=Key(dict(bucket.key)), count=bucket.count) for bucket in found.buckets]
        return Reply(
            Counts(buckets=buckets, distinct=found.distinct, events=found.events),
            f"{found.events} events in {found.distinct} groups",
            sensor=source,
            query=f"count by {', '.join(by)} where {asked({'source': source, **filters}, start, end)}",
            total=found.distinct,
            more=len(buckets) < found.distinct,
            stale=self._blind(source, filters, start, end),
        )

    def siem_timeline(
        self,
        around: Time,
        minutes: Minutes = 60,
        host: Name | None = None,
        user: Name | None = None,
        address: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Events]:
        """What all sensors saw of a host, a user or an address (any one suffices) within `minutes` of a time."""
        if host is None and user is None and address is None:
            raise ToolError("missing_argument", "a timeline needs a host, a user or an address", "give one of them")
        start, end = around - timedelta(minutes=minutes), around + timedelta(minutes=minutes)
        page = searched(
            lambda: events.timeline(
                self._door.db,
                start=start,
                end=end,
                host=host,
                user=user,
                address=address,
                limit=limit,
                cursor=cursor,
            )
        )
        return _events(page, None, asked({"host": host, "user": user, "address": address}, start, end))

    def siem_related_events(
        self, alert_id: Name, minutes: Minutes = 60, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Events]:
        """Events within `minutes` of an alert that share its host, its user or its source address."""
        alert = self._alert(alert_id)
        page = searched(
            lambda: (
                events.related_events(self._door.db, alert.id, minutes=minutes, limit=limit, cursor=cursor)
                or Page((), 0, None)
            )
        )
        around = timedelta(minutes=minutes)
        return _events(page, None, asked({"alert": alert.id}, alert.time - around, alert.time + around))

    def siem_baseline(
        self,
        field: Name,
        value: Name,
        before: Time,
        days: Days = 7,
        filters: Filters | None = None,
        source: Name | None = None,
    ) -> Reply[Baseline]:
        """How usual a value was: events, days, hosts and users it was seen with in the `days` strictly before `before`.

        events 0: never seen. filters and source narrow it, as in a search."""
        filters = filters or {}
        check_fields([field], "field")
        check_fields(filters, "filters")
        if source is not None:
            self._check_sensors([source], before)
        found = events.baseline(
            self._door.db, field=field, value=value, before=before, days=days, filters=filters, source=source
        )
        data = Baseline(
            first_seen=iso_or_none(found.first_seen),
            last_seen=iso_or_none(found.last_seen),
            events=found.events,
            days_seen=found.days_seen,
            hosts=found.hosts,
            users=found.users,
        )
        text = f"{found.events} events on {found.days_seen} days, {found.hosts} hosts, {found.users} users"
        query = asked({"source": source, field: value, **filters}, before - timedelta(days=days), before)
        return Reply(data, text, sensor=source, query=query, empty=found.events == 0)

    def siem_list_sources(self) -> Reply[Sources]:
        """The log sources (sensors) with their last event and whether they still report."""
        rows = events.list_sources(self._door.db, self._door.now())
        sources = [Source(name=r.name, kind=r.kind, last_event=iso_or_none(r.last_event), state=r.state) for r in rows]
        return Reply(Sources(sources=sources), f"{len(sources)} sources")

    def siem_check_coverage(
        self, sensors: Sensors, start: Time, end: Time, host: Name | None = None
    ) -> Reply[Coverage]:
        """Whether each sensor saw the whole window (covered), and since when not; for one host when given.

        host_seen_elsewhere: other sensors saw the host while this one was silent."""
        check_window(start, end)
        self._check_sensors(sensors, end)
        machine = None if host is None else entities.get_host(self._door.db, host)
        name = machine.name if machine is not None else host
        rows = [self._cover(sensor, name, start, end) for sensor in dict.fromkeys(sensors)]
        covered = sum(row.covered for row in rows)
        return Reply(Coverage(coverage=rows), f"{covered} of {len(rows)} sensors covered the window")

    def _alert(self, alert_id: str) -> AlertRow:
        if (row := events.get_alert(self._door.db, alert_id)) is None:
            raise NotFoundError("no alert has this id", "siem_list_alerts gives the ids")
        return row

    def _check(self, filters: Mapping[str, str], start: datetime, end: datetime, source: str | None) -> None:
        check_window(start, end)
        check_fields(filters, "filters")
        if source is not None:
            self._check_sensors([source], end)

    def _check_sensors(self, names: Sequence[str], at: datetime) -> None:
        """A mistyped sensor must not look like one that was not watching."""
        known = [row.name for row in events.list_sources(self._door.db, at)]
        if strange := [name for name in names if name not in known]:
            text = f"there is no such source: {len(strange)} of the {len(names)} asked for"
            raise ToolError("unknown_source", text, meant(strange[0], known))

    def _blind(self, source: str | None, filters: Mapping[str, str], start: datetime, end: datetime) -> Problem | None:
        if source is None:
            return None
        host = filters.get("host.name")
        return blind_spot(self._door.db, [source], None if host and "*" in host else host, start, end)

    def _cover(self, sensor: str, host: str | None, start: datetime, end: datetime) -> Cover:
        found = coverage.coverage(self._door.db, sensor=sensor, host=host, start=start, end=end)
        if found is None:
            raise ToolError("unknown_source", "there is no such source", "siem_list_sources names them")
        return Cover(
            sensor=sensor,
            host=host,
            state=found.state,
            covered=found.covered,
            silent_since=iso_or_none(found.silent_since),
            last_event=iso_or_none(found.last_event),
            host_seen_elsewhere=found.host_seen_elsewhere,
        )


def build(parts: Parts, settings: SiemSettings) -> SecurityServer:
    """The siem of these settings: a product where one is named and this is no demo, else the simulated one."""
    if parts.backend(settings.backend) == "wazuh_alerts":
        return wazuh_alerts.build(settings, parts.conditions)
    return _embedded(parts, settings)


def _embedded(parts: Parts, settings: SiemSettings) -> SecurityServer:
    siem = Siem(parts.door)
    return lab_server(
        "siem",
        parts.door,
        reads=[
            siem.siem_list_alerts,
            siem.siem_get_alert,
            siem.siem_search_events,
            siem.siem_count_events,
            siem.siem_timeline,
            siem.siem_related_events,
            siem.siem_baseline,
            siem.siem_list_sources,
            siem.siem_check_coverage,
        ],
        instructions=INSTRUCTIONS,
        settings=settings,
        conditions=parts.conditions,
    )


def _events(
    page: Page,
    sensor: str | None,
    query: str,
    stale: Problem | None = None,
    fields: list[str] | None = None,
) -> Reply[Events]:
    return Reply(
        Events(events=only(events_of(page), fields)),
        f"{len(page.events)} of {page.total} events",
        sensor=sensor,
        query=query,
        total=page.total,
        after=cursors_of(page.events),
        more=page.next_cursor is not None,
        stale=stale,
    )


def _line(alert: AlertRow) -> AlertLine:
    return AlertLine(
        id=alert.id,
        time=iso(alert.time),
        title=alert.title,
        severity=_text(alert.fields, "kibana.alert.severity") or "unknown",
        status=alert.status,
    )


def _text(fields: Mapping[str, JsonValue], name: str) -> str | None:
    value = fields.get(name)
    return None if value is None else str(value)
