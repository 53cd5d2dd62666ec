"""What a network sensor can do for this server. Each part that a product lacks is a tool that is not there.

embedded.py   the simulated enterprise     suricata.py   log, engine and socket of Suricata     zeek.py   logs of Zeek
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from servers.ids.models import Capture, NetworkEvent, Tested
from servers.kit import Problem, Reply

IndicatorType: TypeAlias = Literal["domain", "address"]


@dataclass(frozen=True, slots=True)
class Record:
    """One event of the sensor, as far as it is compared; `event` gives it whole."""

    time: datetime
    id: str
    kind: str
    """alert, flow, dns, http, tls, fileinfo ..."""
    flow: str
    """Empty where it belongs to none."""
    source: str
    destination: str
    event: Callable[[], NetworkEvent]


class EventLog(Protocol):
    """What the sensor wrote. Raises: ToolError."""

    def alerts(self, start: datetime, end: datetime) -> Sequence[Record]:
        """Alerts of a window, oldest first."""

    def host(self, address: str, start: datetime, end: datetime) -> Sequence[Record]:
        """Everything from and to an address in a window, oldest first."""

    def flow(self, flow: str) -> Sequence[Record]:
        """Everything of one flow, oldest first."""

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """Why the log does not speak for the whole window."""


class Engine(Protocol):
    """The sensor's engine over captures. Raises: ToolError."""

    def analyse(self, path: str, limit: int, cursor: str | None) -> Reply[Capture]:
        """What the rules find in a capture."""

    def try_rule(self, rule: str, path: str, limit: int, cursor: str | None) -> Reply[Tested]:
        """What one rule finds in a capture."""


class Indicators(Protocol):
    """Values the sensor alerts on. Every method asks the product afresh. Raises: ToolError."""

    def has(self, kind: IndicatorType, value: str) -> bool:
        """Whether the sensor alerts on it."""

    def add(self, kind: IndicatorType, value: str) -> bool:
        """Alert on it from now on; False when it was there."""

    def remove(self, kind: IndicatorType, value: str) -> bool:
        """Alert on it no more; False when it was not there."""


class Rules(Protocol):
    """The rule file that is this server's own. Raises: ToolError."""

    def current(self) -> tuple[str, ...]:
        """Its rules."""

    def check(self, rules: Sequence[str]) -> None:
        """Have the engine load them without effect."""

    def load(self, rules: Sequence[str]) -> str:
        """Put them in place of the rules there and have the sensor load them; the file's sha256."""

    def in_force(self, rules: Sequence[str]) -> bool:
        """Whether the sensor runs exactly these from the file."""


@dataclass(frozen=True, slots=True)
class IdsBackend:
    """One product behind the ids server."""

    product: str
    probe: Callable[[], str]
    """What is behind, in one line. Raises: ToolError when it cannot be reached."""
    sensor: str
    now: Callable[[], datetime]
    log: EventLog | None
    engine: Engine | None = None
    indicators: Indicators | None = None
    rules: Rules | None = None
