"""Which span of time a question is about: pieces of time put together, by the clock of the thread's world."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from agent.conversation.models import Window
from agent.conversation.understanding.atoms import (
    NUMBER,
    UNIT,
    Ago,
    Atom,
    Clock,
    Day,
    Part,
    Stamp,
    atoms,
    length,
    zone_of,
)

_NEAR: Final = timedelta(minutes=30)
_MINUTE: Final = timedelta(minutes=15)
"""How far around an exact minute a question about it looks."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_GAP: Final = re.compile(r"[\s,，的在是]*(?:(?:at|on|in|of|the|about|around)\s+)*(?:the )?")
_LINK: Final = re.compile(
    r"\s*(?:(?:and|to|until|till|til|through)\s+(?:about |around )?|到了?\s*|至\s*|-\s*|~\s*|和\s*|与\s*)(?:on |at )?"
)
_SPAN: Final = re.compile(
    rf"\b(?:last|past|previous|recent|latest|prior)\s+(?:(?P<n>{NUMBER})\s*)?(?P<u>{UNIT})\b(?! (?:before|ago|earlier))"
    rf"|(?:最近|过去|近|这|前)(?:的)?(?P<zn>{NUMBER})(?P<zu>{UNIT})"
)
_LOOSE: Final = re.compile(rf"(?<![\w.:-])(?P<n>\d+)\s?(?P<u>{UNIT})\b(?!\s*(?:ago|before|after|earlier|later|前|后))")
_SHIFT: Final = re.compile(
    rf"\b(?:(?:the )?(?:(?P<n>{NUMBER})\s+)?(?P<u>{UNIT})|(?:the )?(?:previous|prior)\s+(?P<pu>day|hour|week)"
    rf"|(?:the )?(?:next|following)\s+(?P<nu>day|hour|week))(?:\s+(?P<way>before|earlier|prior|after|later))?"
)
_SHIFT_ZH: Final = re.compile(
    rf"(?P<where>前|后|再前|再后|之前|之后|往前|往后)(?P<n>{NUMBER})?(?P<u>个?小时|天|日|周|个?星期|分钟)"
    rf"|(?P<n2>{NUMBER})(?P<u2>个?小时|天|周|分钟)(?:之|以)?(?P<where2>前|后)"
)
_BEFORE_THAT: Final = re.compile(
    r"\b(?:before (?:that|then|this|it|the alert|the incident|the detection)|prior to (?:that|it))\b"
    r"|(?:此|那|这|告警|报警|案发)?之前(?!\d)"
)
_AFTER_THAT: Final = re.compile(
    r"\b(?:after (?:that|then|this|it|the alert|the incident|the detection)|afterwards?|since then|then what)\b"
    r"|(?:此|那|这|告警|报警|案发)?(?:之后|以后|后来|随后)"
)
_AROUND_THAT: Final = re.compile(
    r"\b(?:around|near|at) (?:that time|then|the time|the alert|the incident|the detection|it)\b"
    r"|(?:那时|当时|同一时间|前后)"
)


@dataclass(frozen=True, slots=True)
class Point:
    """One time that was told: from when to when it is, and how it was told."""

    start: datetime
    end: datetime
    clock: Clock | None
    moment: bool
    """Whether it is a moment rather than a part of a day or days."""
    left: int
    right: int
    own_day: bool


def window_of(text: str, now: datetime, before: Window | None = None) -> Window | None:
    """The span of time that lower-case `text` tells, or None. `before`: the span the thread was about."""
    zone = zone_of(text, now.tzinfo or UTC)
    local = now.astimezone(zone)
    anchor = before or Window(start=now.replace(hour=0, minute=0, second=0), end=now)
    if (shifted := _shifted(text, anchor, now)) is not None:
        return shifted
    points = _points(text, local, _carried_day(before, zone), zone)
    if (span := _span(text, now, points)) is not None:
        return span
    if len(points) > 1 and (ranged := _ranged(text, points, now)) is not None:
        return ranged
    if points:
        return _single(text, points[0], now)
    if (loose := _LOOSE.search(text)) is not None:
        return _window(now - length(loose["n"], loose["u"]), now, loose[0], now)
    return None if before is None else _beside(text, now, before)


def _window(start: datetime, end: datetime, said: str, now: datetime) -> Window:
    """The span, its end not later than now unless all of it lies ahead."""
    start, end = min(start, end), max(start, end)
    if start <= now < end:
        end = now
    return Window(start=_whole(start), end=_whole(end), said=said.strip())


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _carried_day(before: Window | None, zone: tzinfo) -> date | None:
    """The day the thread was about, when it was about one."""
    if before is None:
        return None
    first, last = before.start.astimezone(zone).date(), before.end.astimezone(zone).date()
    return first if first == last else None


def _span(text: str, now: datetime, points: Sequence[Point]) -> Window | None:
    """`last 3 hours`: back from now, or from the one time that is told as well."""
    if (found := _SPAN.search(text)) is None:
        return None
    count, unit = found["n"] or found["zn"] or "1", found["u"] or found["zu"]
    end = points[0].end if points and points[0].left > found.end() else now
    return _window(end - length(count, unit), end, found[0], now)


def _beside(text: str, now: datetime, before: Window) -> Window | None:
    """A span told by the one before it and no length: `after that`."""
    size = max(before.end - before.start, _HOUR)
    if found := _BEFORE_THAT.search(text):
        return _window(before.start - size, before.start, found[0], now)
    if found := _AFTER_THAT.search(text):
        return _window(before.end, before.end + size, found[0], now)
    if found := _AROUND_THAT.search(text):
        return _window(before.start - _NEAR, before.end + _NEAR, found[0], now)
    return None


def _shifted(text: str, anchor: Window, now: datetime) -> Window | None:
    for found in _SHIFT.finditer(text):
        way = found["way"] or ("before" if found["pu"] else "after" if found["nu"] else "")
        unit = found["u"] or found["pu"] or found["nu"]
        if way and not text[found.end() :].startswith((" yesterday", "wards")):
            return _moved(anchor, length(found["n"] or "1", unit), way in ("after", "later"), found[0], now)
    if (zh := _SHIFT_ZH.search(text)) is not None and _says_relative(text, zh):
        where, unit = zh["where"] or zh["where2"], zh["u"] or zh["u2"]
        return _moved(anchor, length(zh["n"] or zh["n2"] or "一", unit), where.endswith("后"), zh[0], now)
    return None


def _says_relative(text: str, found: re.Match[str]) -> bool:
    """`前一天` is relative to what was talked about; `前天`, `3天前` and `最近…` are not."""
    if found["where2"] is not None:
        return found["where2"] == "后" or text[: found.start()].endswith(("发生", "告警", "报警"))
    return not (found["where"] == "前" and found["n"] is None)


def _moved(anchor: Window, by: timedelta, later: bool, said: str, now: datetime) -> Window:
    """The anchor moved by whole days; by less than a day, the stretch of that length beside it."""
    if by >= _DAY and anchor.end > anchor.start:
        step = by if later else -by
        end = anchor.end if anchor.end.time() >= time(23, 59) or anchor.end != now else _end_of_day(anchor.end)
        return _window(anchor.start + step, end + step, said, now)
    if later:
        return _window(anchor.end, anchor.end + by, said, now)
    return _window(anchor.start - by, anchor.start, said, now)


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=0)


def _points(text: str, now: datetime, day: date | None, zone: tzinfo) -> list[Point]:
    groups: list[list[Atom]] = []
    for atom in atoms(text, now):
        if groups and _joins(text, groups[-1], atom):
            groups[-1].append(atom)
        else:
            groups.append([atom])
    shared = day or next((item.value.first for group in groups for item in group if isinstance(item.value, Day)), None)
    return [_point(group, now, shared, zone) for group in groups]


def _joins(text: str, group: Sequence[Atom], atom: Atom) -> bool:
    """Whether a piece goes on telling the time of the group: nothing between, and of a kind that is missing there."""
    if any(isinstance(item.value, (type(atom.value), Stamp, Ago)) for item in group):
        return False
    if isinstance(atom.value, Stamp | Ago):
        return False
    return _GAP.fullmatch(text[group[-1].end : atom.start]) is not None


def _point(group: Sequence[Atom], now: datetime, shared: date | None, zone: tzinfo) -> Point:
    values = [atom.value for atom in group]
    left, right = group[0].start, group[-1].end
    for value in values:
        if isinstance(value, Stamp):
            return Point(value.at, value.at, None, True, left, right, True)
        if isinstance(value, Ago):
            return Point(now - value.length, now - value.length, None, True, left, right, True)
    day = next((value for value in values if isinstance(value, Day)), None)
    part = next((value for value in values if isinstance(value, Part)), None)
    clock = next((value for value in values if isinstance(value, Clock)), None)
    first = day.first if day else shared or now.date()
    if clock is not None:
        clock = _settled(clock, part)
        at = datetime.combine(first, clock.at, zone)
        if day is None and shared is None and at > now:
            at -= _DAY
        return Point(at, at, clock, True, left, right, day is not None)
    if part is not None:
        start = datetime.combine(first, time(), zone)
        if day is None and shared is None and start + timedelta(hours=part.start) > now:
            start -= _DAY
        return Point(start + timedelta(hours=part.start), start + timedelta(hours=part.end) - _SECOND,
                     None, False, left, right, day is not None)  # fmt: skip
    last = day.last if day else first
    return Point(datetime.combine(first, time(), zone), datetime.combine(last, time(23, 59, 59), zone),
                 None, False, left, right, True)  # fmt: skip


def _settled(clock: Clock, part: Part | None) -> Clock:
    """The clock time with morning or afternoon taken from the part of the day beside it."""
    if part is None or (clock.settled and clock.at.hour >= 12):
        return clock
    hour = clock.at.hour
    if part.start >= 12 and hour < 12:
        hour += 12
    elif part.start < 6 and hour == 12:
        hour = 0
    return replace(clock, at=clock.at.replace(hour=hour), settled=True)


def _ranged(text: str, points: Sequence[Point], now: datetime) -> Window | None:
    for first, second in pairwise(points):
        if _LINK.fullmatch(text[first.right : second.left]) is None:
            continue
        if _is_list(text, first, second):
            continue
        start, end = _fitted(first, second, now)
        return _window(start, end, text[first.left : second.right], now)
    return None


def _is_list(text: str, first: Point, second: Point) -> bool:
    """`yesterday and today` is one span too; two clock times joined by `and` are one only after `between` or `from`."""
    return (
        text[first.right : second.left].strip() == "and"
        and first.moment
        and re.search(r"\b(?:between|from)\b[^.;]*$", text[: first.left]) is None
    )


def _fitted(first: Point, second: Point, now: datetime) -> tuple[datetime, datetime]:
    """Start and end, each taking the day, and morning or afternoon, that only the other one told."""
    start, end = first.start, second.end
    if second.clock is not None and first.clock is not None and second.clock.settled and not first.clock.settled:
        later = start + timedelta(hours=12)
        if second.clock.at.hour >= 12 > start.hour and later.time() <= second.clock.at:
            start = later
    if first.own_day and not second.own_day and second.moment:
        end = datetime.combine(start.date(), end.timetz())
    elif second.own_day and not first.own_day and first.moment:
        start = datetime.combine(end.date(), start.timetz())
    elif not first.own_day and not second.own_day and first.moment and second.moment:
        end = datetime.combine(start.date(), end.timetz())
    if end < start and second.moment:
        end += _DAY
    return start, end


def _single(text: str, point: Point, now: datetime) -> Window:
    lead, after = text[: point.left].rstrip(), text[point.right :].lstrip()
    said = text[point.left : point.right]
    if re.search(r"(?:\b(?:since|after|from|following|starting)|自从?|从)(?: the)?$", lead) or re.match(
        r"(?:以|之)(?:后|来)|后|起|开始", after
    ):
        return _window(point.start, now, said, now)
    if re.search(r"\b(?:before|until|till|prior to|(?<!been )up to)(?: the)?$", lead) or re.match(
        r"(?:以|之)?前", after
    ):
        return _window(point.start - _DAY, point.start, said, now)
    if not point.moment:
        return _window(point.start, point.end, said, now)
    if re.search(r"\b(?:around|about|near|circa|roughly)$|大约|大概|差不多$", lead) or re.match(
        r"左右|前后|附近", after
    ):
        return _window(point.start - _NEAR, point.end + _NEAR, said, now)
    if point.start.minute == 0 and point.start.second == 0:
        return _window(point.start - _NEAR, point.end + _HOUR, said, now)
    return _window(point.start - _MINUTE, point.end + _MINUTE, said, now)
