"""What an encoded text really says: layer by layer, at most five deep.

Attackers wrap commands so that a reader sees noise. Each unwrapping here gives one more text to judge beside the
original, never in its place: the layers are all untrusted, and a layer that decodes to nothing readable is not
kept. Work is bounded in depth, number of layers and characters, so a hostile text costs a fixed amount of time.

Source: cmd.exe escaping (caret), PowerShell escaping (back-tick) and `-EncodedCommand` (UTF-16LE base64, any
abbreviation of the switch, any dash), HTML entities, percent encoding, and JSON-escaped backslashes as Wazuh writes
them.
"""

import base64
import binascii
import html
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

MAX_DEPTH: Final = 5
MAX_LAYERS: Final = 24
MAX_TEXT: Final = 16_384
MAX_INFLATED: Final = 65_536
MIN_READABLE: Final = 0.9
"""Share of printable characters from which decoded bytes count as text."""

Decoder: TypeAlias = Callable[[str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One uncovered text: how it was uncovered, and how many steps below the original it lay."""

    how: str
    text: str
    depth: int


def decode(text: str) -> tuple[Layer, ...]:
    """Every text hidden in `text`, shallow ones first; empty when it is plain."""
    original = text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + text[-MAX_TEXT // 2 :]
    seen = {original}
    layers: list[Layer] = []
    waiting = deque([(original, 0)])
    while waiting and len(layers) < MAX_LAYERS:
        current, depth = waiting.popleft()
        if depth == MAX_DEPTH:
            continue
        for how, uncovered in _uncover(current):
            if uncovered not in seen and len(layers) < MAX_LAYERS:
                seen.add(uncovered)
                layers.append(Layer(how, uncovered, depth + 1))
                waiting.append((uncovered, depth + 1))
    return tuple(layers)


def _uncover(text: str) -> Iterator[tuple[str, str]]:
    for how, decoder in DECODERS.items():
        for uncovered in decoder(text):
            cleaned = uncovered[:MAX_TEXT].strip()
            if cleaned and cleaned != text.strip():
                yield how, cleaned


def unescape_doubled(text: str) -> str:
    """Backslashes and quotes once escaped, unescaped; text in which any backslash stands for itself is left alone.

    `C:\\\\Windows` becomes `C:\\Windows`, and a backslash-quote a quote, only when every run of backslashes fits
    that reading.
    """
    runs = re.finditer(r"(\\+)(.?)", text, re.DOTALL)
    if not all(len(run[1]) % 2 == (run[2] == '"') for run in runs):
        return text
    return re.sub(r'\\([\\"])', r"\1", text)


def _html(text: str) -> Iterator[str]:
    if "&" in text:
        yield html.unescape(text)


def _doubled(text: str) -> Iterator[str]:
    if "\\" in text:
        yield unescape_doubled(text)


def _percent(text: str) -> Iterator[str]:
    if re.search(r"%[0-9a-fA-F]{2}", text):
        yield unquote_plus(text, errors="replace")


def _unicode_escapes(text: str) -> Iterator[str]:
    if re.search(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})", text):
        yield re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", _unicode_character, text)


def _unicode_character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _carets(text: str) -> Iterator[str]:
    if "^" in text:
        yield re.sub(r"\^(.?)", r"\1", text, flags=re.DOTALL)


def _back_ticks(text: str) -> Iterator[str]:
    if "`" in text:
        yield text.replace("`", "")


def _joined_strings(text: str) -> Iterator[str]:
    if "+" in text:
        yield re.sub(r"""(['"])\s{0,8}\+\s{0,8}\1""", "", text)


def _quote_splits(text: str) -> Iterator[str]:
    """Empty quote pairs inside a word, as in `who""ami`, which the shells drop."""
    yield re.sub(r"""(?<=\w)(?:""|'')(?=\w)""", "", text)


def _encoded_command_switch() -> str:
    names = ["encodedcommand"[:length] for length in range(1, len("encodedcommand") + 1)]
    return "|".join(sorted([*names, "ec"], key=len, reverse=True))


ENCODED_COMMAND: Final = re.compile(
    rf"""[-/\u2013\u2014\u2015](?:{_encoded_command_switch()})[\s:]{{1,8}}["']?([A-Za-z0-9+/]{{4,}}={{0,2}})""",
    re.IGNORECASE,
)
"""`-EncodedCommand` in every abbreviation PowerShell takes, with its base64 argument as group 1."""


def _encoded_commands(text: str) -> Iterator[str]:
    for match in ENCODED_COMMAND.finditer(text):
        if (command := _utf16(_from_base64(match[1]))) is not None:
            yield command


_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_BASE64_WORD = re.compile(r"base64|-d\b|--decode", re.IGNORECASE)


def _base64(text: str) -> Iterator[str]:
    """Base64 runs of a text that speaks of decoding, also when compressed."""
    if _BASE64_WORD.search(text) is None:
        return
    for match in _BASE64_RUN.finditer(text):
        data = _from_base64(match[0])
        if (decoded := _utf16(data) or _utf8(data) or _utf8(_inflated(data))) is not None:
            yield decoded


_NESTED = (
    re.compile(r"""\bcmd(?:\.exe)?["']?\s(?:[^|&]{0,80}?\s)?[/-][ckr]\s{0,8}(.{2,})""", re.IGNORECASE | re.DOTALL),
    re.compile(
        r"""\b(?:powershell|pwsh)(?:\.exe)?["']?\s(?:.{0,200}?\s)?[-/](?:c|co|com|comm|comma|comman|command)\s{1,8}(.{2,})""",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(r"""\b(?:ba|z|da|k)?sh["']?\s(?:-[a-z]{1,6}\s)?-[a-z]{0,4}c\s{1,8}(.{2,})""", re.DOTALL),
)


def _nested_shells(text: str) -> Iterator[str]:
    for pattern in _NESTED:
        if (match := pattern.search(text)) is not None:
            yield match[1].strip().strip("\"'").strip()


def _from_base64(run: str) -> bytes:
    body = run.rstrip("=")
    try:
        return base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "=" * (-len(body) % 4 % 3), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _utf16(data: bytes) -> str | None:
    if len(data) < 4 or data[1::2].count(0) < len(data) // 4:
        return None
    return _readable(data[: len(data) // 2 * 2].decode("utf-16-le", "replace"))


def _utf8(data: bytes) -> str | None:
    try:
        return _readable(data.decode("utf-8")) if len(data) >= 4 else None
    except UnicodeDecodeError:
        return None


def _inflated(data: bytes) -> bytes:
    """The bytes behind gzip, zlib or raw deflate, at most 64 kB of them."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            return zlib.decompressobj(window).decompress(data, MAX_INFLATED)
        except zlib.error:
            continue
    return b""


def _readable(text: str) -> str | None:
    printable = sum(character.isprintable() or character in "\r\n\t" for character in text)
    return text if text and printable >= MIN_READABLE * len(text) else None


DECODERS: Final[dict[str, Decoder]] = {
    "html entities": _html,
    "doubled backslashes": _doubled,
    "encoded command": _encoded_commands,
    "carets": _carets,
    "back-ticks": _back_ticks,
    "percent encoding": _percent,
    "unicode escapes": _unicode_escapes,
    "base64": _base64,
    "joined strings": _joined_strings,
    "split quotes": _quote_splits,
    "nested shell": _nested_shells,
}
"""Every unwrapping by name, in the order they are tried."""
