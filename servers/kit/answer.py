"""What a tool method gives back, and the envelope every caller gets.

A method returns a `Reply` around its output model or raises `ToolError`; everything else of the envelope (status,
untrusted paths, bounds, masking) is the kit's work, so that no server can forget it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from servers.errors import ToolError
from servers.kit.provenance import T1

JsonObject: TypeAlias = dict[str, JsonValue]
Status: TypeAlias = Literal["success", "no_data", "error", "stale", "refused"]
Backend: TypeAlias = Literal["real", "embedded"]

MAX_ROWS = 200


class Output(BaseModel):
    """Base of every output model: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    rows: ClassVar[str | None] = None
    """Name of the list field that paging and the size cap may shorten; an empty one means `no_data`."""

    @classmethod
    def of(cls, found: object) -> Self:
        """The model whose fields are the attributes of the same names."""
        return cls.model_validate(found, from_attributes=True)


R = TypeVar("R")
A = TypeVar("A", bound="Output")
D = TypeVar("D", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer is missing or must not be trusted to be whole."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reply(Generic[D]):
    """One answer of one tool."""

    data: D
    summary: str
    """One line for the reader, made of counts and T0/T1 values only."""
    sensor: str | None = None
    """Sensor (log source) the answer rests on."""
    query: str | None = None
    """What was asked of the backend, in its own words."""
    observed_at: datetime | None = None
    """As of when the answer holds; the server's clock when left out."""
    total: int | None = None
    """How many rows there are in all; the number of rows given when left out."""
    after: tuple[str, ...] = ()
    """Beside each row the cursor that goes on after it; empty where there is no paging."""
    more: bool = False
    """Whether rows follow after those given."""
    stale: Problem | None = None
    """Set when the sensor behind the answer did not cover what was asked: the data is kept, absence proves nothing."""
    empty: bool = False
    """Set when an answer without rows found nothing."""
    beside: bool = False
    """Set when something was found that is not among the rows, so that no rows is not nothing."""


class Health(Output):
    """Whether a server can answer."""

    server: Annotated[str, T1]
    backend: Annotated[Backend, T1]
    product: Annotated[str, T1]
    """What is behind the server: a product's name, or `embedded`."""
    ready: Annotated[bool, T1]
    detail: Annotated[str, T1]
    """One line: what is behind the server, or what is missing."""
    time: Annotated[str, T1]
    """The server's clock."""
    read_only: Annotated[bool, T1]
    """True when no tool that changes anything is registered."""
    warnings: Annotated[list[str], T1] = []
    """What an operator has to look after although the server answers."""


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time with its zone, as ISO 8601."""
Limit = Annotated[int, Field(ge=1, le=MAX_ROWS)]
"""How many rows at most."""
Cursor = Annotated[str | None, Field(max_length=120)]
"""Where to go on: `next_cursor` of the answer before, unchanged."""


@dataclass(frozen=True, slots=True)
class Paged(Generic[R]):
    """A page of a list that is known whole."""

    rows: tuple[R, ...]
    total: int
    after: tuple[str, ...]
    more: bool

    def reply(
        self,
        data: A,
        summary: str,
        *,
        sensor: str | None = None,
        query: str | None = None,
        observed_at: datetime | None = None,
        stale: Problem | None = None,
        beside: bool = False,
    ) -> Reply[A]:
        """The answer that shows this page."""
        return Reply(
            data,
            summary,
            sensor=sensor,
            query=query,
            observed_at=observed_at,
            total=self.total,
            after=self.after,
            more=self.more,
            stale=stale,
            beside=beside,
        )


def paged(rows: Sequence[R], limit: int, cursor: str | None) -> Paged[R]:
    """The page of `rows` that a cursor of an earlier page asks for.

    Raises: ToolError for a cursor that is none."""
    start = offset_of(cursor)
    page = tuple(rows[start : start + limit])
    return Paged(page, len(rows), row_cursors(start, len(page)), start + len(page) < len(rows))


def row_cursors(start: int, count: int) -> tuple[str, ...]:
    """Beside each of `count` rows from `start` on the cursor that goes on after it."""
    return tuple(f"row-{start + n + 1}" for n in range(count))


def offset_of(cursor: str | None) -> int:
    """How many rows of a list come before the page that a cursor asks for.

    Raises: ToolError for a cursor that is none."""
    if cursor is None:
        return 0
    if (match := re.fullmatch(r"row-(\d{1,9})", cursor)) is None:
        raise bad_cursor()
    return int(match.group(1))


def bad_cursor() -> ToolError:
    """The answer to a cursor that no earlier answer gave."""
    return ToolError("invalid_argument", "the cursor is not one of this tool", "pass next_cursor unchanged")
