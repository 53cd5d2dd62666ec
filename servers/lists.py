"""Lists of values in files that an operator keeps: plain text, one value a line, or warning lists in MISP's form.

Source: https://github.com/MISP/misp-warninglists, `schema.json`: `type` is cidr, hostname, string or substring (regex
is not supported), and `list` its values.
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_settings import NoDecode

from servers.errors import ToolError
from servers.kit.inert import one_line
from servers.observables import Observable, address, host_in, read

MOST_BYTES: Final = 64_000_000
MOST_VALUES: Final = 2_000_000


def _paths(value: object) -> object:
    """A text of paths separated as in PATH, as its paths."""
    if not isinstance(value, str):
        return value
    return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)


Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)]
"""Files, in the environment separated as in PATH."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that holds a value."""

    name: str
    """Of its file."""
    entry: str
    """What of the list matched: the value, a parent domain or a network."""
    at: datetime
    """When the file was last written."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one list, by how they are compared."""

    same: frozenset[str]
    names: frozenset[str]
    """Domains that stand for all below them too."""
    networks: frozenset[str]
    lengths: frozenset[tuple[int, int]]
    """Versions and prefix lengths that `networks` has."""
    parts: tuple[str, ...] = ()
    """Texts that match wherever they stand in a value."""
    skipped: int = 0
    """Lines that name nothing."""

    @property
    def count(self) -> int:
        """How many values can match."""
        return len(self.same) + len(self.names) + len(self.networks) + len(self.parts)

    def entry(self, wanted: Observable) -> str | None:
        """The value that matches, if any."""
        if wanted.value in self.same:
            return wanted.value
        host = host_in(wanted)
        if host is not None and (found := self._named(host)) is not None:
            return found
        return next((part for part in self.parts if part in wanted.value), None)

    def _named(self, host: str) -> str | None:
        try:
            target = address(host)
        except ValueError:
            labels = host.split(".")
            above = (".".join(labels[n:]) for n in range(len(labels)))
            return next((name for name in above if name in self.names), None)
        around = (
            str(ip_network((target, length), strict=False))
            for version, length in sorted(self.lengths, reverse=True)
            if version == target.version
        )
        return next((network for network in around if network in self.networks), None)


class ListFile:
    """One file, read when it is first needed and again when it was changed. `setting` names the one it is from."""

    def __init__(self, path: Path, setting: str) -> None:
        self.path = path
        self._setting = setting
        self._lock = threading.Lock()
        self._held: tuple[tuple[int, int], Values] | None = None

    def values(self) -> tuple[Values, datetime]:
        """What it holds, and when it was last written. Raises: ToolError when it cannot be read or is no list."""
        with self._lock:
            try:
                state = self.path.stat()
                stamp = (state.st_mtime_ns, state.st_size)
                if self._held is None or self._held[0] != stamp:
                    self._held = (stamp, _some(parsed(self._content())))
            except (OSError, ValueError):
                message = f"the configured list {one_line(self.path.name, 80)} cannot be read or is none"
                hint = f"see {self._setting}: one value a line, or a MISP warning list"
                raise ToolError("bad_list", message, hint) from None
            return self._held[1], datetime.fromtimestamp(state.st_mtime, UTC)

    def _content(self) -> bytes:
        with self.path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError("too long")
        return content


class Lists:
    """The lists of one purpose."""

    def __init__(self, paths: Sequence[Path], setting: str) -> None:
        self.files = tuple(ListFile(path, setting) for path in paths)

    def find(self, wanted: Observable) -> Iterator[Listed]:
        """Every list that holds it. Raises: ToolError when one cannot be read: what it says is not known then."""
        for file in self.files:
            values, at = file.values()
            if (entry := values.entry(wanted)) is not None:
                yield Listed(file.path.name, entry, at)

    def oldest(self) -> datetime | None:
        """When the oldest file was last written. Raises: ToolError."""
        return min((file.values()[1] for file in self.files), default=None)


def _some(found: Values) -> Values:
    """Raises: ValueError for a file of which no line names a value: it is a list in another form."""
    if found.skipped and not found.count:
        raise ValueError("no line names a value")
    return found


def parsed(content: bytes) -> Values:
    """The values of a file. Raises: ValueError when it is no list."""
    if content.lstrip()[:1] == b"{":
        return _warning_list(content)
    return _values(_lines(content.decode("utf-8", "replace")))


class _WarningList(BaseModel):
    """A warning list, as far as it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["cidr", "hostname", "string", "substring"]
    list: tuple[str, ...]


def _warning_list(content: bytes) -> Values:
    try:
        found = _WarningList.model_validate(json.loads(content))
    except (ValidationError, RecursionError):
        raise ValueError("not a warning list of a known type") from None
    if found.type == "substring":
        parts = tuple(value.lower() for value in found.list if len(value) > 3)
        return Values(frozenset(), frozenset(), frozenset(), frozenset(), parts, len(found.list) - len(parts))
    return _values(found.list, exact=found.type == "string")


def _lines(text: str) -> Iterator[str]:
    """The first word of each line, or the second of a line of a hosts file."""
    for line in text.splitlines():
        words = line.split("#", 1)[0].replace(",", " ").replace(";", " ").split()
        if words:
            yield words[1] if len(words) > 1 and _nowhere(words[0]) else words[0]


def _nowhere(word: str) -> bool:
    """Whether it is an address that a hosts file sends names to."""
    try:
        found = address(word)
    except ValueError:
        return False
    return found.is_unspecified or found.is_loopback


def _values(given: Iterable[str], *, exact: bool = False) -> Values:
    same, names, networks, skipped = set[str](), set[str](), set[str](), 0
    for number, text in enumerate(given):
        if number >= MOST_VALUES:
            raise ValueError("too many values")
        try:
            if "/" in text and "://" not in text:
                networks.add(str(ip_network(text, strict=False)))
                continue
            found = read(text.lstrip("."))
        except ValueError:
            skipped += 1
            continue
        (names if found.kind == "domain" and not exact else same).add(found.value)
    lengths = frozenset((net.version, net.prefixlen) for net in map(ip_network, networks))
    return Values(frozenset(same), frozenset(names), frozenset(networks), lengths, skipped=skipped)
