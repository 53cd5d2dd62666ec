"""What the siem answers, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from servers.kit import T1, T2, Output
from servers.kit.ecs import AlertDocument, Event, Key


class AlertLine(Output):
    """One alert of the queue."""

    id: Annotated[str, T1]
    time: Annotated[str, T1]
    title: Annotated[str, T2]
    severity: Annotated[str, T1]
    status: Annotated[str, T1]


class Alerts(Output):
    """Alerts, oldest first."""

    rows: ClassVar[str | None] = "alerts"
    alerts: list[AlertLine]


class Alert(Output):
    """One alert."""

    alert: AlertDocument


class Events(Output):
    """Events in order of time."""

    rows: ClassVar[str | None] = "events"
    events: list[Event]


class Bucket(Output):
    """Events with the same values."""

    key: Key
    count: Annotated[int, T1]


class Counts(Output):
    """Groups of events, the largest first."""

    rows: ClassVar[str | None] = "buckets"
    buckets: list[Bucket]
    distinct: Annotated[int, T1]
    """How many groups there are."""
    events: Annotated[int, T1]
    """How many events were counted."""


class Baseline(Output):
    """How usual a value was before a time."""

    first_seen: Annotated[str | None, T1] = None
    last_seen: Annotated[str | None, T1] = None
    events: Annotated[int, T1]
    days_seen: Annotated[int, T1]
    hosts: Annotated[int, T1]
    users: Annotated[int, T1]


class Source(Output):
    """One log source and how fresh it is."""

    name: Annotated[str, T1]
    kind: Annotated[str, T1]
    last_event: Annotated[str | None, T1] = None
    state: Annotated[str, T1]


class Sources(Output):
    """The log sources."""

    rows: ClassVar[str | None] = "sources"
    sources: list[Source]


class Cover(Output):
    """Whether one sensor covered the window."""

    sensor: Annotated[str, T1]
    host: Annotated[str | None, T1] = None
    state: Annotated[Literal["covered", "partial", "silent", "down", "not_deployed"], T1]
    covered: Annotated[bool, T1]
    silent_since: Annotated[str | None, T1] = None
    last_event: Annotated[str | None, T1] = None
    host_seen_elsewhere: Annotated[bool, T1]
    """Other sensors saw the host while this one did not."""


class Coverage(Output):
    """Coverage per sensor asked for."""

    rows: ClassVar[str | None] = "coverage"
    coverage: list[Cover]


def _as_text(value: object) -> object:
    """A number or a yes-or-no as the text it is compared as; anything else is left to the type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


FilterValue = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int | float | bool)]
Filters = Annotated[dict[str, FilterValue], Field(max_length=12)]
"""Flat ECS field to value; `*` in a value matches anything. A number is taken as its text."""
FieldNames = Annotated[list[str], Field(min_length=1, max_length=40)]
