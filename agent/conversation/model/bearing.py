"""What of a sentence the evidence has to bear: its numbers, names, indicators and quotations, each found in a value.

A model writes free text, and free text cannot be proved. What can be checked is everything in it that could be copied
from an answer, and so could be invented: that has to stand in what the sentence cites.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from agent.evidence.entities import address_of, moment_of
from agent.evidence.paths import ANY, DEEP, compile_path
from agent.evidence.text import inert

_QUOTED: Final = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’|「([^」]+)」|『([^』]+)』|`([^`]+)`|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)"
)
_WORD: Final = re.compile(
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?%?"
    r"|[A-Za-z0-9À-ɏ_@$%&](?:[A-Za-z0-9À-ɏ_@$%&.:/\\+#=?~*-]*[A-Za-z0-9À-ɏ_@$%\\*])?"
)
_CITATION: Final = re.compile(r"\s*[\[(（【]\s*E\d+(?:[^\])）】]{0,80})[\])）】]")
_NUMBER: Final = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?%?")
_PLAIN: Final = re.compile(r"[A-Za-zÀ-ɏ]+(?:[-/'][A-Za-zÀ-ɏ]+)*")
_MINUS: Final = re.compile(r"(?:^|[^\w.)\]]|[\u3400-\u9fff])[-−]$")
"""What stands before the digits of a negative number."""
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?:;]\s+|[。！？：；\n])\W*$")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_COUNTED: Final = re.compile(r"([两二三四五六七八九十百千万]+)(?=[个次台条起名项件封份位种天])")
_LONGEST_WORD: Final = 24
"""Letters of the longest word that is no identifier."""
_NUMBERS: Final[Mapping[str, int]] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
    "thousand": 1000, "million": 1_000_000, "dozen": 12, "twice": 2, "thrice": 3,
}  # fmt: skip
_VAGUE: Final = frozenset({"dozens", "hundreds", "thousands", "millions"})
"""Numbers that no answer holds."""
_DIGITS: Final = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_SCALES: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_COMMON: Final = frozenset(
    {"I", "IP", "IPs", "DNS", "URL", "URLs", "SIEM", "EDR", "IDS", "VPN", "TLS", "SSL", "HTTP", "HTTPS", "SSH", "RDP"}
    | {"SMB", "LDAP", "API", "CPU", "ID", "IDs", "UTC", "OS", "PC", "SOC", "MFA", "AD", "MITRE", "MCPSoc", "SHA"}
    | {"TCP", "UDP", "ICMP", "IOC", "IOCs", "PID", "ATT&CK", "C2", "MD5", "SHA1", "SHA-1", "SHA256", "SHA-256"}
    | {"AS", "ASN", "base64"}
)
"""Words of the trade that name nothing in particular."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a sentence may say: the values it cites, and what may be repeated without proving anything."""

    values: tuple[str, ...]
    """Every plain value that its citations select, as text."""
    counts: tuple[int, ...]
    """How many things each citation selects."""
    repeated: tuple[str, ...]
    """The question, what was asked of the tools that are cited, and the names of the cited fields."""

    def bears(self, token: str) -> bool:
        """Whether the token stands in a cited value, or was said in the question."""
        return self.proves(token) or _found(token, self.repeated)

    def proves(self, token: str) -> bool:
        """Whether the token stands in a cited value, or is their number."""
        if (number := number_of(token)) is not None and self._has_number(number, token):
            return True
        if (moment := moment_of(token)) is not None and not token.isdigit():
            return any(_same_second(moment, moment_of(value)) or token in value for value in self.values)
        return _found(token, self.values)

    def _has_number(self, number: float, token: str) -> bool:
        if number in self.counts:
            return True
        places = len(token.rstrip("%").partition(".")[2])
        wanted = number / 100 if token.endswith("%") else number
        shown = places + 2 if token.endswith("%") else places
        found = (float(value) for value in self.values if re.fullmatch(r"-?\d{1,15}(?:\.\d+)?", value))
        return any(round(value, shown) == wanted or value == number for value in found)


def number_of(token: str) -> float | None:
    """The number that a token is: digits, or a number word; None for anything else."""
    if (spelled := _NUMBERS.get(token.lower())) is not None:
        return float(spelled)
    if _NUMBER.fullmatch(token):
        return float(token.rstrip("%").replace(",", ""))
    return float(_chinese(token)) if token and all(char in _DIGITS or char in _SCALES for char in token) else None


def without_citations(text: str) -> str:
    """The sentence without the evidence ids that a model likes to put into it; what it cites stands beside it."""
    return _CITATION.sub("", text).strip()


def outside_quotes(text: str) -> str:
    """What the sentence says in its own words."""
    return _QUOTED.sub(" ", text)


def quotations(text: str) -> tuple[str, ...]:
    """What the sentence quotes."""
    return tuple(next(part for part in match if part) for match in _QUOTED.findall(text))


def tokens_of(text: str, names: Collection[str]) -> tuple[str, ...]:
    """Everything in the sentence that has to stand somewhere: quotations, numbers, indicators, names.

    `names`: lower-case names that are known in the thread; they count also where they look like any other word."""
    own = re.sub(r"(?<=\d)\s+%", "%", outside_quotes(text))
    words = (word for match in _WORD.finditer(own) for word in _parts(match, own, names))
    counted = (match[1] for match in _COUNTED.finditer(own))
    return tuple(dict.fromkeys([*quotations(text), *words, *counted]))


def _parts(match: re.Match[str], text: str, names: Collection[str]) -> Iterator[str]:
    word = match[0].rstrip(".:*?")
    if word in _COMMON:
        return
    if _NUMBER.fullmatch(word) and _MINUS.search(text[: match.start()]):
        word = f"-{word}"
    striking = _HAN.search(text) or (word[:1].isupper() and not _starts(match, text))
    if striking or len(word) > _LONGEST_WORD or not _PLAIN.fullmatch(word):
        yield word
        return
    telling = (*names, *_NUMBERS, *_VAGUE)
    yield from (part for part in (word, *re.split(r"[-/']", word)) if part.lower() in telling)


def _starts(match: re.Match[str], text: str) -> bool:
    return _SENTENCE_START.search(text[: match.start()]) is not None


def words_of(path: str) -> Iterator[str]:
    """The names of the fields that a path goes through, whole and in their words: what it compares them with is none.

    Raises: PathError when the path is not valid."""
    for name in compile_path(path).location:
        if name not in (ANY, DEEP):
            yield from (name, *re.split(r"[._@\s]+", name))


def leaves(value: JsonValue) -> Iterator[str]:
    """Every plain value below a value, as the text that a sentence would show; member names too."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _found(token: str, texts: Iterable[str]) -> bool:
    """Whether a text has the token as a whole word, however it is spelled."""
    folded, address = _fold(token), address_of(token)
    before, after = _edges(folded)
    pattern = re.compile(f"{before}{re.escape(folded)}{after}")
    return any(pattern.search(_fold(text)) or (address and address_of(text) == address) for text in texts)


def _edges(token: str) -> tuple[str, str]:
    """What may not stand beside a token: a bare number stands alone, a time may stand inside a longer one."""
    if _NUMBER.fullmatch(token):
        return r"(?<![\w.:/\\-])", r"(?![\w:/\\-]|\.\d)"
    if token[:1].isdigit() and token[-1:].isdigit():
        return r"(?<!\d)", r"(?!\d)"
    return r"(?<![^\W_])", r"(?![^\W_])"


def _same_second(first: datetime, second: datetime | None) -> bool:
    return second is not None and first.replace(microsecond=0) == second.replace(microsecond=0)


def _fold(text: str) -> str:
    return " ".join(inert(text, None).casefold().split())


def _chinese(text: str) -> int:
    """A small Chinese number: `十二` is 12."""
    total, current = 0, 0
    for char in text:
        if char in _SCALES:
            total += (current or 1) * _SCALES[char]
            current = 0
        else:
            current = _DIGITS[char]
    return total + current
