"""The addresses of the web a message leads to, and how they are shown: so that nothing can be clicked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import urlsplit

MOST_LINKS = 200
_LINK = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'\x00-\x1f]{1,2000}", re.IGNORECASE)
_TRAILING = ").,;:!?]}>'\""
_LEADS = frozenset({"href", "src", "action", "formaction", "background", "poster"})


@dataclass(frozen=True, slots=True)
class Link:
    """One address, and what the message shows in its place."""

    url: str
    shown: str = ""
    """The visible text of an HTML link; empty for an address in plain text."""

    @property
    def host(self) -> str:
        """The host it leads to, in lower case; empty when it has none that can be read."""
        return host_of(self.url)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self.form = False
        self.words: list[str] = []
        self._open: list[tuple[str, list[str]]] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a tag leads."""
        self.form = self.form or tag == "form"
        self._hidden = tag in ("script", "style")
        for name, value in attrs:
            if name in _LEADS and value and _LINK.match(value.strip()):
                self._note(tag, value.strip()[:2000])

    def _note(self, tag: str, url: str) -> None:
        if tag == "a" and len(self._open) < 20:
            self._open.append((url, []))
        elif len(self.links) < MOST_LINKS:
            self.links.append(Link(url))

    def handle_data(self, data: str) -> None:
        """Text inside a link is what the reader sees of it."""
        if self._open:
            self._open[-1][1].append(data[:300])
        if not self._hidden:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """A link ends."""
        self._hidden = False
        if tag == "a" and self._open and len(self.links) < MOST_LINKS:
            url, shown = self._open.pop()
            self.links.append(Link(url, " ".join("".join(shown).split())[:300]))

    def finish(self) -> None:
        """Links that nobody closed count too."""
        while self._open:
            self.handle_endtag("a")


@dataclass(frozen=True, slots=True)
class Links:
    """Where a message leads."""

    links: tuple[Link, ...]
    form: bool
    """Whether its HTML asks for input."""
    more: bool
    """Whether there were more than are kept."""


def links_of(text: str, html: str) -> Links:
    """The addresses in a message's texts, each once."""
    page = _Page()
    page.feed(html)
    page.close()
    page.finish()
    found = list(dict.fromkeys([*page.links, *(Link(url) for url in _in_text(text))]))
    return Links(tuple(found[:MOST_LINKS]), page.form, len(found) >= MOST_LINKS)


def text_of(html: str) -> str:
    """What a page says without its tags, scripts and styles."""
    page = _Page()
    page.feed(html)
    page.close()
    return " ".join(page.words)


def _in_text(text: str) -> Iterator[str]:
    for number, match in enumerate(_LINK.finditer(text)):
        if number >= MOST_LINKS:
            return
        yield match.group().rstrip(_TRAILING)


def host_of(url: str) -> str:
    """The host of an address, in lower case; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
