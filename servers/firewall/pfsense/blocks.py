"""Blocks on a box: entries of one alias, in force while the packet filter's table holds them and its rules drop them.

The box does not end a block by itself. Who set it, and until when, stands in the text beside the address, so that a
restarted server finds its own.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Literal

from servers.errors import ToolError
from servers.firewall.backend import Entry, Network, covers, plain_note
from servers.firewall.pfsense import client
from servers.firewall.pfsense.answers import Alias
from servers.firewall.pfsense.own import OwnAddresses
from servers.firewall.pfsense.ruling import Ruling
from servers.firewall.pfsense.settings import SETUP
from servers.firewall.pfsense.states import BoxStates
from servers.kit.envelope import iso

_PATIENCE_S = 2.0
"""How long another's apply may still take before ours is given up."""
_OURS = re.compile(r"^mcpsoc ([0-9a-f]{32}) (\S{1,40}) to (\S{1,40})(?: (.*))?$")


@dataclass(frozen=True, slots=True)
class Label:
    """The text beside an address that this server blocked."""

    id: str
    """32 hex digits, its own for each block: two equal texts put the box's lists out of step."""
    since: datetime
    until: datetime
    note: str = ""

    def text(self) -> str:
        """As it stands at the box: plain ASCII without the box's separator."""
        return f"mcpsoc {self.id} {iso(self.since)} to {iso(self.until)} {plain_note(self.note)}".rstrip()

    @classmethod
    def read(cls, text: str) -> "Label | None":
        """The label a text is; None when somebody else wrote it."""
        if (match := _OURS.match(text)) is None:
            return None
        try:
            since, until = (datetime.fromisoformat(match.group(n)).astimezone(UTC) for n in (2, 3))
        except ValueError:
            return None
        return cls(match.group(1), since, until, match.group(4) or "")


@dataclass(frozen=True, slots=True)
class BoxBlocks:
    """The blocks of one box; `servers.firewall.backend.BlockList`."""

    box: client.PfSense
    states: BoxStates
    own: OwnAddresses
    now: Callable[[], datetime]
    lapses: Literal["backend", "server"] = "server"
    unproved: str = ""

    def entries(self) -> Sequence[Entry]:
        """Addresses of the alias that the packet filter holds too and the rules drop. Names in it are left out: they
        are no addresses."""
        table, ruling = self._table(), self._ruling()
        held = [each for each in _listed(self.box.alias()) if any(covers(wide, each.network) for wide in table)]
        return [entry for entry in held if not ruling.lacking(entry.network)]

    def covering(self, network: Network) -> Entry | None:
        """The block under which all of `network` lies, as the packet filter holds it and the rules drop it."""
        wide = next((each for each in self._table() if covers(each, network)), None)
        if wide is None or self._ruling().lacking(network):
            return None
        listed = (each for each in _listed(self.box.alias()) if covers(each.network, network))
        return next(listed, Entry(wide, None, None, by="the box"))

    def holding(self, network: Network) -> Sequence[Entry]:
        """What the alias or the packet filter's table says of all of `network`: one rule may still use it."""
        listed = [each for each in _listed(self.box.alias()) if covers(each.network, network)]
        table = [Entry(each, None, None, by="the box") for each in self._table() if covers(each, network)]
        return listed or table

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """What would go wrong is found out without changing anything; True where the box itself tried it."""
        alias = self._prepared(network)
        if _entry(alias, network) is not None or not self.box.dry_runs():
            return False
        self.box.append(client.Entry(_written(alias, network), self._label(lasts, note).text()), dry=True)
        return True

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Add it to the alias or move its end, make that live, and end the connections it has open."""
        self.own.refuse(network)
        alias, label = self._prepared(network), self._label(lasts, note)
        if (known := _entry(alias, network)) is None:
            self.box.append(client.Entry(_written(alias, network), label.text()))
        else:
            self.box.describe(client.Entry(known, label.text()))
        self._check(network, label)
        self._cut(network)
        return label.until

    def unblock(self, network: Network) -> bool:
        """Take every entry on exactly this network out of the alias, and make that live."""
        self._nothing_pending(besides=("aliases",))
        alias = self.box.alias()
        return self.box.remove([text for text in alias.address if network_of(text) == network])

    def lapse(self, network: Network) -> bool:
        """Take out the entries on exactly this network that carry our label. True when none is left."""
        self._nothing_pending(besides=("aliases",))
        self.box.remove(_ours(self.box.alias(), network))
        return not _ours(self.box.alias(), network)

    def _table(self) -> Sequence[Network]:
        return [found for text in self.box.table() or () if (found := network_of(text)) is not None]

    def _ruling(self) -> Ruling:
        return Ruling(self.box.rules(), self.box.settings.alias, self.box.interfaces())

    def _label(self, lasts: timedelta, note: str) -> Label:
        since = self.now()
        return Label(uuid.uuid4().hex, since, since + lasts, note)

    def _prepared(self, network: Network) -> Alias:
        """The alias, when a block written to it now would hold and would make nothing else live."""
        alias = self.box.alias()
        name = self.box.settings.alias
        _written(alias, network)
        if any(covers(each.network, network) and each.by != "mcpsoc" for each in _listed(alias)):
            message = "an entry that somebody else put into the alias blocks this already, without an end"
            raise ToolError(
                "blocked_already", message, "ours would end it with the time of ours; see firewall_list_blocks"
            )
        if lack := self._ruling().lacking(network):
            message = f"the rules of the box would not drop all that the alias {name} names: {'; '.join(lack)}"
            raise ToolError("not_prepared", message, SETUP.format(alias=name))
        self._nothing_pending()
        return alias

    def _nothing_pending(self, besides: Sequence[str] = ()) -> None:
        patience_s = min(_PATIENCE_S, self.box.settings.apply_timeout_s)
        if set(self.box.pending(patience_s)) - set(besides):
            message = "the box has changes that nobody applied; making this one live would make those live too"
            raise ToolError("pending_changes", message, "apply or revert them on the box (Firewall > Aliases, Rules)")

    def _check(self, network: Network, label: Label) -> None:
        """Raises: ToolError when the alias does not hold what was written, beside the right address."""
        alias = self.box.alias()
        pairs = zip(alias.address, alias.details(), strict=True)
        if not any(network_of(address) == network and text == label.text() for address, text in pairs):
            raise ToolError("not_written", "the box took the block but its alias does not hold it as written")

    def _cut(self, network: Network) -> None:
        """A block holds for new connections only; those that are open have to be ended."""
        try:
            self.states.kill(network)
        except ToolError as problem:
            message = "the address is blocked, but connections that were open could not be ended"
            raise ToolError(problem.code, message, problem.hint) from None


def network_of(text: str) -> Network | None:
    """The network that an entry of an alias or table is; None for a name."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _entry(alias: Alias, wanted: Network) -> str | None:
    """How exactly this network stands in the alias."""
    return next((text for text in alias.address if network_of(text) == wanted), None)


def _ours(alias: Alias, wanted: Network) -> Sequence[str]:
    """The entries on exactly this network that carry our label."""
    pairs = zip(alias.address, alias.details(), strict=True)
    return [text for text, label in pairs if network_of(text) == wanted and Label.read(label) is not None]


def _listed(alias: Alias) -> Sequence[Entry]:
    found = []
    for address, text in zip(alias.address, alias.details(), strict=True):
        if (held := network_of(address)) is not None:
            label = Label.read(text)
            since, until = (label.since, label.until) if label else (None, None)
            found.append(Entry(held, since, until, by="mcpsoc" if label else "the box", note=text))
    return found


def _written(alias: Alias, wanted: Network) -> str:
    """As an alias of its type takes it. Raises: ToolError for a network where only addresses fit."""
    if alias.type == "network":
        return str(wanted)
    if wanted.prefixlen != wanted.max_prefixlen:
        message = f"the alias {alias.name} is of type host and takes single addresses"
        raise ToolError("not_supported", message, "make it an alias of type network to block networks")
    return str(wanted.network_address)
