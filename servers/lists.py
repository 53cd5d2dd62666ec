"""Lists of values in files that an operator keeps: plain text, one value a line, or warning lists in MISP's form.

In plain text a network stands for its addresses and a name for itself and all below it; `*.name` says that the operator
means all below it. Source: https://github.com/MISP/misp-warninglists, `schema.json`: `list` holds the values, `type`
says how they match: string is the value itself, hostname this name or one below it, cidr an address or a network,
substring a part of the value. regex is not supported.
"""

import json
import os
import threading
from codecs import BOM_UTF8
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
FEED_DAYS: Final = 7.0
"""From this age on a list of bad values is old: what it does not hold may have been found since."""
_GZIP: Final = b"\x1f\x8b"


def _paths(value: object) -> object:
    """A text of paths separated as in PATH, as its paths."""
    if not isinstance(value, str):
        return value
    return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)


Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)]
"""Files, in the environment separated as in PATH."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a list matched."""

    text: str
    """The value, a domain above it, a network around it or a part of it."""
    meant: bool
    """Whether it can vouch for the value: it is the same, or the operator wrote in plain text all that is below a
    domain or in a private network. Below other domains and in public networks anybody gets a place."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that holds a value."""

    name: str
    """Of its file."""
    entry: "Entry"
    at: datetime
    """When the file was last written."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one list, by how they are compared."""

    same: frozenset[str]
    names: frozenset[str]
    """Domains that stand for all below them too."""
    below: frozenset[str]
    """Those of them of which the operator wrote so."""
    networks: frozenset[str]
    lengths: frozenset[tuple[int, int]]
    """Versions and prefix lengths that `networks` has."""
    parts: tuple[str, ...] = ()
    """Texts that match wherever they stand in a value other than a hash."""
    own: bool = False
    """Whether it is plain text."""
    skipped: int = 0
    """Lines that name nothing."""

    @property
    def count(self) -> int:
        """How many values can match."""
        return len(self.same) + len(self.names) + len(self.networks) + len(self.parts)

    def entry(self, wanted: Observable) -> Entry | None:
        """What matches, if anything; the value itself before all else."""
        if wanted.value in self.same or wanted.value in self.names:
            return Entry(wanted.value, meant=True)
        host = host_in(wanted)
        if host is None:
            return None
        if (found := self._around(host)) is not None:
            return found if wanted.kind in ("address", "domain") else Entry(found.text, meant=False)
        part = next((part for part in self.parts if part in wanted.value), None)
        return None if part is None else Entry(part, meant=part == wanted.value)

    def _around(self, host: str) -> Entry | None:
        try:
            target = address(host)
        except ValueError:
            return self._above(host)
        around = (
            str(ip_network((target, length), strict=False))
            for version, length in sorted(self.lengths, reverse=True)
            if version == target.version
        )
        network = next((network for network in around if network in self.networks), None)
        return None if network is None else Entry(network, meant=self.own and not target.is_global)

    def _above(self, host: str) -> Entry | None:
        labels = host.split(".")
        above = [name for n in range(len(labels)) if (name := ".".join(labels[n:])) in self.names]
        meant = next((f"*.{name}" for name in above if name in self.below), None)
        if meant is not None:
            return Entry(meant, meant=True)
        return Entry(above[0], meant=False) if above else None


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
                    self._held = (stamp, parsed(self._content()))
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


def parsed(content: bytes) -> Values:
    """The values of a file. Raises: ValueError when it is no list, or one without a value."""
    text = content.removeprefix(BOM_UTF8).lstrip()
    if text[:1] == b"<" or text[:2] == _GZIP:
        raise ValueError("a page or a compressed file")
    warning = text[:1] == b"{"
    found = _warning_list(text) if warning else _values(_lines(text.decode("utf-8", "replace")), own=True)
    if not found.count or (found.skipped > found.count and not warning):
        raise ValueError("no line names a value, or fewer do than do not")
    return found


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
        none = frozenset[str]()
        return Values(none, none, none, none, frozenset(), parts, skipped=len(found.list) - len(parts))
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


def _values(given: Iterable[str], *, exact: bool = False, own: bool = False) -> Values:
    same, names, below, networks, skipped = set[str](), set[str](), set[str](), set[str](), 0
    for number, text in enumerate(given):
        if number >= MOST_VALUES:
            raise ValueError("too many values")
        try:
            if "/" in text and "://" not in text:
                network = ip_network(text, strict=False)
                if network.num_addresses > 1:
                    networks.add(str(network))
                    continue
                text = str(network.network_address)
            found = read(text.removeprefix("*.").lstrip("."))
        except ValueError:
            skipped += 1
            continue
        (names if found.kind == "domain" and not exact else same).add(found.value)
        if own and found.kind == "domain" and text.startswith("*."):
            below.add(found.value)
    lengths = frozenset((net.version, net.prefixlen) for net in map(ip_network, networks))
    return Values(
        frozenset(same), frozenset(names), frozenset(below), frozenset(networks), lengths, own=own, skipped=skipped
    )
