"""A question's text in its plain form: lower case, full-width letters folded, defanged indicators made whole."""

import re
import unicodedata
from typing import Final

from agent.wording import Language

_DEFANGED: Final = (
    (re.compile(r"\bh[x*]{2}p(s?)\b", re.IGNORECASE), r"http\1"),
    (re.compile(r"\bf[x*]p\b(?=\s*[:\[])", re.IGNORECASE), "ftp"),
    (re.compile(r"\b(https?|ftp)\s*\[\s*:\s*/{0,2}\s*\](?://)?", re.IGNORECASE), r"\1://"),
    (re.compile(r"\s*[\[({]\s*(?:\.|dot)\s*[\])}]\s*", re.IGNORECASE), "."),
    (re.compile(r"(?<=\w)\[\.(?=\w)|(?<=\w)\.\](?=\w)|(?<=\w)\\\.(?=\w)"), "."),
    (re.compile(r"\s*[\[({]\s*(?:@|at)\s*[\])}]\s*", re.IGNORECASE), "@"),
    (re.compile(r"(?<=[0-9a-f])\[:\](?=[0-9a-f:])", re.IGNORECASE), ":"),
)
"""How people break indicators so that nobody clicks them. Source: the defanging conventions of published IoC lists."""
_DASHES: Final = (
    dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
    | dict.fromkeys(map(ord, "‘’`"), "'")
    | dict.fromkeys(map(ord, "“”„「」『』"), '"')
)
_SPOKEN: Final = (
    ("为啥", "为什么"),
    ("咋", "怎么"),
    ("啥", "什么"),
    ("哪儿", "哪里"),
)
"""Spoken Chinese, and how it is written."""
_HURRIED: Final = re.compile(r"\b2(?=day\b|nite\b|night\b)", re.IGNORECASE)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def folded(text: str) -> str:
    """The text with full-width and typographic characters in their plain spelling, refanged, spaces joined; letters
    keep their case."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = "".join(char for char in plain if char.isspace() or unicodedata.category(char) not in ("Cf", "Cc"))
    for pattern, whole in _DEFANGED:
        plain = pattern.sub(whole, plain)
    plain = _HURRIED.sub("to", plain)
    for spoken, written in _SPOKEN:
        plain = plain.replace(spoken, written)
    return " ".join(plain.split())


def language_of(text: str) -> Language:
    """Chinese when it has Chinese characters, else English."""
    return "zh" if _HAN.search(text) else "en"
