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

MOST_BYTES: Final = 32_000_000
MOST_ENTRIES: Final = 100_000


class BrokenInventory(Exception):
    """What is wrong, and in which line."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")


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
        raise _broken(str(error)) from None


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
        place = ".".join(str(part) for part in first["loc"][:1])
        known = place if place in Entry.model_fields else "a field that there is none of"
        raise BrokenInventory(line, f"{known}: {first['msg'].removeprefix('Value error, ')}") from None
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
    except csv.Error as error:
        raise BrokenInventory(reader.line_num, f"no CSV ({error})") from None


def _header(line: int, row: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    strange = sum(name not in Entry.model_fields for name in names)
    if strange or len(set(names)) != len(names) or not {"id", "name"} <= set(names):
        known = ", ".join(Entry.model_fields)
        raise BrokenInventory(line, f"the header has to hold id and name, each name once, of these: {known}")
    return names


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


def _broken(why: str) -> ToolError:
    hint = "nothing of it is used until then; see MCPSOC_ASSETS_INVENTORY"
    return ToolError("inventory_broken", f"the inventory cannot be used: {why}", hint)
