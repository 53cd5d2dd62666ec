"""Regular expressions in JSONPath filters, kept from stalling on hostile text.

Playbooks, models and foreign exports bring patterns, attackers bring the text. A pattern without repeated groups can
only be polynomial, and its degree is the number of its open repetitions; text length to that power is bounded.
"""

import re
from functools import lru_cache
from typing import Final

from jsonpath.function_extensions import ExpressionType, FilterFunction

from agent.evidence.errors import PathError

MAX_PATTERN_LENGTH: Final = 300
MAX_WORK: Final = 20_000_000
"""Text length to the power of the open repetitions (plus one for a search) may not pass this."""

_TOKENS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]*[:)]|\{\d*,?\d*\}|.", re.DOTALL)
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
    compiled, degree = compile_pattern(pattern)
    if len(text) ** (degree + starts) > MAX_WORK:
        raise PathError(f"the pattern {pattern!r} is too slow for a text of {len(text)} characters")
    return compiled


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> tuple[re.Pattern[str], int]:
    """The compiled pattern and its degree: how many repetitions without a small bound it has.

    Raises: PathError for a repeated group, a look-around, a back-reference, an over-long or a faulty pattern."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PathError(f"a pattern of {len(pattern)} characters is longer than {MAX_PATTERN_LENGTH}")
    degree = _degree(pattern)
    try:
        return re.compile(pattern), degree
    except (re.error, OverflowError, RecursionError) as error:
        raise PathError(f"the pattern {pattern!r} is not valid: {error}") from error


def _degree(pattern: str) -> int:
    degree, before = 0, ""
    for piece in _TOKENS.findall(pattern):
        if piece[0] == "(" and len(piece) > 1 and piece not in _HARMLESS_GROUPS:
            raise PathError(f"the pattern {pattern!r} uses {piece!r}, which is not allowed")
        if piece[0] == "\\" and piece[1:].isdigit():
            raise PathError(f"the pattern {pattern!r} refers back to a group, which is not allowed")
        if piece in ("*", "+", "?") or (piece[0] == "{" and len(piece) > 2):
            if before == ")":
                raise PathError(f"the pattern {pattern!r} repeats a group, which is not allowed")
            degree += 0 if piece == "?" or _small(piece) else 1
        before = piece
    return degree


def _small(piece: str) -> bool:
    found = _BOUNDED.fullmatch(piece)
    return found is not None and int(found[2] or found[1]) <= _SMALL_REPEAT
