"""Text that somebody else wrote, made inert: it can be read, it cannot do anything."""

from typing import Final

CLIP: Final = 200
"""Characters of one value that a sentence shows."""

_VARIATION = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def inert(text: str, clip: int | None = CLIP) -> str:
    """`text` with control, ANSI, bidi, zero-width and other invisible characters written as visible escapes, clipped.

    Markup such as `<` and `&` is left alone: escaping for HTML is the page's business."""
    rest = 0 if clip is None else max(0, len(text) - clip)
    shown = text[: len(text) - rest]
    if not shown.isprintable() or not shown.isascii():
        shown = "".join(map(_visible, shown))
    return f"{shown}… (+{rest} characters)" if rest else shown


def _visible(char: str) -> str:
    code = ord(char)
    if char.isprintable() and not any(code in block for block in _VARIATION):
        return char
    if char in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
