"""Sentences that are kept whole, told in another language: taken apart by the template they were made from.

What a case keeps and signs is English. A sentence made from one of our templates says the same in every language; one
that fits no template (an error of somebody's server, a person's words) stays as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from agent.wording.catalogue import SLOT, Language, translations_in

RETOLD: Final = ("opening", "reasons", "likelihood", "hunting", "model", "replay")
"""Files whose templates whole sentences are made from."""
_WHOLE: Final = (*RETOLD, "playbooks")
"""Files whose sentences without a slot are known as well."""
_DIMENSION: Final = "(?:actor|source|target|time|technique|revoked)"
_SHAPES: Final[Mapping[str, str]] = {
    "label": r"[A-Za-z0-9@_. /+-]+?",
    "entry": r"[^\s:;]+",
    "misses": rf"{_DIMENSION}(?:, {_DIMENSION})*",
    "sensors": r"[a-z0-9_-]+(?:, [a-z0-9_-]+)*",
    "sensor": r"[a-z0-9_-]+",
    "servers": r"[A-Za-z0-9_-]+(?:, [A-Za-z0-9_-]+)*",
    "server": r"[A-Za-z0-9_-]+",
    "tool": r"[A-Za-z0-9_-]+",
    "setting": r"[A-Z0-9_]+",
    "state": r"[a-z_]+",
    "status": r"[a-z_]+",
    "basis": r"[a-z_]+",
    "disposition": r"[a-z_]+",
    "level": r"-?[0-9.e+]+",
    "count": r"\d+",
    "technique": r"T\d{4}(?:\.\d{3})?",
    "evidence": r"E\d+(?:, E\d+)*",
    "place": r"E\d+ \$.*?",
    "other_place": r"E\d+ \$.*?",
    "slot": r"\{\w+\}",
}
"""What stands in a slot of that name; in any other, anything."""
_INNER: Final[Mapping[str, str | None]] = {
    "reason": None,
    "basis": None,
    "disposition": None,
    "status": None,
    "state": None,
    "looks": ", ",
    "misses": ", ",
    "gaps": "; ",
    "entries": "; ",
    "actions": "; ",
    "changes": ", ",
}
"""Slots whose value is told as well, and what separates several."""
_JOINED: Final = {", ": "、", "; ": "；"}


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: re.Pattern[str]
    translation: str
    literal: int
    """Characters outside slots: of two templates that fit, the one that says more is meant."""


def retold(text: str, language: Language) -> str:
    """The sentence in that language; as it is where no template fits."""
    if language == "en" or not text:
        return text
    whole = _whole(language).get(text)
    if whole is not None:
        return whole
    for known in _patterns(language):
        match = known.pattern.fullmatch(text)
        if match is not None and _is_ours(match.groupdict(), language):
            return _filled(known.translation, match.groupdict(), language)
    return text


def _is_ours(values: Mapping[str, str], language: Language) -> bool:
    """Whether a reason inside it is one of ours: `timeout: too slow` only looks like one."""
    reason = values.get("reason")
    return reason is None or retold(reason, language) != reason


def _filled(translation: str, values: Mapping[str, str], language: Language) -> str:
    shown = {name: _inner(name, value, language) for name, value in values.items()}
    return SLOT.sub(lambda slot: shown[slot[1]], translation)


def _inner(name: str, value: str, language: Language) -> str:
    """The value of a slot, told where it is a sentence or a list of them itself."""
    if name not in _INNER:
        return value
    separator = _INNER[name]
    if separator is None:
        return retold(value, language)
    return _JOINED[separator].join(retold(part, language) for part in value.split(separator))


@cache
def _whole(language: Language) -> Mapping[str, str]:
    """Sentences without a slot."""
    return {text: said for text, said in translations_in(language, _WHOLE).items() if not SLOT.search(text)}


@cache
def _patterns(language: Language) -> tuple[_Known, ...]:
    """Sentences with slots, the most telling first."""
    known = [
        _Known(_pattern(template), translation, len(SLOT.sub("", template)))
        for template, translation in translations_in(language, RETOLD).items()
        if SLOT.search(template)
    ]
    return tuple(sorted(known, key=lambda item: -item.literal))


def _pattern(template: str) -> re.Pattern[str]:
    parts = SLOT.split(template)
    slots = (f"(?P<{name}>{_SHAPES.get(name, '.+?')})" for name in parts[1::2])
    literals = (re.escape(part) for part in parts[::2])
    return re.compile("".join(text + slot for text, slot in zip(literals, (*slots, ""), strict=True)), re.DOTALL)
