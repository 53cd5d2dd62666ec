"""Under what a server runs, made once from the settings and handed to every server alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from servers.errors import ListError
from servers.kit.actions import ActionStore
from servers.kit.calls import CallLog
from servers.kit.gate import Gate
from servers.kit.guards import Protected
from servers.kit.tool import closest

NOTHING: Final = Protected()
"""No target is named; only the guards that hold everywhere."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the operator permits, and where it is kept."""

    gate: Gate | None = None
    """None: no grant can be checked, so that no change exists."""
    actions: ActionStore | None = None
    """None: changes are remembered as long as the server lives."""
    read_only: bool = False
    """No change exists, whatever else is said."""
    allow: frozenset[str] | None = None
    """The only tools there are, beside health; None: all."""
    deny: frozenset[str] = frozenset()
    """Tools there are not, whatever `allow` says."""
    calls: CallLog | None = None
    """None: no call is written down."""
    timeout_s: float = 20.0
    """How long one call may take, in seconds."""
    protected: Protected = NOTHING

    def offers(self, tool: str) -> bool:
        """Whether the lists let a tool be there."""
        return tool not in self.deny and (self.allow is None or tool in self.allow)

    def check_names(self, known: Iterable[str], unready: Iterable[str] = ()) -> None:
        """`unready` are servers whose tools nobody knows now: they offer none, so that no name of theirs permits any.

        Raises: ListError for a listed tool that no server has: a mistyped denial must not permit."""
        known, theirs = frozenset(known), tuple(f"{server}_" for server in unready)
        for setting, names in (("MCPSOC_TOOLS_ALLOW", self.allow or ()), ("MCPSOC_TOOLS_DENY", self.deny)):
            for name in sorted(names):
                if name not in known and not name.startswith(theirs):
                    near = closest(name, known)
                    hint = f"; did you mean {near!r}?" if near else ""
                    raise ListError(f"{setting}: no server, as configured, has a tool {name!r}{hint}")


EVERYTHING: Final = Conditions()
"""No list, no gate: every read, no change."""
