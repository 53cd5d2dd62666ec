"""The part of an id that comes from words a person wrote."""

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+")
_LONGEST = 80
"""Characters; the rest of a heading that is longer says nothing an id needs."""


def slug(text: str) -> str:
    """Letters and digits of any script in small letters, `-` between words; empty when there are none."""
    words = _WORDS.findall(unicodedata.normalize("NFKC", text).lower())
    return "-".join(words)[:_LONGEST].rstrip("-")


class Slugs:
    """The slugs of one document; no two are the same."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def free(self, text: str) -> str:
        """The slug of `text`, or it with `-2`, `-3` ... where it is given already; `section` for one without words."""
        wanted = slug(text) or "section"
        number = self._given.get(wanted, 0) + 1
        found = wanted if number == 1 else f"{wanted}-{number}"
        while found in self._given and number > 1:
            number += 1
            found = f"{wanted}-{number}"
        self._given[wanted] = number
        self._given.setdefault(found, 1)
        return found
