"""What a server declares about a tool that changes something, and what one change comes to.

plan (nothing is changed) -> a grant for these arguments -> execute, once per idempotency key -> read back -> record
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from servers.kit.answer import JsonObject
from servers.kit.guards import Hit
from servers.kit.tool import Method

Risk: TypeAlias = Literal["low", "medium", "high"]
Expiry: TypeAlias = Literal["lapse", "hold"]
"""Whether an effect ends at its time by itself, or stays until a person ends it."""
Verified: TypeAlias = Literal[True, False, "unknown"]
"""What reading back at the backend said: the effect is there, is not there, or could not be looked at."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a tool may be called."""

    calls: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Undo:
    """The call that takes a change back; whoever makes it adds a reason and needs a grant of its own."""

    tool: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do, found out without doing it."""

    target: str
    """What is changed, as the backend names it; a T0 or T1 value."""
    blast_radius: str
    """One line of counts and T0/T1 values: whom and what it will be felt by."""
    undo: Undo | None = None
    """None: it cannot be taken back."""
    expires_at: datetime | None = None
    hits: tuple[Hit, ...] = ()
    """What forbids it, grant or not."""
    dry_run: Literal["passed", "not_offered"] = "not_offered"
    """Whether the backend itself tried it without effect. One that failed is a ToolError."""


@dataclass(frozen=True, slots=True)
class Change:
    """A method that changes something. `plan` and `read_back` take the same arguments as the method."""

    method: Method
    plan: Callable[..., Plan | Awaitable[Plan]]
    """Checks the target, asks the backend, changes nothing. Raises: ToolError."""
    read_back: Callable[..., bool | Awaitable[bool | None] | None]
    """Asks the backend afresh whether the effect is there, not what the call answered; None when it cannot be told."""
    risk: Risk
    expiry: Expiry | None = None
    """None: there is no lasting effect, or it is an undo."""
    lapses: Literal["backend", "server"] = "server"
    """Who ends an effect that lapses: a backend that keeps the time itself, or this server by calling the undo."""
    undo: str | None = None
    """Tool that takes it back; None: irreversible, or an undo itself."""
    lapse: Callable[..., bool] | None = None
    """Ends the effect at its time and says whether it is gone, with the arguments of the change; None: the undo does.
    For an undo that also takes back what others did."""
    rate: Rate = Rate(60, per_s=3600)

    @property
    def contains(self) -> bool:
        """Whether it is missed when it vanishes by itself: a block or an isolation is; a note or a setting, which
        people go on changing, is not."""
        lasts = self.expiry == "lapse" or (self.expiry == "hold" and self.risk != "low")
        return lasts and self.undo not in (None, self.method.__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A read that is declared with more than its method."""

    method: Method
    rate: Rate | None = None
    open_world: bool = False
    """Whether it asks a service outside the operator's own systems."""
    timeout_s: float | None = None
    """How long it may take, in seconds; None: as long as every call."""
