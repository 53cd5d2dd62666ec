"""STIX patterns that come to the equality of one observable, and the values they match.

Source: STIX 2.1, section 9 (patterning). Understood is `[path = 'value']`, `path IN ('a', 'b')`, `ISSUBSET` for
networks, and any of them joined by OR, inside one observation or between several. Everything else (AND, NOT,
FOLLOWEDBY, qualifiers, LIKE, MATCHES) asks for more than one value, so that a match of one would be wrong.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from servers.observables import Kind, Observable, address, domain_of, read, url

LONGEST: Final = 20_000
MOST_VALUES: Final = 500
_DEEPEST: Final = 20
_PATHS: Final[dict[str, Kind]] = {
    "ipv4-addr:value": "address",
    "ipv6-addr:value": "address",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "email",
    "file:hashes.md5": "md5",
    "file:hashes.sha-1": "sha1",
    "file:hashes.sha1": "sha1",
    "file:hashes.sha-256": "sha256",
    "file:hashes.sha256": "sha256",
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\['\\])*')|(?P<sign>[\[\]()=,])|(?P<word>OR|IN|ISSUBSET)(?![A-Za-z0-9_:.-])
    |(?P<path>[a-z][a-z0-9-]*:(?:[a-zA-Z0-9_]+(?:\.(?:'[A-Za-z0-9-]+'|"[A-Za-z0-9-]+"|[A-Za-z0-9_-]+))*)))""",
    re.VERBOSE,
)


class NotMatchedError(ValueError):
    """The pattern is none that this server can match."""


def values(pattern: str) -> tuple[Observable | str, ...]:
    """The values any of which is a match; a network is given as text.

    Raises: NotMatchedError."""
    if len(pattern) > LONGEST:
        raise NotMatchedError("too long")
    tokens = _Tokens(pattern)
    found = [*_observation(tokens)]
    while tokens.took("OR"):
        found += _observation(tokens)
    if not tokens.over or len(found) > MOST_VALUES:
        raise NotMatchedError("more than values")
    return tuple(dict.fromkeys(found))


class _Tokens:
    """The words of a pattern, taken one by one."""

    def __init__(self, pattern: str) -> None:
        self._words = tuple(_words(pattern.strip()))
        self._at = 0

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._words)

    def took(self, word: str) -> bool:
        """Whether the next word is this one; it is taken then."""
        if self.over or self._words[self._at] != word:
            return False
        self._at += 1
        return True

    def need(self, word: str) -> None:
        """Take this very word. Raises: NotMatchedError."""
        if not self.took(word):
            raise NotMatchedError(f"no {word}")

    def next(self) -> str:
        """Take whatever comes. Raises: NotMatchedError."""
        if self.over:
            raise NotMatchedError("ends too early")
        self._at += 1
        return self._words[self._at - 1]


def _words(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        if (match := _TOKEN.match(text, at)) is None:
            raise NotMatchedError("not understood")
        yield match.group().strip()
        at = match.end()


def _observation(tokens: _Tokens) -> Iterator[Observable | str]:
    tokens.need("[")
    yield from _comparison(tokens)
    while tokens.took("OR"):
        yield from _comparison(tokens)
    tokens.need("]")


def _comparison(tokens: _Tokens, depth: int = 0) -> Iterator[Observable | str]:
    if tokens.took("("):
        if depth == _DEEPEST:
            raise NotMatchedError("too deep")
        yield from _comparison(tokens, depth + 1)
        while tokens.took("OR"):
            yield from _comparison(tokens, depth + 1)
        tokens.need(")")
        return
    kind = _PATHS.get(tokens.next().replace("'", "").replace('"', "").lower())
    if kind is None:
        raise NotMatchedError("path")
    for text in _operand(tokens, kind):
        yield _value(kind, text)


def _operand(tokens: _Tokens, kind: Kind) -> Iterator[str]:
    if tokens.took("IN"):
        tokens.need("(")
        yield _text(tokens)
        while tokens.took(","):
            yield _text(tokens)
        tokens.need(")")
        return
    if kind != "address" or not tokens.took("ISSUBSET"):
        tokens.need("=")
    yield _text(tokens)


def _text(tokens: _Tokens) -> str:
    word = tokens.next()
    if not word.startswith("'"):
        raise NotMatchedError("no text")
    return re.sub(r"\\(['\\])", r"\1", word[1:-1])


def _value(kind: Kind, text: str) -> Observable | str:
    try:
        if kind == "address" and "/" in text:
            net = ip_network(text, strict=False)
            return Observable(kind, str(net.network_address)) if net.prefixlen == net.max_prefixlen else str(net)
        spelled = {"address": lambda t: str(address(t)), "domain": domain_of, "url": url}.get(kind)
        found = read(text) if spelled is None else Observable(kind, spelled(text))
    except ValueError:
        raise NotMatchedError("value") from None
    if found.kind != kind:
        raise NotMatchedError("value")
    return found


def pattern_of(wanted: Observable) -> str:
    """The pattern that matches one observable."""
    path = {
        "address": "ipv6-addr:value" if ":" in wanted.value else "ipv4-addr:value",
        "domain": "domain-name:value",
        "url": "url:value",
        "email": "email-addr:value",
        "md5": "file:hashes.MD5",
        "sha1": "file:hashes.'SHA-1'",
        "sha256": "file:hashes.'SHA-256'",
    }[wanted.kind]
    value = wanted.value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{value}']"
