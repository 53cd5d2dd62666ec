"""The `nft` program: what is asked of it goes in as JSON, what it says comes back as typed objects.

Source: libnftables-json(5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from servers.errors import ToolError
from servers.kit.answer import JsonObject
from servers.kit.programs import Ran, run

MOST_BYTES: Final = 16_000_000
"""Longest listing that is read."""
_NO_CONTROLS: Final = bytes(max(code, 32) for code in range(256))


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Counter(_Said):
    """What passed a rule or an element."""

    packets: int
    bytes: int


class Element(_Said):
    """One element of a set."""

    val: JsonValue
    timeout: int | None = None
    """Seconds it was set for; None: for ever."""
    expires: int | None = None
    """Seconds left."""
    comment: str = ""
    counter: Counter | None = None


class Held(_Said):
    """An element as sets with timeouts list it."""

    elem: Element


class Set(_Said):
    """A set with its elements."""

    family: str
    table: str
    name: str
    elem: list[Held | JsonValue] = Field(default_factory=list)


class Chain(_Said):
    """A chain; `hook` and `policy` are there for those that packets enter by themselves."""

    family: str
    table: str
    name: str
    hook: str | None = None
    policy: str | None = None


class Statement(_Said):
    """A rule with its parts in order."""

    family: str
    table: str
    chain: str
    expr: list[JsonObject]


class Item(_Said):
    """One object of a listing."""

    table: JsonObject | None = None
    set: Set | None = None
    chain: Chain | None = None
    rule: Statement | None = None


class _Listing(_Said):
    nftables: list[Item]


@dataclass(frozen=True, slots=True)
class Space:
    """Where the programs run: the machine's own network, or a namespace of `ip netns`."""

    netns: str | None = None
    timeout_s: float = 10.0

    def ran(self, command: Sequence[str], stdin: bytes = b"") -> Ran:
        """Run a program there. Raises: ToolError when it is not installed, takes too long or says too much, and
        when it was ended from outside: whether it acted is then not known."""
        inside = [] if self.netns is None else ["ip", "netns", "exec", self.netns]
        done = run([*inside, *command], stdin=stdin, timeout_s=self.timeout_s, most_bytes=MOST_BYTES)
        if done.code < 0:
            raise ToolError("interrupted", f"{command[0]} was ended from outside", "check before trying again")
        if b"Cannot open network namespace" in done.stderr:
            hint = "`ip netns` lists those there are; correct MCPSOC_FIREWALL_NETNS or _ENDPOINT_NETNS"
            raise ToolError("unreachable", "the network namespace of the firewall is not there", hint)
        if self.netns is not None and done.stderr.startswith(b"exec of "):
            raise ToolError(
                "not_installed", f"the program {Path(command[0]).name} is not there", f"install {command[0]}"
            )
        if b"Operation not permitted" in done.stderr or b"CAP_NET_ADMIN" in done.stderr:
            raise ToolError("forbidden", f"{command[0]} is not permitted here", "the server needs CAP_NET_ADMIN")
        return done


@dataclass(frozen=True, slots=True)
class Nft:
    """Commands to the packet filter of one network."""

    space: Space
    program: str = "nft"

    def listed(self, *what: str) -> list[Item]:
        """What `nft list` shows. Raises: ToolError, also where there is no such thing.

        nft 1.0.6 writes what lies in memory in place of a table's flags: any byte is taken there."""
        done = self.space.ran([self.program, "-j", "list", *what])
        if done.code != 0:
            raise refused()
        readable = done.stdout.translate(_NO_CONTROLS).decode("utf-8", "replace")
        try:
            return _Listing.model_validate_json(readable).nftables
        except ValidationError:
            raise ToolError(
                "bad_answer", "nft gave a listing that cannot be read", "is it version 1.0 or later?"
            ) from None

    def apply(self, commands: Sequence[JsonObject], *, dry: bool = False) -> None:
        """Carry out all of the commands or none of them; with `dry`, only have them checked."""
        request = _Request(nftables=[{"metainfo": {"json_schema_version": 1}}, *commands])
        words = [self.program, *(["-c"] if dry else []), "-j", "-f", "-"]
        if self.space.ran(words, request.model_dump_json().encode()).code != 0:
            raise refused()


def hooked(items: Sequence[Item], chain: str, hook: str) -> bool:
    """Whether packets enter a chain of a listed table there. None do while the table is dormant: nft lists `flags`
    then, which of the tables made here nothing else sets, and which nft 1.0.6 does not name."""
    if any(item.table is not None and "flags" in item.table for item in items):
        return False
    return any(item.chain is not None and (item.chain.name, item.chain.hook) == (chain, hook) for item in items)


class _Request(BaseModel):
    nftables: list[JsonObject]


def refused() -> ToolError:
    """The packet filter did nothing. What it said may quote outside text and is left out."""
    return ToolError("refused_by_backend", "the packet filter refused the command and changed nothing", "see nft -c")
