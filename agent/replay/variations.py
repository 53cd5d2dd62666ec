"""Changes that should change nothing: the same case under other names, at another time, in other words, with noise.

An honest judge ends every one of them the same way; a judge that does not was swayed by what says nothing."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from agent.evidence.entities import moment_of
from agent.models import Alert, JsonObject
from agent.replay.aliases.aliases import Aliases
from agent.replay.noise import noisy
from agent.replay.rewriting import about, fingerprinted, mapped, rewritten
from agent.replay.stored import Stored

SHIFT: Final = timedelta(days=364)
"""Whole weeks, so that a working day stays one."""
TITLES: Final = (
    "Alert for review",
    "Detection for review",
    "Activity reported by a detection rule",
    "Event matched by a detection rule",
    "Please have a look at this alert",
)
"""What an alert may be called without saying what it is about."""
OTHER_SEVERITY: Final = {
    "informational": "high", "info": "high", "low": "critical", "medium": "critical", "moderate": "critical",
    "high": "low", "severe": "low", "critical": "low", "important": "low",
}  # fmt: skip
"""The vendor's word to one far from it; a word not in the table becomes `medium`."""
_TIME: Final = re.compile(
    r"(?<![\d.-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-])"
)
_NEAR: Final = timedelta(days=45)
"""A number this close to the alert's time, read as an epoch in milliseconds or finer, is a time."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change an investigation, and what it is called."""

    name: str
    made: Callable[[Stored, bytes], Stored]
    """The changed investigation, by a seed."""


def renamed(stored: Stored, seed: bytes) -> Stored:
    """Hosts, accounts, people, addresses, domains and hashes under other names, the same ones everywhere."""
    return rewritten(stored, Aliases.for_stored(stored, outsiders=True, key=seed).value)


def shifted(stored: Stored, seed: bytes) -> Stored:
    """Every time a year of weeks earlier or later."""
    by = SHIFT if seed[0] & 1 else -SHIFT
    return rewritten(
        stored, lambda value: mapped(value, lambda text: _shifted(text, by), _number(stored.alert.time, by))
    )


def retitled(stored: Stored, seed: bytes) -> Stored:
    """The rule's name in words that say nothing; a network signature keeps its own, which is what it detects."""
    if stored.alert.format == "suricata" or stored.alert.field("rule.category") is not None:
        return _retold(stored, lambda alert: alert.model_copy(update={"title": TITLES[seed[0] % len(TITLES)]}))
    old, new = stored.alert.rule.name, TITLES[seed[0] % len(TITLES)]
    return _retold(stored, lambda alert: _retitled(alert, old, new))


def regraded(stored: Stored, seed: bytes) -> Stored:
    """The vendor's word for how bad it is, far from what it was."""
    return _retold(stored, _regraded)


CHANGES: Final = (
    Change("entities renamed", renamed),
    Change("times shifted", shifted),
    Change("title paraphrased", retitled),
    Change("vendor severity changed", regraded),
    Change("noise added", noisy),
)
"""Every change, in the order they are tried."""
UNCHANGED: Final = "nothing"


def variations(stored: Stored, wanted: int, seed: int = 0) -> Iterator[tuple[str, Stored]]:
    """The investigation as it is, then changed in `wanted - 1` ways; after the last way the first comes again, by
    another seed. Each is called by what was changed."""
    yield UNCHANGED, replace(stored, report=None)
    for number in range(wanted - 1):
        change, turn = CHANGES[number % len(CHANGES)], number // len(CHANGES)
        yield change.name, change.made(stored, _seed(seed, number, turn))


def _seed(seed: int, number: int, turn: int) -> bytes:
    return bytes([(seed + turn) & 1]) + f"variation {seed} {number}".encode()


def _retold(stored: Stored, change: Callable[[Alert], Alert]) -> Stored:
    alert = fingerprinted(change(stored.alert))
    neighbours = tuple(fingerprinted(change(item)) for item in stored.neighbours)
    return replace(stored, alert=alert, subject=about(stored.subject, alert), neighbours=neighbours, report=None)


def _retitled(alert: Alert, old: str, new: str) -> Alert:
    def value(text: str) -> str:
        return new if text == old else text

    raw = mapped(alert.raw, value)
    fields = tuple(
        item.model_copy(update={"value": new}) if item.value == old and item.name == "rule.name" else item
        for item in alert.fields
    )
    rule = alert.rule.model_copy(update={"name": value(alert.rule.name)})
    return alert.model_copy(update={"title": value(alert.title), "rule": rule, "fields": fields, "raw": raw})


def _regraded(alert: Alert) -> Alert:
    said = alert.vendor_severity or ""
    other = _other(said)
    raw = _with_member(alert.raw, said, other)
    return alert.model_copy(update={"vendor_severity": other, "raw": raw})


def _other(said: str) -> str:
    other = OTHER_SEVERITY.get(said.lower(), "medium")
    return other.upper() if said.isupper() else other.capitalize() if said[:1].isupper() else other


def _with_member(raw: JsonObject, old: str, new: str) -> JsonObject:
    """The raw alert with the vendor's word changed where a member is called severity."""

    def changed(name: str, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {key: changed(key, item) for key, item in value.items()}
        return new if old and value == old and name.lower().endswith("severity") else value

    return {name: changed(name, value) for name, value in raw.items()}


def _shifted(text: str, by: timedelta) -> str:
    return _TIME.sub(lambda found: _moved(found[0], by), text)


def _moved(text: str, by: timedelta) -> str:
    """The day moved; clock time and zone as they were written."""
    try:
        day = datetime.fromisoformat(text[:10]).date() + by
    except (ValueError, OverflowError):
        return text
    return day.isoformat() + text[10:]


def _number(around: datetime, by: timedelta) -> Callable[[float], float]:
    """Moves numbers that are epochs near the alert, in milliseconds, microseconds or nanoseconds."""

    def moved(number: float) -> float:
        if abs(number) < 1e11 or (moment := moment_of(number)) is None or abs(moment - around) > _NEAR:
            return number
        unit = 1e3 if abs(number) < 1e14 else 1e6 if abs(number) < 1e17 else 1e9
        delta = by.days * 86_400 * int(unit)
        return number + delta

    return moved
