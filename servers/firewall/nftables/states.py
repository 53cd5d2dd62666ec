"""The kernel's table of connections, through the program `conntrack`.

Source: conntrack(8).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from servers.errors import ToolError
from servers.firewall.backend import Network, State, shown
from servers.nft import Space

_FAMILIES: Final = {4: "ipv4", 6: "ipv6"}
_ENDS: Final = ("--orig-src", "--orig-dst")
"""Both ends of a connection as it was begun."""
_TRANSLATED: Final = ("--reply-src", "--reply-dst")
"""Both ends after address translation; the program takes no networks here."""
_DELETED: Final = re.compile(rb"(\d+) flow entries have been deleted")
_PAIR: Final = re.compile(r"(\w+)=(\S+)")
_PHASE: Final = re.compile(r"[A-Z][A-Z_0-9]+")


@dataclass(frozen=True, slots=True)
class Conntrack:
    """Connections of one network space. There are none where no rule asks for connection tracking; those that address
    translation brings into a network are found by single address only."""

    space: Space
    program: str = "conntrack"

    def states(self, network: Network) -> Sequence[State]:
        """Connections with an end in the network."""
        lines: dict[str, None] = {}
        for asked in _asked(network):
            done = self.space.ran([self.program, "-L", *asked])
            if done.code != 0:
                raise ToolError("refused_by_backend", "conntrack could not list the connections", "see conntrack -L")
            lines |= dict.fromkeys(done.stdout.decode(errors="replace").splitlines())
        return tuple(_states(lines))

    def kill(self, network: Network) -> int:
        """Delete them; how many."""
        return sum(self._killed(asked) for asked in _asked(network))

    def _killed(self, asked: Sequence[str]) -> int:
        done = self.space.ran([self.program, "-D", *asked])
        told = _DELETED.search(done.stderr)
        if told is None:
            raise ToolError("refused_by_backend", "conntrack could not end the connections", "see conntrack -D")
        return int(told.group(1))


def _asked(network: Network) -> Sequence[Sequence[str]]:
    """What finds each connection of the network at least once."""
    single = network.prefixlen == network.max_prefixlen
    ends = (*_ENDS, *_TRANSLATED) if single else _ENDS
    return [("-f", _FAMILIES[network.version], end, shown(network)) for end in ends]


def _states(lines: Sequence[str] | dict[str, None]) -> Iterator[State]:
    """Source: output of conntrack(8): protocol, its number, seconds left, phase if any, original then reply."""
    for line in lines:
        words = line.split()
        pairs = _PAIR.findall(line)
        given = dict(reversed(pairs))
        if len(words) < 4 or "src" not in given or "dst" not in given:
            continue
        yield State(
            protocol=words[0],
            source=given["src"],
            destination=given["dst"],
            source_port=_number(given.get("sport")),
            destination_port=_number(given.get("dport")),
            phase=words[3] if _PHASE.fullmatch(words[3]) else None,
            packets=_number(given.get("packets")),
            bytes=_number(given.get("bytes")),
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
