"""What the tools ask of a trail.

embedded.py   the simulated enterprise     cloudtrail.py   files of AWS CloudTrail
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from servers.cloud.models import CloudEvent
from servers.kit import Problem

Facet: TypeAlias = Literal["principal", "api", "source", "access_key", "region", "error", "user_agent"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events; what is None is not asked for. A principal is an ARN, the role's ARN, or a user's name."""

    start: datetime | None = None
    end: datetime | None = None
    principal: str | None = None
    api: str | None = None
    source: str | None = None
    access_key: str | None = None
    failed: bool | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Events that share the values asked for, in that order."""

    values: tuple[str | None, ...]
    events: int
    failed: int
    principals: int
    sources: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """How often, and from when to when; times are None for never."""

    events: int
    failed: int
    days: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of events, oldest first, and how many there are in all."""

    events: Sequence[CloudEvent]
    total: int


class Trail(Protocol):
    """What is known of the calls. Raises: ToolError."""

    def find(self, asked: Asked, offset: int, limit: int) -> Found:
        """Events."""

    def count(self, asked: Asked, by: Sequence[Facet]) -> Sequence[Counted]:
        """Groups of events, the largest first."""

    def seen(self, asked: Asked) -> Seen:
        """How often."""

    def blind(self, asked: Asked) -> Problem | None:
        """Why the trail does not speak for the whole window, and for whom is asked; without ends: for what it holds."""


@dataclass(frozen=True, slots=True)
class CloudBackend:
    """What is behind the server."""

    product: str
    sensor: str
    probe: Callable[[], str]
    now: Callable[[], datetime]
    trail: Trail
