"""`field = value` in a question, fields by their ECS name or by what people call them."""

import re
from dataclasses import dataclass
from typing import Final

from agent.conversation.understanding.scoring import in_order
from agent.conversation.understanding.words import EventKind, Words

_VALUE: Final = (
    r"(?:\"(?P<dq>[^\"]+)\"|'(?P<sq>[^']+)'|(?P<raw>[^\s,;，；。？?!！\"'=<>\u3400-\u9fff]+|[\u3400-\u9fff]+))"
)
_SIGN: Final = r"\s*(?:==?|:=|：|~=|=~|~|:(?!//|\d\d\b|\\))\s*"
_WORD_SIGN: Final = (
    r"\s+(?:is|equals?|equal to|eq|like|contains|containing|matches|matching|starts with|starting with|ends with"
    r"|ending with)\s+|\s*(?:等于|包含|含有|匹配|为|是)\s*"
)
_PART: Final = re.compile(r"like|contain|match|包含|含有|匹配|~")
_DOTTED: Final = r"[a-z_]+(?:\.[a-z_0-9]+)+"
_WILD: Final = ("process.executable", "process.parent.executable")
"""Paths that people name by their last part."""
_PORT: Final = re.compile(r"\b(?:port|端口)\s*(\d{1,5})\b|端口(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Filtered:
    """Filters by ECS field, and the text with the fields' names taken out and the values left."""

    filters: dict[str, str]
    rest: str
    bare: str
    """The text without the values, too."""


def filters_of(text: str, words: Words) -> Filtered:
    """The `field = value` pairs of folded text."""
    named = "|".join(re.escape(word) for word in sorted(words.field_by_word, key=len, reverse=True))
    by_sign = re.compile(rf"(?<![\w.])(?P<field>{_DOTTED}|{named})(?P<sign>{_SIGN}){_VALUE}", re.IGNORECASE | re.ASCII)
    by_word = re.compile(
        rf"(?<![\w.])(?P<field>{'|'.join(map(re.escape, sorted(words.fields, key=len, reverse=True)))})"
        rf"(?P<sign>{_WORD_SIGN}){_VALUE}"
        rf"|(?:(?<=where )|(?<=with )|(?<=and ))(?:the )?(?P<field2>{named})(?P<sign2>{_WORD_SIGN})(?P<value2>\S+)",
        re.IGNORECASE | re.ASCII,
    )
    filters: dict[str, str] = {}
    rest = bare = text
    for pattern in (by_sign, by_word):
        for found in list(pattern.finditer(rest)):
            field = (found["field"] or found.groupdict().get("field2") or "").lower()
            sign = found["sign"] or found.groupdict().get("sign2") or ""
            value = found["dq"] or found["sq"] or found["raw"] or found.groupdict().get("value2") or ""
            name = words.field_by_word.get(field, field)
            filters.setdefault(name, _value(name, value.rstrip(".?!)"), sign))
            start, end = found.span()
            rest = rest[:start] + f" {value}".ljust(end - start)[: end - start] + rest[end:]
            bare = bare[:start] + " " * (end - start) + bare[end:]
    return Filtered(filters | _ports(rest, filters), rest, bare)


def _value(name: str, value: str, sign: str) -> str:
    """The value as a search takes it: `*` where only a part was said."""
    lowered = sign.lower()
    if "*" in value:
        return value
    if "start" in lowered:
        return f"{value}*"
    if "end" in lowered:
        return f"*{value}"
    if _PART.search(lowered):
        return f"*{value}*"
    if name in _WILD and "\\" not in value and "/" not in value:
        return f"*{value}" if "." in value else f"*{value}*"
    return value


def _ports(text: str, filters: dict[str, str]) -> dict[str, str]:
    found = _PORT.search(text)
    if found is None or "destination.port" in filters or "source.port" in filters:
        return {}
    return {"destination.port": found[1] or found[2]}


_ACTION: Final = re.compile(r"(?<![\w.])([a-z]+(?:_[a-z]+)+)(?= ?(?:events?|actions?|records?|entries|事件|记录|动作))")
_CATEGORY: Final = re.compile(
    r"(?<![\w.])(authentication|process|file|network|email|web|iam|registry|malware|configuration|cloud"
    r"|intrusion_detection)(?= ?(?:events?|records?|entries|事件|记录))"
)


def named_kinds(plain: str) -> dict[str, str]:
    """`sign_in events`, `authentication events`: an action or a category of the common schema, by its own name."""
    if found := _CATEGORY.search(plain):
        return {"event.category": found[1]}
    return {"event.action": found[1]} if (found := _ACTION.search(plain)) else {}


def kinds_of(words: tuple[str, ...], plain: str, known: Words) -> tuple[EventKind, ...]:
    """The kinds of events asked for, the most particular first."""
    found = [kind for kind in known.kinds if any(_says(phrase, words, plain) for phrase in kind.say)]
    return tuple(sorted(found, key=lambda kind: -len(kind.filters)))


def _says(phrase: str, words: tuple[str, ...], plain: str) -> bool:
    return in_order(phrase.split(), words) if phrase.isascii() else phrase in plain
