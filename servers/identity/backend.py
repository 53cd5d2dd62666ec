"""What a directory can do for this server.

embedded.py   the simulated enterprise, with tools of its own       ldap/   an LDAP directory with password policies
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

FOREVER: Final = "000001010000Z"
"""The lock of an administrator: no time ends it. Source: draft-behera-ldap-password-policy-10, 5.3.3."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Why an account cannot sign in."""

    value: str
    """As the directory holds it, to be put back exactly."""
    by: Literal["administrator", "failures"]
    since: datetime | None
    """None where the directory does not tell, as with every lock of an administrator."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account. Texts that its owner may have written are marked."""

    key: str
    """Where the directory keeps it, as it spells that."""
    id: str
    """The key in the one spelling that is compared."""
    name: str
    also: tuple[str, ...]
    """Other names it is found by."""
    lock: Lock | None
    held: str | None
    """The lock as it stands in the entry, one that is over too."""
    can_be_locked: bool | None
    """Whether the password policy makes a lock shut anybody out; None where no policy is known."""
    admitted: bool
    """Whether no lock, no time of validity and no age of its password keeps it out; False where that cannot be told."""
    created: datetime | None
    password_changed: datetime | None
    password_expires: datetime | None
    must_change_password: bool
    last_sign_in: datetime | None
    """None where the directory does not keep it."""
    failures: int
    """Wrong passwords since the last right one."""
    policy: str | None
    shown_name: str | None
    """Outside text: people write it themselves."""
    email: str | None
    """Outside text."""
    title: str | None
    """Outside text."""
    department: str | None
    """Outside text."""
    manager: str | None
    """Name of the manager's account. Outside text."""


@dataclass(frozen=True, slots=True)
class Team:
    """One group."""

    key: str
    id: str
    name: str
    members: Mapping[str, str]
    """Ids of the accounts and groups it names, each with its key as the group spells it."""


class Directory(Protocol):
    """Accounts and groups. Every method asks the directory afresh. Raises: ToolError."""

    def find(self, name: str, *, by_mail: bool) -> Person:
        """One account by its name, or else by its mail address, which people may write themselves.

        Raises: NotFoundError; ToolError where several have it."""

    def search(self, text: str) -> Sequence[Person]:
        """Accounts whose name, shown name or mail address holds a text, by name."""

    def everybody(self) -> Sequence[Person]:
        """All accounts, by name."""

    def groups(self) -> Sequence[Team]:
        """All groups, by name."""

    def people_at(self, keys: Sequence[str]) -> Sequence[Person]:
        """The accounts with these keys; what is no account is left out."""

    def with_password(self, people: Sequence[Person]) -> Sequence[Person]:
        """Those that are seen to hold a password; none where this server may not ask for that."""

    def set_lock(self, person: Person, value: str | None) -> None:
        """Put this in place of the lock that was read; fails where another one stands by now."""

    def add_member(self, team: Team, person: Person) -> None:
        """Put an account into a group."""

    def remove_member(self, team: Team, person: Person) -> None:
        """Take an account out of a group. Raises: ToolError where the group would be left without a member."""

    def is_mine(self, person: Person) -> bool:
        """Whether this server signs in with the account."""


@dataclass(frozen=True, slots=True)
class IdentityBackend:
    """One product behind the identity server."""

    product: str
    probe: Callable[[], str]
    """What is behind, in one line. Raises: ToolError when it cannot be reached."""
    directory: Directory
    needs: str
