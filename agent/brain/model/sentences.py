"""The sentences of what a model points out: ours, one for each kind of value that is worth a name, and which way it
speaks. A model chooses the place; what stands there, and what its row is called, code reads.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Final

NOUNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "process.command_line": "command line",
        "command_line": "command line",
        "process.executable": "program",
        "executable": "program",
        "process.parent.executable": "parent program",
        "user.name": "account",
        "account": "account",
        "host.name": "host",
        "host": "host",
        "source.ip": "source address",
        "destination.ip": "address",
        "address": "address",
        "destination.domain": "domain",
        "dns.question.name": "domain",
        "dns.question.registered_domain": "domain",
        "domain": "domain",
        "url.full": "URL",
        "cloud.api": "cloud call",
        "file.path": "file",
        "path": "file",
        "process.hash.sha256": "hash",
        "file.hash.sha256": "hash",
        "device.id": "device",
        "device.managed": "state of the device's management",
        "source.country": "country",
        "service.name": "service",
        "registry.path": "registry entry",
        "user_agent": "user agent",
        "verdict": "verdict of threat intelligence",
        "registered_by": "registrar",
        "reason": "reason on the register",
        "flows": "number of flows",
        "count": "number of events",
        "bytes_out": "number of bytes sent",
        "network.bytes": "number of bytes",
        "median_interval_s": "interval in seconds",
        "accounts": "accounts of the register entry",
        "hosts": "hosts of the register entry",
        "source_addresses": "sources of the register entry",
        "techniques": "techniques of the register entry",
    }
)
"""Member of an answer to what a person calls it."""
LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events": "events",
        "connections": "connections",
        "buckets": "groups",
        "peers": "peers",
        "files": "files",
        "processes": "processes",
        "signins": "sign-ins",
        "work": "register entries",
    }
)
"""List of an answer to what its rows are called."""
NAMING: Final = ("@timestamp", "address", "name", "host.name", "indicator", "id")
"""Members that say which row it is, the best first."""
_OTHER: Final = "field {field}"
"""Where a member has no name of ours, its own stands there."""
_ROWS: Final = "rows"


def value_sentence(name: str, *, raises: bool, row: bool) -> str:
    """Of a value, by the name of its member; `row`: whether it says which row the value stands in."""
    return _said(NOUNS.get(name, _OTHER), raises=raises, row=row)


def count_sentence(name: str, *, raises: bool) -> str:
    """Of a number of rows, by the name of their list."""
    noun = LISTS.get(name, _ROWS)
    return f"The model takes the number of {noun} for a sign of malice: {{value}}." if raises else _counted(noun)


def every_sentence() -> Iterator[str]:
    """Every sentence that can come of a model's point."""
    for noun, raises, row in product(dict.fromkeys([*NOUNS.values(), _OTHER]), (False, True), (False, True)):
        yield _said(noun, raises=raises, row=row)
    for name, raises in product([*LISTS, ""], (False, True)):
        yield count_sentence(name, raises=raises)


def _said(noun: str, *, raises: bool, row: bool) -> str:
    beside = " ({row})" if row else ""
    if raises:
        return f"The model takes the {noun} for a sign of malice: {{value}}{beside}."
    return f"The model points out the {noun}: {{value}}{beside}."


def _counted(noun: str) -> str:
    return f"The model counts {noun}: {{value}}."
