"""Events, counts, baselines and alerts.

`start` and `end` are inclusive. Filters map a flat ECS field to the value it must have; a value with `*` is a pattern
(any run of characters), `true` and `false` match booleans, everything else must be equal. A field an event does not
have matches nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import TypeAlias

from servers.lab.records import JsonObject, from_ms, to_ms
from servers.lab.schema import COLUMNS, TERM_FIELDS

FIELD_NAME = re.compile(r"@?[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")

Filters: TypeAlias = Mapping[str, str]
Clause: TypeAlias = tuple[str, list[str | int]]
"""A piece of SQL and its parameters."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the events that matched (flat ECS objects), how many match in all, and where the next page starts."""

    events: tuple[JsonObject, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many events have these values; a field the events lack has the value None."""

    key: dict[str, str | None]
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The largest buckets first; `distinct` is the number of all buckets, `events` of all events counted."""

    buckets: tuple[Bucket, ...]
    distinct: int
    events: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """How usual a value was. All None and 0 when it was never seen."""

    first_seen: datetime | None
    last_seen: datetime | None
    events: int
    days_seen: int
    hosts: int
    users: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert of the queue; `fields` is the Elastic document."""

    id: str
    time: datetime
    title: str
    status: str
    fields: JsonObject


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some alerts, oldest first, of `total`."""

    alerts: tuple[AlertRow, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One log source. `last_event` is None when it never sent anything; `state` is `reporting` or `silent` (2 h)."""

    name: str
    kind: str
    last_event: datetime | None
    state: str


def search_events(
    db: Connection,
    *,
    start: datetime,
    end: datetime,
    filters: Filters | None = None,
    category: str | None = None,
    source: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    newest_first: bool = False,
) -> Page:
    """Events that match everything given, in order of time.

    Raises: ValueError for a field name or a cursor that cannot be one."""
    wheres = _wheres(start, end, filters or {}, category, source)
    return _page(db, wheres, limit, cursor, newest_first)


def timeline(
    db: Connection,
    *,
    start: datetime,
    end: datetime,
    host: str | None = None,
    user: str | None = None,
    address: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page:
    """Events of all sensors that concern the host, or the user, or the address (as either end); any one suffices.

    Failed sign-ins aimed at the user count too. Raises: ValueError when none of the three is given."""
    parts: list[Clause] = []
    if host is not None:
        parts.append(("seq IN (SELECT seq FROM events WHERE host = ? AND time BETWEEN ? AND ?)", [host]))
    if user is not None:
        parts.append(("seq IN (SELECT seq FROM events WHERE user = ? AND time BETWEEN ? AND ?)", [user]))
        target = (
            "seq IN (SELECT seq FROM terms WHERE field = 'user.target.name' AND value = ? AND time BETWEEN ? AND ?)"
        )
        parts.append((target, [user]))
    if address is not None:
        parts.append(("seq IN (SELECT seq FROM events WHERE src_ip = ? AND time BETWEEN ? AND ?)", [address]))
        parts.append(("seq IN (SELECT seq FROM events WHERE dst_ip = ? AND time BETWEEN ? AND ?)", [address]))
    if not parts:
        raise ValueError("a timeline needs a host, a user or an address")
    window = [to_ms(start), to_ms(end)]
    clause = "(" + " OR ".join(sql for sql, _ in parts) + ")"
    return _page(db, [(clause, [value for _, values in parts for value in [*values, *window]])], limit, cursor, False)


def related_events(
    db: Connection, alert_id: str, minutes: int = 60, limit: int = 20, cursor: str | None = None
) -> Page | None:
    """Events around an alert that share its host, its user or its source address; None for an unknown alert."""
    if (alert := get_alert(db, alert_id)) is None:
        return None
    around = timedelta(minutes=minutes)
    named = {name: str(alert.fields[field]) for name, field in _ALERT_KEYS.items() if field in alert.fields}
    return timeline(
        db,
        start=alert.time - around,
        end=alert.time + around,
        host=named.get("host"),
        user=named.get("user"),
        address=named.get("address"),
        limit=limit,
        cursor=cursor,
    )


_TERM = "seq IN (SELECT seq FROM terms WHERE field = ? AND value = ? AND time BETWEEN ? AND ?)"
_SUM = "SELECT count(*), coalesce(sum(n), 0) FROM "
_ALERT_KEYS = {"host": "host.name", "user": "user.name", "address": "source.ip"}


def get_event(db: Connection, event_id: str) -> JsonObject | None:
    """One event by its id."""
    row = db.execute("SELECT fields FROM events WHERE id = ?", (event_id,)).fetchone()
    return None if row is None else json.loads(row[0])


def count_events(
    db: Connection,
    *,
    by: Sequence[str],
    start: datetime,
    end: datetime,
    filters: Filters | None = None,
    source: str | None = None,
    limit: int = 20,
) -> Counts:
    """Events per distinct combination of the `by` fields, most frequent first (ties by value).

    Raises: ValueError for no field at all or a name that cannot be one."""
    if not by:
        raise ValueError("count_events needs at least one field to count by")
    keys = [_field_sql(field) for field in by]
    where, values = _joined(_wheres(start, end, filters or {}, None, source))
    columns = ", ".join(f"{sql} AS k{n}" for n, (sql, _) in enumerate(keys))
    names = ", ".join(f"k{n}" for n in range(len(keys)))
    grouped = " ".join(("SELECT", columns, ", count(*) AS n FROM events WHERE", where, "GROUP BY", names))
    arguments = [value for _, path in keys for value in path] + values
    rows = db.execute(" ".join((grouped, "ORDER BY n DESC,", names, "LIMIT ?")), [*arguments, limit]).fetchall()
    distinct, total = db.execute("".join((_SUM, "(", grouped, ")")), arguments).fetchone()
    buckets = (Bucket({field: _text(row[n]) for n, field in enumerate(by)}, int(row[-1])) for row in rows)
    return Counts(tuple(buckets), int(distinct), int(total))


def baseline(
    db: Connection,
    *,
    field: str,
    value: str,
    before: datetime,
    days: int = 7,
    filters: Filters | None = None,
    source: str | None = None,
) -> Baseline:
    """How often `field` had `value` in the days strictly before a time, on how many days, hosts and users."""
    start = before - timedelta(days=days)
    end = before - timedelta(milliseconds=1)
    where, values = _joined(_wheres(start, end, {**(filters or {}), field: value}, None, source))
    what = "min(time), max(time), count(*), count(DISTINCT time / 86400000), count(DISTINCT host), count(DISTINCT user)"
    sql = " ".join(("SELECT", what, "FROM events WHERE", where))
    first, last, events, seen, hosts, users = db.execute(sql, values).fetchone()
    times = (None if first is None else from_ms(first), None if last is None else from_ms(last))
    return Baseline(*times, int(events), int(seen), int(hosts), int(users))


def list_sources(db: Connection, now: datetime) -> tuple[SourceRow, ...]:
    """Every log source with its last event."""
    sql = "SELECT name, kind, (SELECT max(time) FROM events WHERE source = name) FROM sensors ORDER BY name"
    fresh = to_ms(now - timedelta(hours=2))
    return tuple(
        SourceRow(
            name, kind, None if last is None else from_ms(last), "reporting" if (last or 0) >= fresh else "silent"
        )
        for name, kind, last in db.execute(sql)
    )


def _freshness(last: int | None, fresh: int) -> str:
    return "reporting" if last is not None and last >= fresh else "silent"


def list_alerts(db: Connection, *, status: str | None = "new", limit: int = 20, cursor: str | None = None) -> AlertPage:
    """Alerts of that status, oldest first; of any status when None."""
    after, last_id = _parse_cursor(cursor) if cursor else (-1, "")
    count = "SELECT count(*) FROM alerts WHERE ?1 IS NULL OR status = ?1"
    total = db.execute(count, (status,)).fetchone()[0]
    sql = """SELECT id, time, title, status, fields FROM alerts WHERE (?1 IS NULL OR status = ?1)
             AND (time, id) > (?2, ?3) ORDER BY time, id LIMIT ?4"""
    rows = db.execute(sql, (status, after, last_id, limit + 1)).fetchall()
    alerts = tuple(AlertRow(row[0], from_ms(row[1]), row[2], row[3], json.loads(row[4])) for row in rows[:limit])
    more = f"{rows[limit - 1][1]}:{rows[limit - 1][0]}" if len(rows) > limit else None
    return AlertPage(alerts, int(total), more)


def get_alert(db: Connection, alert_id: str) -> AlertRow | None:
    """One alert by its id."""
    row = db.execute("SELECT id, time, title, status, fields FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    return None if row is None else AlertRow(row[0], from_ms(row[1]), row[2], row[3], json.loads(row[4]))


def _page(db: Connection, wheres: list[Clause], limit: int, cursor: str | None, newest_first: bool) -> Page:
    where, values = _joined(wheres)
    total = db.execute(" ".join(("SELECT count(*) FROM events WHERE", where)), values).fetchone()[0]
    order = "time DESC, id DESC" if newest_first else "time, id"
    if cursor is not None:
        where += " AND (time, id) < (?, ?)" if newest_first else " AND (time, id) > (?, ?)"
        values = [*values, *_parse_cursor(cursor)]
    sql = " ".join(("SELECT time, id, fields FROM events WHERE", where, "ORDER BY", order, "LIMIT ?"))
    rows = db.execute(sql, [*values, limit + 1]).fetchall()
    following = f"{rows[limit - 1][0]}:{rows[limit - 1][1]}" if len(rows) > limit else None
    return Page(tuple(json.loads(row[2]) for row in rows[:limit]), int(total), following)


def _parse_cursor(cursor: str) -> tuple[int, str]:
    time, _, row_id = cursor.partition(":")
    if not time.isdigit() or not row_id:
        raise ValueError(f"not a cursor of this search: {cursor!r}")
    return int(time), row_id


def _wheres(start: datetime, end: datetime, filters: Filters, category: str | None, source: str | None) -> list[Clause]:
    window = (to_ms(start), to_ms(end))
    clauses: list[Clause] = [("time BETWEEN ? AND ?", [*window])]
    if category is not None:
        clauses.append(("+category = ?", [category]))
    if source is not None:
        clauses.append(("+source = ?" if filters else "source = ?", [source]))
    return [*clauses, *_filters(filters, window)]


def _filters(filters: Filters, window: tuple[int, int]) -> Iterator[Clause]:
    for field, value in filters.items():
        sql, path = _field_sql(field)
        if "*" in value:
            yield f"CAST({sql} AS TEXT) GLOB ?", [*path, _glob(value)]
        elif field in TERM_FIELDS:
            yield _TERM, [field, value, *window]
        elif field in COLUMNS:
            yield f"{sql} = ?", [value]
        else:
            flag = {"true": "1", "false": "0"}.get(value.lower(), value)
            yield f"CAST({sql} AS TEXT) IN (?, ?)", [*path, value, flag]


def _field_sql(field: str) -> Clause:
    if not FIELD_NAME.fullmatch(field):
        raise ValueError(f"not a field name: {field!r}")
    if field in COLUMNS:
        return COLUMNS[field], []
    return "json_extract(fields, ?)", [f'$."{field}"']


def _glob(pattern: str) -> str:
    return re.sub(r"([\[?])", r"[\1]", pattern)


def _joined(clauses: list[Clause]) -> tuple[str, list[str | int]]:
    return " AND ".join(sql for sql, _ in clauses), [value for _, values in clauses for value in values]


def _text(value: str | int | float | None) -> str | None:
    return None if value is None else str(value)
