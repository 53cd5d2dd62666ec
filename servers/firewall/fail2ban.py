"""fail2ban: bans in one jail that belongs to this server, seen beside the bans of all other jails.

A ban set by hand has no time of its own: fail2ban ends it when the jail's `bantime`, as it is then, is over. This
server therefore lifts its bans itself at their time, and refuses a block that the jail would end earlier. A ban whose
action failed is listed like any other, so that no listing proves that packets are dropped.

Source: fail2ban-client(1), jail.conf(5), version 1.0.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal

from servers.errors import ToolError
from servers.firewall.backend import Entry, Network, blocked_already, covers, lasts_longer, lift_there, shown
from servers.kit.programs import Ran, run

MOST_BYTES: Final = 4_000_000
_NOBODY: Final = (b"Failed to access socket", b"Unable to contact server", b"Is fail2ban running")
_JAILS: Final = re.compile(r"Jail list:[ \t]*(.*)")
_BAN: Final = re.compile(r"(\S+)\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \+ (-?\d+) = .*")
_JAIL: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Fail2Ban:
    """One fail2ban server, through its client program and its socket."""

    socket: Path
    jail: str
    """The jail that this server writes to: enabled, of its own, with a filter that matches nothing."""
    program: str = "fail2ban-client"
    timeout_s: float = 10.0
    lapses: Literal["backend", "server"] = "server"
    unproved: str = "listed by fail2ban; whether its action dropped anything cannot be read"

    def entries(self) -> Sequence[Entry]:
        """Bans of every jail."""
        return tuple(entry for jail in self._jails() for entry in self._banned(jail))

    def covering(self, network: Network) -> Entry | None:
        """A ban of any jail that holds all of `network`; our own jail is asked first."""
        return next(iter(self.holding(network)), None)

    def holding(self, network: Network) -> Sequence[Entry]:
        """The bans of all jails that hold all of `network`, our own jail's first."""
        found = [entry for entry in self.entries() if covers(entry.network, network)]
        return sorted(found, key=lambda entry: not entry.ours)

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """fail2ban offers no dry run; that the jail is there and keeps the ban long enough is looked up, and that no
        other jail bans it for at least as long."""
        longest = self._bantime()
        if longest is not None and longest < lasts:
            minutes = int(longest.total_seconds() // 60)
            hint = "raise the jail's bantime, or ask for less"
            raise ToolError("not_offered", f"the jail ends every ban after {minutes} minutes", hint)
        if lasts_longer(self.holding(network), datetime.now(UTC) + lasts):
            raise blocked_already("another jail bans this for at least as long")
        return False

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Ban it, anew where it is banned: the time counts from now."""
        self.try_block(network, lasts, note)
        if any(entry.network == network for entry in self._banned(self.jail)):
            self._said("set", self.jail, "unbanip", shown(network))
        self._said("set", self.jail, "banip", shown(network))
        return datetime.now(UTC) + lasts

    def unblock(self, network: Network) -> bool:
        """End the ban of exactly this network in our own jail: those of other jails are somebody else's."""
        found = [entry for entry in self.holding(network) if entry.network == network]
        if any(entry.ours for entry in found):
            return self._said("set", self.jail, "unbanip", shown(network)).strip() == "1"
        if found:
            raise lift_there("a ban in another jail")
        return False

    def lapse(self, network: Network) -> bool:
        """End the ban of our own jail. True when it is gone, whatever other jails ban."""
        if any(entry.network == network for entry in self._banned(self.jail)):
            self._said("set", self.jail, "unbanip", shown(network))
        return all(entry.network != network for entry in self._banned(self.jail))

    def probe(self) -> str:
        """Whether the server answers and has our jail."""
        version, jails = self._said("version").strip(), self._jails()
        if self.jail not in jails:
            raise ToolError("not_configured", "fail2ban has no jail for this server", "see MCPSOC_FIREWALL_JAIL")
        return f"fail2ban {version if re.fullmatch(r'[0-9.a-z]{1,20}', version) else ''}, {len(jails)} jails"

    def _jails(self) -> tuple[str, ...]:
        found = _JAILS.search(self._said("status"))
        if found is None:
            raise _unreadable()
        names = [name.strip() for name in found.group(1).split(",")]
        return tuple(name for name in names if _JAIL.fullmatch(name))

    def _banned(self, jail: str) -> Iterator[Entry]:
        for line in self._said("get", jail, "banip", "--with-time").splitlines():
            if (ban := _BAN.fullmatch(line.strip())) is not None:
                yield replace(_entry(jail, *ban.groups()), ours=jail == self.jail)
            elif line.strip():
                raise _unreadable()

    def _bantime(self) -> timedelta | None:
        """How long the jail keeps a ban; None: for ever."""
        try:
            seconds = int(self._said("get", self.jail, "bantime"))
        except ValueError:
            raise _unreadable() from None
        return None if seconds < 0 else timedelta(seconds=seconds)

    def _said(self, *words: str) -> str:
        """What the server answers to one command. Raises: ToolError; what it said is not quoted."""
        command = [self.program, "-s", str(self.socket), *words]
        done = run(command, timeout_s=self.timeout_s, most_bytes=MOST_BYTES)
        if done.code == 0:
            return done.stdout.decode("utf-8", "replace")
        raise _failed(done)


def _entry(jail: str, target: str, since: str, seconds: str) -> Entry:
    """fail2ban writes times as its own machine's local time, which is this one's."""
    try:
        network, began = ip_network(target, strict=False), datetime.fromisoformat(since).astimezone(UTC)
    except ValueError:
        raise _unreadable() from None
    lasts = int(seconds)
    return Entry(network, began, None if lasts < 0 else began + timedelta(seconds=lasts), by=f"jail {jail}")


_SOCKET: Final = "is it running, is MCPSOC_FIREWALL_SOCKET its socket, and may we use it?"


def _failed(done: Ran) -> ToolError:
    if done.code < 0:
        return ToolError("interrupted", "fail2ban-client was ended from outside", "check before trying again")
    if any(text in done.stderr + done.stdout for text in _NOBODY):
        return ToolError("unreachable", "no fail2ban server answers at the socket", _SOCKET)
    return ToolError("refused_by_backend", "fail2ban refused the command", "its log has the reason")


def _unreadable() -> ToolError:
    return ToolError("bad_answer", "fail2ban gave an answer that cannot be read", "is it version 0.11 or later?")
