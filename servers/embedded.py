"""What the embedded servers share: the door to the lab, and how its pages and blind spots become replies."""

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from servers.errors import ConfigurationError, ToolError
from servers.kit import Change, Conditions, Problem, Read, SecurityServer, build_server
from servers.kit.answer import bad_cursor
from servers.kit.conditions import EVERYTHING
from servers.kit.ecs import FIELDS, Event
from servers.kit.envelope import iso
from servers.kit.tool import Method, closest
from servers.lab.queries import coverage, entities
from servers.lab.queries.events import Page
from servers.lab.records import Host, JsonObject, to_ms
from servers.lab.world import Lab

Name = Annotated[str, Field(min_length=1, max_length=255)]
"""A name, address or id."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
"""A SHA-256 in hex."""
Reason = Annotated[str, Field(min_length=3, max_length=300)]
"""Why, for the record."""


class LabDoor:
    """Opens the lab on first need and shares it with every server of the process."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lab: Lab | None = None
        self._lock = threading.Lock()

    @property
    def lab(self) -> Lab:
        """The lab. Raises: ToolError when there is none."""
        with self._lock:
            if self._lab is None:
                self._lab = self._opened()
            return self._lab

    @property
    def db(self) -> Connection:
        """The lab's tables, to read."""
        return self.lab.db

    def now(self) -> datetime:
        """The lab's clock."""
        return self.lab.now()

    def probe(self) -> str:
        """What is behind the embedded servers, in one line."""
        self.now()
        return "simulated enterprise, synthetic data"

    def _opened(self) -> Lab:
        if self.path is None or not self.path.exists():
            raise ToolError("no_lab", "there is no simulated enterprise to answer from", "make one: mcpsoc lab create")
        try:
            lab = Lab.open(self.path)
        except ConfigurationError as error:
            remedy = "make a new one: mcpsoc lab create"
            raise ToolError("no_lab", "the simulated enterprise cannot be opened", remedy) from error
        weakref.finalize(self, lab.close)
        return lab


def lab_server(
    name: str,
    door: LabDoor,
    *,
    reads: Sequence[Method | Read],
    changes: Sequence[Change] = (),
    instructions: str = "",
    settings: BaseModel | None = None,
    conditions: Conditions = EVERYTHING,
) -> SecurityServer:
    """A server that answers from the lab: embedded, synthetic, by the lab's clock."""
    return build_server(
        name,
        reads=reads,
        changes=changes,
        backend="embedded",
        synthetic=True,
        clock=door.now,
        probe=door.probe,
        instructions=instructions,
        settings=settings,
        conditions=conditions,
    )


def host_of(db: Connection, name: str) -> Host:
    """The inventory host of that name, id or address.

    Raises: ToolError when the inventory has none: nothing can be said about a machine nobody watches."""
    if (host := entities.get_host(db, name)) is None:
        raise ToolError("unknown_host", "no host of the inventory has this name, id or address", "try assets_resolve")
    return host


def check_window(start: datetime, end: datetime) -> None:
    """Raises: ToolError when the window ends before it starts."""
    if end < start:
        raise ToolError("invalid_argument", "end lies before start", "start and end are inclusive ISO times")


def check_fields(names: Mapping[str, str] | list[str], argument: str) -> None:
    """Raises: ToolError for a name that is no field: a mistyped filter must not look like nothing found."""
    for name in names:
        if name not in FIELDS:
            close = closest(name, FIELDS)
            hint = f"did you mean {close!r}?" if close else "fields are flat ECS names such as source.ip or user.name"
            raise ToolError("unknown_field", f"{argument}: there is no such field", hint)


def blind_spot(db: Connection, sensors: list[str], host: str | None, start: datetime, end: datetime) -> Problem | None:
    """What kept one of the sensors from seeing the whole window; None when all of them did."""
    for sensor in sensors:
        seen = coverage.coverage(db, sensor=sensor, host=host, start=start, end=end)
        if seen is None or not seen.covered:
            state = "not_deployed" if seen is None else seen.state
            message = f"{sensor} did not cover the whole window: {state}"
            return Problem("not_covered", message, "absence proves nothing here; see siem_check_coverage")
    return None


def events_of(page: Page) -> list[Event]:
    """The events of a page."""
    return [Event(event) for event in page.events]


def cursors_of(events: tuple[JsonObject, ...]) -> tuple[str, ...]:
    """Beside each event the cursor that goes on after it."""
    return tuple(_cursor(event) for event in events)


def _cursor(event: Mapping[str, JsonValue]) -> str:
    time = datetime.fromisoformat(str(event["@timestamp"]))
    return f"{to_ms(time)}:{event['event.id']}"


def searched(search: Callable[[], Page]) -> Page:
    """The page a search gives. Raises: ToolError for a cursor that is not one of this search."""
    try:
        return search()
    except ValueError:
        raise bad_cursor() from None


def asked(conditions: Mapping[str, str | None], start: datetime, end: datetime) -> str:
    """What was asked of the event store, for the record."""
    named = " and ".join(f"{name}={value}" for name, value in conditions.items() if value is not None)
    return f"{named or 'everything'} from {iso(start)} to {iso(end)}"


def only(events: Sequence[Event], fields: Sequence[str] | None) -> list[Event]:
    """The events reduced to some of their fields; time and id always stay."""
    if fields is None:
        return list(events)
    kept = {"@timestamp", "event.id", *fields}
    return [Event({name: value for name, value in event.root.items() if name in kept}) for event in events]


def iso_or_none(moment: datetime | None) -> str | None:
    """A time as text, where there is one."""
    return None if moment is None else iso(moment)
