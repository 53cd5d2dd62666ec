"""The smallest pieces that questions tell time with: days, parts of a day, clock times, stamps and lengths of time."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Day:
    """One day, or several that belong together."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a day, in hours."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. Without `exact` only the hour was said."""

    at: time
    exact: bool
    settled: bool
    """Whether morning or afternoon is clear."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment with date and time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ago:
    """That long before now."""

    length: timedelta


Value: TypeAlias = Day | Part | Clock | Stamp | Ago


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece, and where it stands in the text."""

    start: int
    end: int
    value: Value


_ZH_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_COUNTED: Final = (
    "a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_WORDS: Final = {word: float(max(1, place)) for place, word in enumerate(_COUNTED)} | {
    "an": 1.0, "few": 3.0, "couple": 2.0, "couple of": 2.0, "几": 3.0, "半": 0.5,
}  # fmt: skip
NUMBER: Final = (
    rf"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十]{{1,3}}|半|{'|'.join(_COUNTED[1:])}|an?|few|couple(?: of)?|几)"
)
"""How a count is written: digits, an English word, a Chinese numeral."""
UNIT: Final = (
    r"(?:minutes?|mins?|hours?|hrs?|hr|days?|weeks?|wks?|months?"
    r"|个?分钟|个?小时|个?钟头|天|日|个?星期|个?礼拜|周|个?月|[mhdw](?![a-z]))"
)
"""A unit of time."""
_SECONDS: Final = {"m": 60, "分": 60, "h": 3600, "小": 3600, "钟": 3600, "d": 86400, "天": 86400, "日": 86400}
_WEEK: Final = 7 * 86400
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY: Final = (
    r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?"
)
_PARTS: Final[dict[str, Part]] = {
    "morning": Part(6, 12), "afternoon": Part(12, 18), "evening": Part(18, 24), "tonight": Part(18, 24),
    "night": Part(18, 24), "noon": Part(11, 13), "midday": Part(11, 13), "midnight": Part(0, 1),
    "overnight": Part(0, 8), "lunchtime": Part(11, 14),
    "上午": Part(6, 12), "早上": Part(6, 12), "早晨": Part(6, 12), "清晨": Part(5, 9), "下午": Part(12, 18),
    "傍晚": Part(17, 20), "晚上": Part(18, 24), "夜里": Part(18, 24), "夜间": Part(18, 24), "晚": Part(18, 24),
    "凌晨": Part(0, 6), "中午": Part(11, 13), "半夜": Part(0, 6), "午夜": Part(0, 1),
}  # fmt: skip
_ZONES: Final = {
    "utc": 0, "gmt": 0, "cet": 1, "cest": 2, "bst": 1, "est": -5, "edt": -4, "pst": -8, "pdt": -7, "jst": 9, "sgt": 8,
    "beijing time": 8, "china time": 8, "北京时间": 8,
}  # fmt: skip
"""Hours east of Greenwich of the zones that people write by name."""
_ZONE: Final = re.compile(r"(?<![a-z])(" + "|".join(_ZONES) + r")(?![a-z])")
_STAMP: Final = re.compile(
    r"\b(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(z\b|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_CLOCKS: Final = (
    re.compile(
        r"(?<![\d:.])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\d:])\s*"
        r"(?P<ap>[ap]\.?m\b\.?)?\s*(?P<z>z\b)?"
    ),
    re.compile(r"(?<![\d:.])(?P<h>1[0-2]|0?[1-9])\s*(?P<ap>[ap]\.?m\b\.?)"),
    re.compile(r"(?P<h>\d{1,2}|[一二两三四五六七八九十]{1,3})\s*[点時时](?!间|候)(?:钟|整)?"
               r"(?:(?P<m>[0-5]?\d)分?|(?P<half>半))?"),
    re.compile(r"(?<![\d:.])(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)\s*(?:hrs?|hours)\b"),
    re.compile(r"(?<=\bat )(?P<h>[01]?\d|2[0-4])(?![\d:.%-])(?!\s*(?:hours|events|hosts))"),
    re.compile(r"(?<=\bbetween )(?P<h>[01]?\d|2[0-4])(?= (?:and|to|-))"),
    re.compile(r"(?<=\bfrom )(?P<h>[01]?\d|2[0-4])(?=(?: (?:to|until|till|-) |-)\d)"),
    re.compile(r"(?:(?<=\b\d (?:and|til) )|(?<=\b\d\d (?:and|til) )|(?<=\b\d to )|(?<=\b\d\d to )"
               r"|(?<=\d - )|(?<=\d\d-))"
               r"(?P<h>[01]?\d|2[0-4])(?![\d:.-])(?=$|[ ,?.!])(?! ?(?:hours|events|hosts|days))"),
    re.compile(r"(?<![\w:.-])(?P<h>[01]?\d|2[0-4])(?=\s*-\s*\d{1,2}\s*[ap]\.?m)"),
    re.compile(r"(?<![\d:.])(?P<h>[01]?\d|2[0-4])(?=\s*[到至~-]\s*\d{1,2}\s*[点时])"),
)  # fmt: skip


def zone_of(text: str, default: tzinfo) -> tzinfo:
    """The zone that the text names, else the default."""
    found = _ZONE.search(text)
    return timezone(timedelta(hours=_ZONES[found[1]])) if found else default


def number(text: str) -> float:
    """The number that digits, an English word or a Chinese numeral says."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0].isdigit():
        return float(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return float(_ZH_DIGITS[ones])
    return float(10 * _ZH_DIGITS.get(tens, 1) + _ZH_DIGITS.get(ones, 0))


def length(count: str, unit: str) -> timedelta:
    """How long a number of units is; a month counts as thirty days."""
    unit = unit.removeprefix("个")
    if unit.startswith("mo") or unit == "月":
        seconds = 30 * 86400
    elif unit[0] in ("w", "周", "星", "礼"):
        seconds = _WEEK
    else:
        seconds = _SECONDS[unit[0]]
    return timedelta(seconds=number(count) * seconds)


def atoms(text: str, now: datetime) -> list[Atom]:
    """Every piece of time in lower-case text, in its order; where two overlap, the longer one."""
    found = [atom for scan in _SCANS for atom in scan(text, now)]
    kept: list[Atom] = []
    for atom in sorted(found, key=lambda item: (item.start - item.end, item.start)):
        if all(atom.end <= other.start or atom.start >= other.end for other in kept):
            kept.append(atom)
    return sorted(kept, key=lambda item: item.start)


def _stamps(text: str, now: datetime) -> Iterator[Atom]:
    zone = zone_of(text, now.tzinfo or UTC)
    for found in _STAMP.finditer(text):
        try:
            at = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or '').upper()}")
        except ValueError:
            continue
        yield Atom(found.start(), found.end(), Stamp(at if at.tzinfo else at.replace(tzinfo=zone)))


def _clocks(text: str, now: datetime) -> Iterator[Atom]:
    for pattern in _CLOCKS:
        for found in pattern.finditer(text):
            given = found.groupdict()
            hour, half = int(number(given["h"])), bool(given.get("half"))
            minute = 30 if half else int(given.get("m") or 0)
            if (after := (given.get("ap") or "")[:1]) and hour <= 12:
                hour = hour % 12 + (12 if after == "p" else 0)
            if hour > 24:
                continue
            exact = half or given.get("m") is not None
            settled = bool(after) or hour > 12 or (exact and len(given["h"]) == 2)
            second = int(given.get("s") or 0)
            yield Atom(found.start(), found.end(), Clock(time(hour % 24, minute, second), exact, settled))


def _parts(text: str, now: datetime) -> Iterator[Atom]:
    for word, part in _PARTS.items():
        edge = r"\b" if word.isascii() else ""
        for found in re.finditer(f"{edge}{word}{edge}", text):
            yield Atom(found.start(), found.end(), part)


def _one(day: date) -> Day:
    return Day(day, day)


def _named_days(text: str, now: datetime) -> Iterator[Atom]:
    today = now.date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    names: tuple[tuple[str, Day], ...] = (
        (r"\btoday\b|今天|今日|今(?=晚|早)", _one(today)),
        (r"\bday before yesterday\b|前天|前日", _one(today - timedelta(days=2))),
        (r"\byest?erd?ay\b|\byday\b|\blast (?=night\b)|昨天|昨日|昨(?=晚|早)", _one(today - timedelta(days=1))),
        (r"大前天", _one(today - timedelta(days=3))),
        (r"\bthis week\b|本周(?![一二三四五六日天])|这周(?![一二三四五六日天])|这个星期", Day(monday, today)),
        (r"\blast week\b|上周(?![一二三四五六日天])|上个?星期(?![一二三四五六日天])",
         Day(monday - timedelta(days=7), monday - timedelta(days=1))),
        (r"\bthis month\b|本月|这个月", Day(first, today)),
    )  # fmt: skip
    for pattern, day in names:
        for found in re.finditer(pattern, text):
            yield Atom(found.start(), found.end(), day)


def _weekdays(text: str, now: datetime) -> Iterator[Atom]:
    today = now.date()
    for found in re.finditer(rf"\b(?P<which>last |this |past |on )?(?P<day>{_WEEKDAY})\b", text):
        name = found["day"]
        if name in ("sat", "sun", "mon", "wed") and not found["which"]:
            continue
        back = (today.weekday() - _WEEKDAYS.index(name[:3])) % 7
        back = 7 if back == 0 and found["which"] == "last " else back
        yield Atom(found.start(), found.end(), _one(today - timedelta(days=back)))
    for found in re.finditer(r"(?P<which>上上|上|本|这)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])", text):
        weekday = "一二三四五六日".index(found["day"].replace("天", "日"))
        monday = today - timedelta(days=today.weekday())
        weeks = {"上": 1, "上上": 2}.get(found["which"] or "", 0)
        day = monday + timedelta(days=weekday) - timedelta(weeks=weeks)
        yield Atom(found.start(), found.end(), _one(day if day <= today else day - timedelta(weeks=1)))


_DATES: Final = (
    re.compile(r"\b(?P<y>\d{4})[-/.](?P<mo>\d{1,2})[-/.](?P<d>\d{1,2})\b(?!\.\d)"),
    re.compile(rf"\b(?P<mo>{_MONTH})\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<y>\d{{4}}))?(?!:)"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ -](?P<mo>{_MONTH})(?![a-z])(?:,?[ -](?P<y>\d{{4}}))?"),
    re.compile(r"(?:(?P<y>\d{4})年)?(?P<mo>\d{1,2})月(?P<d>\d{1,2})[日号]?"),
)


def _dates(text: str, now: datetime) -> Iterator[Atom]:
    for pattern in _DATES:
        for found in pattern.finditer(text):
            month = found["mo"]
            which = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
            day = _date(found["y"], which, int(found["d"]), now.date())
            if day is not None:
                yield Atom(found.start(), found.end(), _one(day))


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    """The date; without a year the last one that has been."""
    try:
        found = date(int(year) if year else today.year, month, day)
        return found if year or found <= today else found.replace(year=today.year - 1)
    except ValueError:
        return None


def _agos(text: str, now: datetime) -> Iterator[Atom]:
    for found in re.finditer(rf"({NUMBER})\s*({UNIT})\s*(?:ago\b|(?:之|以)?前)", text):
        back = length(found[1], found[2])
        if back < timedelta(days=1):
            yield Atom(found.start(), found.end(), Ago(back))
        elif found[2][0] in ("d", "天", "日"):
            yield Atom(found.start(), found.end(), _one((now - back).date()))
        else:
            yield Atom(found.start(), found.end(), Day((now - back).date(), now.date()))


_SCANS: Final[tuple[Callable[[str, datetime], Iterator[Atom]], ...]] = (
    _stamps, _clocks, _parts, _named_days, _weekdays, _dates, _agos,
)  # fmt: skip
