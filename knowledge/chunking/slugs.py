"""The part of an id that comes from words a person wrote."""

import re
import unicodedata
from collections.abc import Collection

_WORDS = re.compile(r"[^\W_]+")
_LONGEST = 80
"""Characters; the rest of a heading that is longer says nothing an id needs."""


def slug(text: str) -> str:
    """Letters and digits of any script in small letters, `-` between words; empty when there are none."""
    words = _WORDS.findall(unicodedata.normalize("NFKC", text).lower())
    return "-".join(words)[:_LONGEST].rstrip("-")


def free_slug(text: str, taken: Collection[str]) -> str:
    """The slug of `text`, or it with `-2`, `-3` ... where that one is taken; `section` for a text without words."""
    wanted = slug(text) or "section"
    found, count = wanted, 1
    while found in taken:
        count += 1
        found = f"{wanted}-{count}"
    return found
