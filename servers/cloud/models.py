"""What the cloud server answers, each field with who wrote it. The provider attests who called, what, from where and
with which key; user agents, parameters and messages are the words of the caller."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T1, T2, Output
from servers.kit.ecs import Event


class CloudEvent(Event):
    """One call of the cloud's API, or a sign-in to its console."""

    more = {
        "cloud.principal": ("string", T1),
        "cloud.principal_type": ("string", T1),
        "cloud.role": ("string", T1),
        "cloud.service": ("string", T1),
        "cloud.region": ("string", T1),
        "cloud.error_code": ("string", T1),
        "cloud.read_only": ("boolean", T1),
        "cloud.event_type": ("string", T1),
        "cloud.recipient_account": ("string", T1),
        "source.service": ("string", T1),
        "source.other": ("string", T2),
        "cloud.error_message": ("string", T2),
        "cloud.request_parameters": ("string", T2),
        "cloud.principal_other": ("string", T2),
    }
    """Beside the common fields. cloud.role is the role or user whose session it is; source.service the AWS service
    that called."""


class Events(Output):
    """Calls in order of time."""

    rows: ClassVar[str | None] = "events"
    events: list[CloudEvent]


class Habit(Output):
    """Calls of one kind: an API, a source, a key, a region, an error or a program."""

    kind: Annotated[Literal["api", "source", "access_key", "region", "error", "user_agent"], T1]
    value: Annotated[str | None, T1] = None
    text: Annotated[str | None, T2] = None
    """In place of the value where the caller wrote it."""
    events: Annotated[int, T1]
    failed: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]


class Principal(Output):
    """What a principal did in a window, by kind, the most frequent first."""

    rows: ClassVar[str | None] = "habits"
    events: Annotated[int, T1]
    failed: Annotated[int, T1]
    habits: list[Habit]


class Key(Output):
    """One access key in use."""

    access_key: Annotated[str, T1]
    temporary: Annotated[bool, T1]
    """Of a session; it ends by itself."""
    principal: Annotated[str | None, T1] = None
    events: Annotated[int, T1]
    failed: Annotated[int, T1]
    sources: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]
    known_since: Annotated[str | None, T1] = None
    """When this key was first seen at all."""


class Keys(Output):
    """Access keys used in a window, the newest to us first."""

    rows: ClassVar[str | None] = "keys"
    keys: list[Key]


class Usual(Output):
    """Whether something is usual of a principal."""

    seen: Annotated[bool, T1]
    first: Annotated[str | None, T1] = None
    last: Annotated[str | None, T1] = None
    events: Annotated[int, T1]
    failed: Annotated[int, T1]
    days: Annotated[int, T1]
    """On how many days."""
    principal_events: Annotated[int, T1]
    """All events of the principal in the same time, for comparison."""
    principal_first: Annotated[str | None, T1] = None
    principal_days: Annotated[int, T1]
    others: Annotated[int, T1]
    """Events of other principals with the same source and API."""


class FailedCall(Output):
    """Calls of one principal that failed in one way."""

    principal: Annotated[str | None, T1] = None
    api: Annotated[str | None, T1] = None
    error: Annotated[str | None, T1] = None
    source: Annotated[str | None, T1] = None
    events: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]


class FailedCalls(Output):
    """Calls that failed, the most frequent first."""

    rows: ClassVar[str | None] = "calls"
    calls: list[FailedCall]
    events: Annotated[int, T1]
    principals: Annotated[int, T1]
