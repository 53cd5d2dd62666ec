"""What a directory of the site answers. Names of accounts and groups are given by its administrators; shown names,
titles and addresses people may write themselves."""

from typing import Annotated, ClassVar, Literal

from servers.identity.kinds import Kind
from servers.kit import T0, T1, T2, Output


class Brief(Output):
    """One account in a list."""

    name: Annotated[str, T0]
    enabled: Annotated[bool, T1]
    locked_by: Annotated[Literal["administrator", "failures"] | None, T1] = None
    person: Annotated[str | None, T2] = None
    email: Annotated[str | None, T2] = None
    password_age_days: Annotated[int | None, T1] = None


class SiteAccount(Output):
    """One account."""

    name: Annotated[str, T0]
    kind: Annotated[Kind, T0]
    enabled: Annotated[bool, T1]
    """No lock shuts it out."""
    locked_by: Annotated[Literal["administrator", "failures"] | None, T1] = None
    locked_since: Annotated[str | None, T1] = None
    lock_works: Annotated[bool | None, T1] = None
    """Whether its password policy makes locks count; null where no policy is known."""
    privileged: Annotated[bool, T0]
    """In a group of administrators, through other groups too."""
    created: Annotated[str | None, T1] = None
    password_changed: Annotated[str | None, T1] = None
    password_age_days: Annotated[int | None, T1] = None
    password_expires: Annotated[str | None, T1] = None
    must_change_password: Annotated[bool, T1]
    last_sign_in: Annotated[str | None, T1] = None
    """null where the directory does not keep it."""
    failures: Annotated[int, T1]
    """Wrong passwords since the last right one."""
    groups: Annotated[list[str], T0]
    nested_groups: Annotated[list[str], T0]
    """Groups it belongs to through other groups alone."""
    person: Annotated[str | None, T2] = None
    email: Annotated[str | None, T2] = None
    department: Annotated[str | None, T2] = None
    manager: Annotated[str | None, T2] = None
    title: Annotated[str | None, T2] = None


class OneSiteAccount(Output):
    """One account."""

    account: SiteAccount


class Accounts(Output):
    """Accounts by name."""

    rows: ClassVar[str | None] = "accounts"
    accounts: list[Brief]


class Totals(Output):
    """How the accounts stand."""

    accounts: Annotated[int, T1]
    locked_by_administrator: Annotated[int, T1]
    locked_by_failures: Annotated[int, T1]
    administrators: Annotated[int, T1]
    administrators_enabled: Annotated[int, T1]
    passwords_older: Annotated[int, T1]
    """Passwords older than the days asked for, or of unknown age."""
    never_signed_in: Annotated[int, T1]
    """Without a sign-in that the directory kept."""


class SiteMember(Output):
    """Who is in a group."""

    name: Annotated[str, T0]
    kind: Annotated[Literal["account", "unknown"], T1]
    """unknown: the group names something that is no account."""
    direct: Annotated[bool, T1]
    """False: through another group alone."""
    enabled: Annotated[bool | None, T1] = None


class SiteMembers(Output):
    """Everybody in a group, through other groups too."""

    rows: ClassVar[str | None] = "members"
    group: Annotated[str, T0]
    inner_groups: Annotated[list[str], T0]
    members: list[SiteMember]


class Disabled(Output):
    """What the directory was told about an account."""

    account: Annotated[str, T0]
    change: Annotated[Literal["disabled", "was disabled", "enabled", "lock put back", "was not disabled"], T1]


class Moved(Output):
    """What the directory was told about a membership."""

    account: Annotated[str, T0]
    group: Annotated[str, T0]
    change: Annotated[Literal["removed", "added", "was a member"], T1]
