"""What a resolver can do for this server. Each part that a product lacks is a tool that is not there.

embedded.py   the simulated enterprise        unbound.py   control, log and list of sinkholes of Unbound
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from servers.dns.models import QueryEvent
from servers.kit import Problem
from servers.kit.guards import Hit


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the resolver, names in lower case without the final dot."""

    time: datetime
    client: str
    name: str
    kind: str
    """A, AAAA, TXT ..."""
    domain: str | None
    """The registered domain."""
    failed: bool
    """No answer was given out; False where the log does not tell."""
    event: Callable[[], QueryEvent]


class QueryLog(Protocol):
    """The questions the resolver was asked. Raises: ToolError."""

    def queries(
        self, start: datetime, end: datetime, domain: str | None = None, client: str | None = None
    ) -> Sequence[Query]:
        """Those of a window, oldest first; of one domain with all below it, and of one client, where given."""

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """Why the log does not speak for the whole window."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sinkhole. Times are None where nobody wrote them down."""

    domain: str
    since: datetime | None
    until: datetime | None
    by: str
    in_force: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets."""

    how: Literal["no_such_name", "local_answer", "as_usual"]
    addresses: tuple[str, ...] = ()


class Sinkholes(Protocol):
    """Domains that get no answer. Every method asks the product afresh. Raises: ToolError."""

    def entries(self) -> Sequence[Entry]:
        """All of them."""

    def add(self, domain: str, until: datetime, reason: str) -> None:
        """Give out no answer for a domain and all below it; doing it again moves the end."""

    def remove(self, domain: str) -> bool:
        """End a sinkhole; False when there was none."""

    def answer(self, domain: str) -> Answer:
        """What a client gets for that very name, asked so that the question goes no further."""

    def hits(self, domain: str) -> tuple[Hit, ...]:
        """What the product itself has against it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a resolver said."""

    code: str
    answers: tuple[str, ...]
    ttl_s: int | None


@dataclass(frozen=True, slots=True)
class DnsBackend:
    """One product behind the dns server."""

    product: str
    probe: Callable[[], str]
    """What is behind, in one line. Raises: ToolError when it cannot be reached."""
    sensor: str
    now: Callable[[], datetime]
    log: QueryLog | None
    sinkholes: Sinkholes | None
    own_domains: Callable[[], Sequence[str]]
    resolve: Callable[[str, str], Said] | None = None
    """Asks the configured resolver for a name and a type: the question may leave the house."""
