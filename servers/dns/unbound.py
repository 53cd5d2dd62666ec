"""Unbound: sinkholes as local zones, held in a file that its configuration includes; its log; what a client is told.

Local zones set over the control channel are gone after a restart. The file holds them as configuration, so that an
Unbound that includes it keeps them, and as our record of when each lapses.
"""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from servers.dns.asking import Asking
from servers.dns.backend import Answer, Entry
from servers.dns.control import Control
from servers.kit import ToolError
from servers.kit.guards import Hit

ZONE_TYPE: Final = "always_nxdomain"
BY: Final = "dns server"
_MARK: Final = "  # mcpsoc "
_HEAD: Final = (
    "# Sinkholes of MCPSoc. It writes this file; include it in unbound.conf so that they outlive a restart.\nserver:\n"
)


class Held(BaseModel):
    """A sinkhole as it stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    since: AwareDatetime
    until: AwareDatetime
    reason: str


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """The file of sinkholes."""

    path: Path

    def held(self) -> Sequence[Held]:
        """All that it holds. Raises: ToolError when it cannot be read."""
        try:
            lines = self.path.read_text("ascii").splitlines() if self.path.exists() else []
            return [Held.model_validate_json(line.removeprefix(_MARK)) for line in lines if line.startswith(_MARK)]
        except (OSError, ValidationError, UnicodeError):
            raise ToolError(
                "unreadable", "the file of sinkholes cannot be read", "see MCPSOC_DNS_SINKHOLE_FILE"
            ) from None

    def write(self, held: Sequence[Held]) -> None:
        """Put these in its place, whole or not at all. Raises: ToolError."""
        text = _HEAD + "".join(_written(each) for each in sorted(held, key=lambda each: each.domain))
        fresh = self.path.with_name(f".{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, "ascii")
            fresh.chmod(0o644)
            fresh.replace(self.path)
        except OSError:
            raise ToolError(
                "unwritable", "the file of sinkholes cannot be written", "see MCPSOC_DNS_SINKHOLE_FILE"
            ) from None


class UnboundSinkholes:
    """Domains that Unbound answers with NXDOMAIN."""

    def __init__(self, control: Control, file: ZoneFile, asking: Asking) -> None:
        self._control, self._file, self._asking = control, file, asking
        self._lock = threading.Lock()

    def entries(self) -> Sequence[Entry]:
        """What the file holds, and sinkholes of the same kind that somebody else set."""
        zones, held = self._zones(), self._file.held()
        mine = [
            Entry(
                each.domain,
                each.since,
                each.until,
                BY,
                in_force=zones.get(each.domain) == ZONE_TYPE,
                reason=each.reason,
            )
            for each in held
        ]
        known = {each.domain for each in held}
        others = [name for name, kind in zones.items() if kind == ZONE_TYPE and name not in known]
        return [*mine, *(Entry(name, None, None, "the resolver's own configuration", in_force=True) for name in others)]

    def add(self, domain: str, until: datetime, reason: str) -> None:
        """First the file, then the resolver: what is in force is always written down, and what surely is not, never."""
        with self._lock:
            if self.hits(domain):
                raise ToolError("protected_target", "the resolver's own configuration has this zone")
            before = self._file.held()
            new = Held(domain=domain, since=datetime.now(UTC), until=until, reason=reason)
            self._file.write([*(each for each in before if each.domain != domain), new])
            try:
                self._control.ask("local_zone", domain, ZONE_TYPE)
            except ToolError:
                self._as_before(domain, before)
                raise

    def _as_before(self, domain: str, held: Sequence[Held]) -> None:
        """The file as it was, when the resolver surely took nothing: else its next start would set what nobody ends."""
        with suppress(ToolError):
            if self._zones().get(domain) != ZONE_TYPE:
                self._file.write(held)

    def remove(self, domain: str) -> bool:
        """First the resolver, then the file. A zone that is not ours stays."""
        with self._lock:
            held = self._file.held()
            if not any(each.domain == domain for each in held):
                return False
            if self._zones().get(domain) == ZONE_TYPE:
                self._control.ask("local_zone_remove", domain)
            self._file.write([each for each in held if each.domain != domain])
            return True

    def answer(self, domain: str) -> Answer:
        """Asked without recursion: Unbound then answers from local zones alone and refuses the rest."""
        said = self._asking.ask(domain, "A", recurse=False)
        if said.code == "NXDOMAIN":
            return Answer("no_such_name")
        return Answer("local_answer" if said.code == "NOERROR" and said.answers else "as_usual", said.answers)

    def hits(self, domain: str) -> tuple[Hit, ...]:
        """A zone that the configuration holds: setting and removing ours would end it."""
        kind = self._zones().get(domain)
        mine = any(each.domain == domain for each in self._file.held())
        if kind is None or (mine and kind == ZONE_TYPE):
            return ()
        return (Hit("configured_zone", "the resolver's own configuration has this zone"),)

    def _zones(self) -> dict[str, str]:
        rows = (line.split() for line in self._control.ask("list_local_zones").splitlines())
        return {row[0].rstrip(".").lower(): row[1] for row in rows if len(row) == 2}


def version(control: Control) -> str:
    """Product and version. Raises: ToolError."""
    words = dict(line.split(": ", 1) for line in control.ask("status").splitlines() if ": " in line)
    return f"Unbound {words.get('version', 'of unknown version')}, up {words.get('uptime', 'for an unknown time')}"


def _written(held: Held) -> str:
    note = json.dumps(held.model_dump(mode="json"))
    return f'{_MARK}{note}\n  local-zone: "{held.domain}." {ZONE_TYPE}\n'
