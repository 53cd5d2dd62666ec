"""Which sensor saw which host when: silence is not the same as nothing having happened."""

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from servers.lab.records import CoverageState, from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether one sensor covered a window.

    `silent`: it reported and then stopped inside or before the window and did not come back; `down`: known outage;
    `not_deployed`: it never watched this host; `partial`: it missed a part. `host_seen_elsewhere`: other sensors saw
    the host while this one did not. `last_event` is the sensor's last event of the host before the window's end."""

    sensor: str
    host: str | None
    state: CoverageState
    covered: bool
    silent_since: datetime | None
    last_event: datetime | None
    host_seen_elsewhere: bool


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The endpoint agent of a host over a window. `stopped_by` is the executable that stopped it, where it was seen."""

    state: CoverageState
    last_seen: datetime | None
    stopped_at: datetime | None
    stopped_by: str | None


def coverage(db: Connection, *, sensor: str, host: str | None, start: datetime, end: datetime) -> Coverage | None:
    """Coverage of one sensor for a host (by name; None for the sensor as a whole); None for an unknown sensor."""
    if db.execute("SELECT 1 FROM sensors WHERE name = ?", (sensor,)).fetchone() is None:
        return None
    window = (to_ms(start), to_ms(end))
    gaps = _gaps(db, sensor, host, window)
    last = _last_event(db, sensor, host, window[1])
    if host is not None and not _watches(db, sensor, host):
        return Coverage(sensor, host, "not_deployed", False, None, last, _seen_elsewhere(db, sensor, host, window))
    if not gaps:
        return Coverage(sensor, host, "covered", True, None, last, False)
    since, until, state = gaps[-1]
    elsewhere = _seen_elsewhere(db, sensor, host, (max(since, window[0]), min(until or window[1], window[1])))
    lost = until is None or until >= window[1]
    verdict = _state(state) if lost and (state == "silent" or since <= window[0]) else "partial"
    return Coverage(sensor, host, verdict, False, from_ms(since), last, elsewhere)


def agent_status(db: Connection, *, host: str, start: datetime, end: datetime) -> AgentStatus:
    """Whether the endpoint agent of a host reported, and who stopped it where that was recorded."""
    found = coverage(db, sensor="edr", host=host, start=start, end=end)
    sql = """SELECT time, json_extract(fields, '$."process.executable"') FROM events
             WHERE host = ? AND source = 'edr' AND action = 'agent_stopped' AND time <= ? ORDER BY time DESC LIMIT 1"""
    stopped = db.execute(sql, (host, to_ms(end))).fetchone()
    state: CoverageState = "covered" if found is None else found.state
    last = None if found is None else found.last_event
    if stopped is None or state == "covered":
        return AgentStatus(state, last, None, None)
    return AgentStatus(state, last, from_ms(stopped[0]), stopped[1])


def _watches(db: Connection, sensor: str, host: str) -> bool:
    """Whether the sensor can see that host at all: no sensor is known to see a machine that no inventory has, and the
    endpoint agent sees only where it is installed."""
    known = db.execute("SELECT agent_installed FROM hosts WHERE name = ?", (host,)).fetchone()
    return known is not None and (sensor != "edr" or bool(known[0]))


def _gaps(db: Connection, sensor: str, host: str | None, window: tuple[int, int]) -> list[tuple[int, int | None, str]]:
    # The + keeps the range off the index: beside `IN`, SQLite 3.40 gives wrong rows for a range over this key.
    sql = """SELECT start, "end", state FROM coverage WHERE sensor = ? AND host IN ('*', ?) AND state <> 'up'
             AND +start <= ? AND ("end" IS NULL OR "end" > ?) ORDER BY start"""
    return db.execute(sql, (sensor, host or "*", window[1], window[0])).fetchall()


def _last_event(db: Connection, sensor: str, host: str | None, end: int) -> datetime | None:
    sql = "SELECT max(time) FROM events WHERE source = ?1 AND time <= ?2 AND (?3 IS NULL OR host = ?3)"
    if host is not None:
        sql = "SELECT max(time) FROM events WHERE +source = ?1 AND time <= ?2 AND host = ?3"
    last = db.execute(sql, (sensor, end, host)).fetchone()[0]
    return None if last is None else from_ms(last)


def _seen_elsewhere(db: Connection, sensor: str, host: str | None, window: tuple[int, int]) -> bool:
    if host is None:
        return False
    sql = """SELECT 1 FROM events WHERE host = ?1 AND time BETWEEN ?3 AND ?4 AND +source <> ?2
             UNION ALL SELECT 1 FROM events WHERE src_ip = (SELECT ip FROM hosts WHERE name = ?1)
             AND time BETWEEN ?3 AND ?4 AND +source <> ?2 LIMIT 1"""
    return db.execute(sql, (host, sensor, *window)).fetchone() is not None


def _state(state: str) -> CoverageState:
    states: dict[str, CoverageState] = {"silent": "silent", "down": "down", "not_deployed": "not_deployed"}
    return states[state]
