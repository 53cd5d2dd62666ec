"""Domain names as this server takes and takes apart: one spelling, and the part somebody registered."""

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

if TYPE_CHECKING:
    from tldextract import TLDExtract

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def plain(name: str) -> str:
    """A domain name in the one spelling compared here: lower case, ASCII (IDNA), without the final dot.

    Raises: ValueError for what is no domain name."""
    text = name.strip().rstrip(".").lower()
    try:
        text = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("not a domain name") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError("not a domain name")
    return text


Domain = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(plain)]
"""A domain name."""


def parent(text: str) -> str:
    """A domain as operators write one that stands for all below it, `*.` or a dot before it or not, in that spelling.

    Raises: ValueError for what is no domain name."""
    return plain(text.strip().removeprefix("*").lstrip("."))


def registered(name: str) -> str | None:
    """The part of a name that somebody registered: the public suffix and one label. None for a suffix itself.

    Under an ending the list does not know, it is the last two labels. Source: https://publicsuffix.org/list/, the
    copy within tldextract; nothing is fetched."""
    found = _suffixes()(name)
    if found.suffix:
        return found.top_domain_under_public_suffix or None
    labels = name.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 else None


@cache
def _suffixes() -> "TLDExtract":
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def shown(name: str) -> str:
    """An ASCII name as a reader sees it: punycode labels in their own letters, where they are proper ones."""
    return ".".join(_letters(label) for label in name.split("."))


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
