"""Regular expressions in JSONPath filters, kept from stalling on hostile text.

Playbooks, models and foreign exports bring patterns, attackers bring the text. A pattern without repeated groups can
only be polynomial in the text, of a degree that is the number of its open repetitions, times a number that its
alternatives and optional parts give; that product is bounded before a pattern meets a text.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jsonpath.function_extensions import ExpressionType, FilterFunction

from agent.evidence.errors import PathError

MAX_PATTERN_LENGTH: Final = 300
MAX_WORK: Final = 100_000_000
"""Steps that a pattern may need on a text in the worst case."""

_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]*[:)]|\{\d*,?\d*\}|.", re.DOTALL)
_BOUNDED = re.compile(r"\{(\d{1,2})(?:,(\d{1,2}))?\}")
_SMALL_REPEAT: Final = 8
_HARMLESS_GROUPS: Final = frozenset({"(?:", "(?i:", "(?i)"})


class Match(FilterFunction):
    """RFC 9535 `match()`: the whole text matches."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        """Raises: PathError when the pattern, or this pattern on a text of this length, asks for too much work."""
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        return _prepared(pattern, value, starts=0).fullmatch(value) is not None


class Search(FilterFunction):
    """RFC 9535 `search()`: some part of the text matches."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        """Raises: PathError when the pattern, or this pattern on a text of this length, asks for too much work."""
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        return _prepared(pattern, value, starts=1).search(value) is not None


def _prepared(pattern: str, text: str, starts: int) -> re.Pattern[str]:
    weighed = compile_pattern(pattern)
    if weighed.choices * len(text) ** (weighed.degree + starts) > MAX_WORK:
        raise PathError(f"the pattern {pattern!r} is too slow for a text of {len(text)} characters")
    return weighed.compiled


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pattern and what it may cost."""

    compiled: re.Pattern[str]
    degree: int
    """Repetitions without a small bound: each multiplies the work by the length of the text."""
    choices: int
    """What alternatives, optional parts and small repetitions multiply the work by, whatever the text."""


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Weighed:
    """The pattern, compiled and weighed.

    Raises: PathError for a repeated group, a look-around, a back-reference, an over-long or a faulty pattern."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PathError(f"a pattern of {len(pattern)} characters is longer than {MAX_PATTERN_LENGTH}")
    degree, choices = _weigh(pattern)
    try:
        return Weighed(re.compile(pattern), degree, choices)
    except (re.error, OverflowError, RecursionError) as error:
        raise PathError(f"the pattern {pattern!r} is not valid: {error}") from error


def _weigh(pattern: str) -> tuple[int, int]:
    degree, choices, before = 0, 1, ""
    branches = [1]
    for piece in _PIECES.findall(pattern):
        _refuse(pattern, piece, before)
        if piece[0] == "(" and piece != "(?i)":
            branches.append(1)
        elif piece == ")" and len(branches) > 1:
            choices *= branches.pop()
        elif piece == "|":
            branches[-1] += 1
        elif _repeats(piece):
            small = _bound(piece)
            degree += small is None
            choices *= 1 if small is None else small + 1
        before = piece
    return degree, choices * math.prod(branches)


def _refuse(pattern: str, piece: str, before: str) -> None:
    if piece[0] == "(" and len(piece) > 1 and piece not in _HARMLESS_GROUPS:
        raise PathError(f"the pattern {pattern!r} uses {piece!r}, which is not allowed")
    if piece[0] == "\\" and piece[1:].isdigit():
        raise PathError(f"the pattern {pattern!r} refers back to a group, which is not allowed")
    if _repeats(piece) and piece != "?" and before == ")":
        raise PathError(f"the pattern {pattern!r} repeats a group, which is not allowed")


def _repeats(piece: str) -> bool:
    return piece in ("*", "+", "?") or (piece[0] == "{" and len(piece) > 2)


def _bound(piece: str) -> int | None:
    """How often at most, when that is a small number; a fixed number leaves no choice."""
    if piece == "?":
        return 1
    found = _BOUNDED.fullmatch(piece)
    if found is None or int(found[2] or found[1]) > _SMALL_REPEAT:
        return None
    return int(found[2]) if found[2] else 0
