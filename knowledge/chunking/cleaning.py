"""A text without the characters that are not text: control characters, invisible ones, halves of characters."""

import re
import unicodedata

_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85|\x0b|\x0c")


_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
_FORMATS = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a"
_VARIANTS = "\ufe00-\ufe0f\U000e0000-\U000e0fff"
"""Selectors of a shape and the tags: whole sentences can be hidden in them."""
_UNSEEN = re.compile(f"[{_CONTROLS}{_FORMATS}{_VARIANTS}]")


def cleaned(text: str) -> str:
    """Composed characters, `\\n` at the ends of lines, nothing that cannot be seen or stored."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", _ENDS.sub("\n", text)))
