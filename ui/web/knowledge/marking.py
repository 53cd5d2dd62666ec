"""The part of a text that a search was about, with the words of the search marked."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ui.web.markup import Html, el, join

SHOWN: Final = 280
"""Characters of an excerpt."""
_BEFORE: Final = 60
"""Characters before the first word that is marked."""
_LATIN: Final = re.compile(r"[a-z0-9][\w.-]*")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]+")
_SHORTEST: Final = 3
_NOISE: Final = frozenset(
    {"the", "and", "for", "what", "how", "does", "with", "from", "are", "our", "you", "should", "can", "this", "that"}
)
_ENDINGS: Final = re.compile(r"(?:ing|ed|es|s)$")


def words_of(query: str) -> tuple[str, ...]:
    """What is looked for in a text: the beginnings of the words of a query, and its pairs of Chinese characters."""
    lowered = query.lower()
    latin = [_stem(word) for word in _LATIN.findall(lowered) if len(word) >= _SHORTEST and word not in _NOISE]
    pairs = [run[at : at + 2] for run in _CHINESE.findall(lowered) for at in range(max(1, len(run) - 1))]
    return tuple(dict.fromkeys((*latin, *pairs)))


def excerpt(text: str, words: Sequence[str], shown: int = SHOWN) -> Html:
    """The part of a one-line text in which most of these words stand, with each of them marked."""
    spots = list(_spots(text, words))
    start = _start(text, spots, shown)
    end = min(len(text), start + shown)
    parts: list[Html] = [join(["…"])] if start else []
    at = start
    for begin, stop in spots:
        if begin >= at and stop <= end:
            parts += [join([text[at:begin]]), el("mark", text[begin:stop])]
            at = stop
    return join([*parts, text[at:end], "…" if end < len(text) else None])


def _stem(word: str) -> str:
    bare = _ENDINGS.sub("", word)
    return bare if len(bare) >= _SHORTEST else word


def _spots(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where words stand, from the first on; a Latin one from its beginning to its end."""
    if not words:
        return
    latin = [rf"\b{re.escape(word)}\w*" for word in words if word[0].isascii()]
    chinese = [re.escape(word) for word in words if not word[0].isascii()]
    for found in re.finditer("|".join([*latin, *chinese]), text, re.IGNORECASE):
        yield found.span()


def _start(text: str, spots: Sequence[tuple[int, int]], shown: int) -> int:
    """Where the part begins that holds most of the spots; at a word's beginning."""
    if len(text) <= shown or not spots:
        return 0
    best = max(spots, key=lambda spot: sum(spot[0] <= begin < spot[0] + shown - _BEFORE for begin, _ in spots))
    start = max(0, min(best[0] - _BEFORE, len(text) - shown))
    space = text.find(" ", start, best[0]) if start else -1
    return space + 1 if space >= 0 else start
