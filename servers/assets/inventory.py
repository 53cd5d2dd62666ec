"""The site's inventory: one CSV or JSON file, read whole or not at all.

An asset may have several entries, one for each time at which it had another name or address: `since` and `until` say
when an entry holds (from, and up to but not including). The operator writes the file (class T0).
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from servers.assets.tags import Tag
from servers.errors import ToolError
from servers.kit.tool import closest

MOST_BYTES: Final = 32_000_000
MOST_ENTRIES: Final = 100_000
_TOLD: Final = 5
"""Wrong names that one error lists."""
_USUAL: Final[Mapping[str, str]] = {
    "asset": "id", "asset_id": "id", "asset_tag": "id", "uuid": "id", "serial": "id", "host": "name", "fqdn": "name",
    "address": "ip", "ip_address": "ip", "ipv4": "ip", "ipv6": "ip", "mac_address": "mac", "type": "kind",
    "role": "kind", "category": "kind", "network": "zone", "segment": "zone", "vlan": "zone", "site": "zone",
    "contact": "owner", "user": "owner", "team": "department", "importance": "criticality", "priority": "criticality",
    "tier": "criticality", "severity": "criticality", "operating_system": "os", "platform": "os",
    "public": "internet_facing", "external": "internet_facing", "exposed": "internet_facing", "from": "since",
    "valid_from": "since", "first_seen": "since", "valid_until": "until", "last_seen": "until", "to": "until",
    "labels": "tags",
}  # fmt: skip
"""What other inventories call a column of ours."""


class BrokenInventory(Exception):
    """What is wrong, and in which line; what would be right."""

    def __init__(self, line: int, why: str, right: str = "") -> None:
        super().__init__(f"line {line}: {why}")
        self.right = right


def plain_mac(text: str) -> str:
    """A MAC address in lower case between colons. Raises: ValueError for what is none."""
    digits = "".join(char for char in text.lower() if char not in ":-. ")
    if len(digits) != 12 or any(char not in "0123456789abcdef" for char in digits):
        raise ValueError("no MAC address")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("no IP address") from None


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


Word = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Entry(BaseModel):
    """One asset as it was at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: Word
    name: Word
    ip: Annotated[str, AfterValidator(_address)] | None = None
    mac: Annotated[str, AfterValidator(plain_mac)] | None = None
    kind: Word | None = None
    zone: Word | None = None
    owner: Word | None = None
    department: Word | None = None
    criticality: Literal["low", "medium", "high", "critical"] | None = None
    os: Word | None = None
    internet_facing: bool | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(_listed)] = ()

    def holds(self, at: datetime) -> bool:
        """Whether it is what the asset was then."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Inventory:
    """Every entry, in the order of the file."""

    entries: tuple[Entry, ...]

    @cached_property
    def _by(self) -> Mapping[str, Sequence[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            first_label = entry.name.partition(".")[0]
            keys = {key.casefold() for key in (entry.id, entry.name, first_label, entry.ip, entry.mac) if key}
            for key in keys:
                found.setdefault(key, []).append(entry)
        return found

    def at(self, identifier: str, at: datetime) -> Sequence[Entry]:
        """The entries of a name, id, MAC or address that hold at a time, latest first."""
        keys = dict.fromkeys(_keys(identifier))
        held = [entry for key in keys for entry in self._by.get(key, ()) if entry.holds(at)]
        return sorted(held, key=lambda entry: entry.since.timestamp() if entry.since else 0.0, reverse=True)

    def current(self, at: datetime) -> Sequence[Entry]:
        """What there is at a time, by name."""
        return sorted((entry for entry in self.entries if entry.holds(at)), key=lambda entry: entry.name.casefold())


def _keys(identifier: str) -> Iterator[str]:
    """What an identifier may be: a name as it stands, an address or a MAC in their one spelling."""
    text = identifier.strip()
    yield text.casefold()
    for spelled in (_address, plain_mac):
        with suppress(ValueError):
            yield spelled(text.removeprefix("[").removesuffix("]"))


def read_inventory(path: Path) -> Inventory:
    """All entries.

    Raises: ToolError(inventory_broken) that names the first line that is wrong; nothing is kept then."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _broken(error.strerror or "it cannot be read") from None
    if len(data) > MOST_BYTES:
        raise _broken(f"it has more than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        rows = _json_rows(text) if path.suffix.lower() == ".json" else _csv_rows(text)
        return Inventory(tuple(_checked(rows)))
    except UnicodeDecodeError as error:
        raise _broken(f"line {data[: error.start].count(10) + 1}: no UTF-8") from None
    except BrokenInventory as error:
        raise _broken(str(error), error.right) from None


def _checked(rows: Iterator[tuple[int, Mapping[str, object]]]) -> Iterator[Entry]:
    """Entries of which no two say different things of one asset at one time."""
    held: dict[str, list[tuple[int, Entry]]] = {}
    for number, (line, row) in enumerate(rows):
        if number >= MOST_ENTRIES:
            raise BrokenInventory(line, f"more than {MOST_ENTRIES} entries")
        entry = _entry(line, row)
        for other_line, other in held.setdefault(entry.id.casefold(), []):
            if _meet(entry, other):
                raise BrokenInventory(line, f"id: the entry of line {other_line} holds at the same time")
        held[entry.id.casefold()].append((line, entry))
        yield entry


def _entry(line: int, row: Mapping[str, object]) -> Entry:
    try:
        entry = Entry.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        why = "it is empty" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        raise BrokenInventory(line, f"{first['loc'][0]}: {why}") from None
    if entry.since is not None and entry.until is not None and entry.until <= entry.since:
        raise BrokenInventory(line, "until: it ends before it begins")
    return entry


def _meet(one: Entry, other: Entry) -> bool:
    """Whether both hold at some time."""
    early = one.until is None or other.since is None or other.since < one.until
    late = other.until is None or one.since is None or one.since < other.until
    return early and late


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    begins = 1
    try:
        for row in reader:
            line, begins = begins, reader.line_num + 1
            if not names:
                names = _header(line, row)
            elif any(cell.strip() for cell in row):
                if len(row) != len(names):
                    raise BrokenInventory(line, f"{len(row)} fields under {len(names)} names")
                yield line, {name: cell for name, cell in zip(names, row, strict=True) if cell.strip()}
        if not names:
            raise BrokenInventory(1, "there is no header")
    except csv.Error as error:
        raise BrokenInventory(reader.line_num, f"no CSV ({error})") from None


def _header(line: int, row: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise BrokenInventory(line, "the header is one column: columns are separated by commas")
    _check_names(line, names, "column")
    return names


def _check_names(line: int, names: Sequence[str], kind: Literal["column", "field"]) -> None:
    """Raises: BrokenInventory for names that are unknown, missing or there twice. It gives places, and known names
    alone: what else stands there is not repeated."""
    wrong = [
        f"{kind} {place} is unknown{_likely(name)}"
        for place, name in enumerate(names, 1)
        if name not in Entry.model_fields
    ]
    wrong += [f"there is no {kind} {name}" for name in ("id", "name") if name not in names]
    wrong += [f"{kind} {name} is there twice" for name in Entry.model_fields if names.count(name) > 1]
    if wrong:
        told = "; ".join(wrong[:_TOLD]) + (f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else "")
        raise BrokenInventory(line, told, f"{kind}s: {', '.join(Entry.model_fields)}; ")


def _likely(name: str) -> str:
    meant = _USUAL.get(name.replace(" ", "_").replace("-", "_")) or closest(name, Entry.model_fields)
    return f" (did you mean {meant}?)" if meant else ""


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Object by object, so that each has the line it begins in."""
    decoder, at = json.JSONDecoder(), _blank(text, 0)
    if text[at : at + 1] != "[":
        raise BrokenInventory(_line(text, at), "a JSON inventory is an array of objects")
    at = _blank(text, at + 1)
    while text[at : at + 1] != "]":
        begins = at
        try:
            row, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            where = error.pos if isinstance(error, json.JSONDecodeError) else at
            raise BrokenInventory(_line(text, where), "no JSON") from None
        if not isinstance(row, dict):
            raise BrokenInventory(_line(text, begins), "no object")
        _check_names(_line(text, begins), list(row), "field")
        yield _line(text, begins), row
        at = _blank(text, at)
        if text[at : at + 1] == ",":
            at = _blank(text, at + 1)
        elif text[at : at + 1] != "]":
            raise BrokenInventory(_line(text, at), "no JSON")
    if (rest := _blank(text, at + 1)) != len(text):
        raise BrokenInventory(_line(text, rest), "something follows the array")


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _broken(why: str, right: str = "") -> ToolError:
    hint = f"{right}nothing of it is used until then; see MCPSOC_ASSETS_INVENTORY"
    return ToolError("inventory_broken", f"the inventory cannot be used: {why}", hint)
