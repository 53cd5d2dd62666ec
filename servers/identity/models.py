"""What the directory answers, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, Output
from servers.kit.ecs import Event


class Account(Output):
    """One account and the person behind it."""

    name: Annotated[str, T0]
    kind: Annotated[str, T0]
    """user, admin, service or break_glass."""
    sid: Annotated[str, T0]
    enabled: Annotated[bool, T0]
    disabled_since: Annotated[str | None, T1] = None
    """When a containment disabled it."""
    privileged: Annotated[bool, T0]
    mfa: Annotated[bool, T0]
    """Whether a second factor is enrolled."""
    created: Annotated[str, T0]
    password_changed: Annotated[str, T0]
    devices: Annotated[list[str], T0]
    """Ids of its registered, managed devices."""
    groups: Annotated[list[str], T0]
    person: Annotated[str | None, T0] = None
    email: Annotated[str | None, T0] = None
    department: Annotated[str | None, T0] = None
    manager: Annotated[str | None, T0] = None
    title: Annotated[str | None, T0] = None
    site: Annotated[str | None, T0] = None
    employed_until: Annotated[str | None, T0] = None


class OneAccount(Output):
    """One account."""

    account: Account


class SignIns(Output):
    """Sign-ins in order of time, with totals over all that match."""

    rows: ClassVar[str | None] = "signins"
    signins: list[Event]
    failures: Annotated[int, T1]
    successes: Annotated[int, T1]
    accounts: Annotated[int, T1]
    """Distinct accounts signed in to or attempted."""


class Group(Output):
    """One group."""

    name: Annotated[str, T0]
    privileged: Annotated[bool, T0]
    members: Annotated[int, T0]


class Groups(Output):
    """The groups."""

    rows: ClassVar[str | None] = "groups"
    groups: list[Group]


class Members(Output):
    """Who is in a group."""

    rows: ClassVar[str | None] = "members"
    group: Annotated[str, T0]
    members: Annotated[list[str], T0]


class Changed(Output):
    """What the directory was told; identity_get_account reads back whether it holds."""

    account: Annotated[str, T0]
    change: Annotated[Literal["disabled", "enabled", "was not disabled"], T1]
