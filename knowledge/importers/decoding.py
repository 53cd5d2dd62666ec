"""Bytes of a text file as text, whatever it was saved as."""

import re
from typing import Final

from knowledge.errors import DocumentError

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_TOLD: Final = re.compile(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w-]{2,20})", re.IGNORECASE)
_CODECS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5", "utf-8": "utf-8"}
_ASKED: Final = "save it as UTF-8"


def decoded(data: bytes, *, page: bool = False) -> str:
    """By its mark, as UTF-8, as what a page of HTML says of itself, as GB 18030 when that gives Chinese, as Western.

    Raises: DocumentError when it is empty or no text."""
    if not data.strip():
        raise DocumentError("it is empty")
    for codec in _candidates(data, page=page):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text or (codec == "gb18030" and not _is_chinese(text)):
            continue
        return text
    raise DocumentError(f"it is no text, or in an encoding that is not known; {_ASKED}")


def _candidates(data: bytes, *, page: bool) -> list[str]:
    marked = [codec for mark, codec in _MARKS if data.startswith(mark)]
    if marked:
        return marked
    told = _TOLD.search(data[:4_096]) if page else None
    named = _CODECS.get(told[1].decode("ascii").lower()) if told else None
    return ["utf-8", *([named] if named else []), "gb18030", "cp1252"]


def _is_chinese(text: str) -> bool:
    """Almost all of what is not ASCII are common Han characters or Chinese punctuation."""
    wide = [letter for letter in text if letter > "\x7f"]
    common = sum(
        1 for letter in wide if "\u4e00" <= letter <= "\u9fff" or "\u3000" <= letter <= "\u303f" or letter >= "\uff00"
    )
    return bool(wide) and common >= 0.9 * len(wide)
