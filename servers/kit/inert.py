"""Make outside text harmless to show: it stays readable, and nothing in it acts on a terminal, page or reader."""

import re
import unicodedata

# C0 and C1 controls except tab and newline, and every invisible or direction-changing code point.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def inert(text: str) -> str:
    """`text` with control, ANSI, bidirectional and zero-width characters written as `\\x1b` or `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return _SURROGATE.sub(_written, _ACTIVE.sub(_written, text))


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, and how many were left out."""
    return text if len(text) <= limit else f"{text[:limit]}…[{len(text) - limit} more characters]"


def one_line(text: str, limit: int) -> str:
    """`text` inert, on one line, clipped."""
    return clipped(inert(" ".join(unicodedata.normalize("NFC", text).split())), limit)


def _written(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
