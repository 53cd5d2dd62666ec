"""The timeline picture: what each sensor saw and when, with the moments the claims speak of numbered."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from markupsafe import Markup

from agent.cases.report.drawing import Number, box, dot, fitted, line, picture, text
from agent.cases.report.records import TIMES, Record, records
from agent.cases.report.words import Language, word
from agent.evidence.entities import moment_of
from agent.evidence.errors import PathError
from agent.evidence.ledger import INTAKE
from agent.evidence.paths import enclosing
from agent.models import Before, Case, Claim, Evidence, Ref, SameEntity

WIDTH: Final = 1040
_LEFT: Final = 150
_RIGHT: Final = 24
_LANE: Final = 34
_NEAR: Final = timedelta(hours=12)
_MAX_KEYS: Final = 9
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720)
"""Minutes between two marks of the axis."""
SHOWN: Final = ("event.action", "cloud.api", "event.category", "event.outcome", "user.name", "process.executable")
"""Fields that say what an event was, in this order."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that a verified claim speaks of."""

    number: int
    time: datetime
    text: str
    claim: str


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def moments(case: Case) -> tuple[Moment, ...]:
    """When what each verified claim speaks of first happened, in order of time; one per moment, at most nine."""
    if case.report is None:
        return ()
    evidence = {item.id: item for item in case.evidence}
    found: dict[datetime, Claim] = {}
    for claim in case.report.claims:
        if claim.status == "verified":
            for moment in _spoken_of(claim, evidence):
                found.setdefault(moment, claim)
    chosen = sorted(found.items())[:_MAX_KEYS]
    return tuple(Moment(number, time, claim.text, claim.id) for number, (time, claim) in enumerate(chosen, start=1))


def timeline(case: Case, language: Language) -> Markup:
    """The picture as SVG; empty when nothing in the case has a time."""
    if not (seen := events_near(case)):
        return Markup("")
    keys = moments(case)
    times = [record.time for record in seen if record.time is not None] + [alert.time for alert in case.alerts]
    scale = _scale([*times, *(key.time for key in keys)])
    lanes = sorted({record.sensor for record in seen} | set(_uncovered(case)))
    rows = _marker_rows(keys, scale)
    top = 16 + 20 * (max(rows, default=0) + 1)
    height = top + _LANE * len(lanes) + 34
    parts = [
        *_lanes(lanes, top),
        *_gaps(case, lanes, top, scale, language),
        *_axis(scale, top, top + _LANE * len(lanes)),
        *_alerts(case, scale, top, top + _LANE * len(lanes)),
        *_dots(seen, lanes, top, scale),
        *_markers(keys, rows, scale, top + _LANE * len(lanes)),
    ]
    return picture(WIDTH, height, word("timeline_alt", language), parts)


def _spoken_of(claim: Claim, evidence: Mapping[str, Evidence]) -> Iterator[datetime]:
    """The earliest event under each place that the claim's own statement reads."""
    match claim:
        case Before():
            refs: tuple[Ref, ...] = (claim.first, claim.second)
        case SameEntity():
            refs = (claim.first,)
        case _:
            refs = (claim.ref,)
    for ref in refs:
        item = evidence.get(ref.evidence)
        if item is not None and item.server != INTAKE and (moment := _earliest(ref.path, item)) is not None:
            yield moment


def _earliest(path: str, item: Evidence) -> datetime | None:
    try:
        found = [value for name in TIMES for value in enclosing(path, item.data, name)]
    except PathError:
        return None
    known = [moment for value in found if (moment := moment_of(value)) is not None]
    return min(known, default=None)


def events_near(case: Case) -> list[Record]:
    """Records within half a day of an alert: weeks of history would leave no room for the hour that matters."""
    return [
        record
        for record in records(case.evidence)
        if record.time is not None and any(abs(record.time - alert.time) <= _NEAR for alert in case.alerts)
    ]


def _scale(times: Sequence[datetime]) -> _Scale:
    first, last = min(times), max(times)
    margin = max((last - first) * 0.05, timedelta(minutes=2))
    return _Scale(first - margin, last + margin)


def _lanes(lanes: Sequence[str], top: Number) -> Iterator[Markup]:
    for index, lane in enumerate(lanes):
        y = top + _LANE * index
        yield box(_LEFT, y + 3, WIDTH - _LEFT - _RIGHT, _LANE - 6, "lane", 5)
        yield text(_LEFT - 12, y + _LANE / 2 + 4, fitted(lane, 19), "lane-name", "end")


def _axis(scale: _Scale, top: Number, bottom: Number) -> Iterator[Markup]:
    minutes = (scale.end - scale.start) / timedelta(minutes=1)
    step = next((step for step in _STEPS if minutes / step <= 9), 1440)
    midnight = scale.start.replace(hour=0, minute=0, second=0, microsecond=0)
    tick = midnight + timedelta(minutes=(int((scale.start - midnight) / timedelta(minutes=1)) // step + 1) * step)
    while tick < scale.end:
        yield line(scale.x(tick), top, scale.x(tick), bottom, "tick")
        label = f"{tick:%H:%M}" if tick.time() != midnight.time() else f"{tick:%d %b}"
        yield text(scale.x(tick), bottom + 18, label, "tick-name", "middle")
        tick += timedelta(minutes=step)
    yield text(_LEFT - 12, bottom + 18, f"{scale.start:%Y-%m-%d} UTC", "tick-name", "end")


def _alerts(case: Case, scale: _Scale, top: Number, bottom: Number) -> Iterator[Markup]:
    for alert in case.alerts[:5]:
        if scale.start <= alert.time <= scale.end:
            yield line(scale.x(alert.time), top - 4, scale.x(alert.time), bottom + 4, "alert-line")


def _dots(seen: Sequence[Record], lanes: Sequence[str], top: Number, scale: _Scale) -> Iterator[Markup]:
    """One dot per place; several events on the same spot make a larger one."""
    places: dict[tuple[int, int], list[Record]] = defaultdict(list)
    for record in seen:
        if record.time is not None:
            places[round(scale.x(record.time) / 4), lanes.index(record.sensor)].append(record)
    for (place, lane), here in sorted(places.items()):
        radius = min(4 + 1.2 * (len(here) - 1) ** 0.5, 10)
        title = f"{len(here)} × {here[0].sensor}" if len(here) > 1 else _told(here[0])
        yield dot(place * 4, top + _LANE * (lane + 0.5), radius, f"event {tone(here)}", title)


def tone(here: Sequence[Record]) -> Literal["good", "bad", "plain"]:
    """The outcome that the sensor tells of all of them: success, failure, or neither."""
    outcomes = {record.fields.get("event.outcome", "") for record in here}
    return "bad" if outcomes == {"failure"} else "good" if outcomes == {"success"} else "plain"


def _told(record: Record) -> str:
    what = " · ".join(record.fields[name] for name in SHOWN if name in record.fields)
    return f"{record.time:%H:%M:%S} {what} ({record.evidence})"


def _marker_rows(keys: Sequence[Moment], scale: _Scale) -> list[int]:
    """Which row each number stands in, so that neighbours do not cover each other."""
    last: dict[int, float] = {}
    rows = []
    for key in keys:
        x = scale.x(key.time)
        row = next(row for row in range(len(keys)) if x - last.get(row, -99.0) >= 20)
        last[row] = x
        rows.append(row)
    return rows


def _markers(keys: Sequence[Moment], rows: Sequence[int], scale: _Scale, bottom: Number) -> Iterator[Markup]:
    deepest = max(rows, default=0)
    for key, row in zip(keys, rows, strict=True):
        x, y = scale.x(key.time), 12 + 20 * (deepest - row)
        yield line(x, y + 9, x, bottom, "key-line")
        yield dot(x, y, 9, "key", f"{key.time:%H:%M:%S} {key.text}")
        yield text(x, y + 4, str(key.number), "key-number", "middle")


def _uncovered(case: Case) -> dict[str, datetime | None]:
    """Sensors that did not cover the event, and since when they were silent."""
    found: dict[str, datetime | None] = {}
    for item in case.evidence:
        rows = item.data.get("coverage") if isinstance(item.data, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("covered") is False and isinstance(name := row.get("sensor"), str):
                found[name] = moment_of(row.get("silent_since"))
    return found


def _gaps(case: Case, lanes: Sequence[str], top: Number, scale: _Scale, language: Language) -> Iterator[Markup]:
    for lane, since in _uncovered(case).items():
        start = scale.x(min(max(since, scale.start), scale.end)) if since else float(_LEFT)
        y = top + _LANE * lanes.index(lane)
        yield box(start, y + 3, max(WIDTH - _RIGHT - start, 2), _LANE - 6, "gap", 5)
        yield text(WIDTH - _RIGHT - 10, y + _LANE / 2 + 4, word("not_covered", language), "gap-name", "end")
