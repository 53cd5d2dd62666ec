"""The tools that change a directory of the site: locks and memberships, each read back at the directory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from servers.embedded import Name, Reason
from servers.identity.backend import FOREVER, Directory, Person, Team
from servers.identity.kinds import Kinds, named
from servers.identity.nesting import Nesting
from servers.identity.site_models import Disabled, Moved
from servers.kit import Change, Hit, Plan, Reply, ToolError, Undo

LockTime = Annotated[str, Field(pattern=r"^[0-9]{14}(\.[0-9]{1,6})?Z$")]
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@$+-]{0,63}")


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Tools that lock an account and lift the lock."""

    directory: Directory
    kinds: Kinds

    def identity_disable_account(self, account: Name, reason: Reason) -> Reply[Disabled]:
        """Lock an account so that no sign-in works until identity_enable_account; open sessions go on."""
        person = _found(self.directory, account)
        if person.held == FOREVER:
            return Reply(Disabled(account=person.name, change="was disabled"), "the account was disabled before")
        self.directory.set_lock(person, FOREVER)
        return Reply(Disabled(account=person.name, change="disabled"), "1 account disabled")

    def plan_disable(self, account: Name, reason: Reason) -> Plan:
        """Whom it would shut out; the undo puts back the very lock that was there."""
        person, nesting = _found(self.directory, account), Nesting.of(self.directory.groups())
        hits = tuple(self.kinds.against(person, nesting, nesting))
        if person.can_be_locked is False:
            message = "the password policy of this account lets locked accounts sign in"
            raise ToolError("no_effect", message, "set pwdLockout TRUE in its policy")
        before = {} if person.held is None else {"put_back": person.held}
        undo = Undo("identity_enable_account", {"account": person.name, **before})
        return Plan(
            target=person.name,
            blast_radius=f"1 {self.kinds.kind_of(person, nesting)} account in {len(nesting.above(person.id))} groups",
            undo=None if person.held == FOREVER else undo,
            hits=hits,
        )

    def is_disabled(self, account: Name, reason: Reason) -> bool | None:
        """Whether the lock is there and counts; None where no policy tells whether it does."""
        person = _found(self.directory, account)
        return person.can_be_locked if person.held == FOREVER else False

    def identity_enable_account(
        self, account: Name, reason: Reason, put_back: LockTime | None = None
    ) -> Reply[Disabled]:
        """Lift an administrator's lock of an account. put_back: the lock from before, as the undo names it."""
        person = _found(self.directory, account)
        if person.held != FOREVER:
            return Reply(Disabled(account=person.name, change="was not disabled"), "the account was not disabled")
        self.directory.set_lock(person, put_back)
        change = Disabled(account=person.name, change="enabled" if put_back is None else "lock put back")
        return Reply(change, "1 account enabled" if put_back is None else "the lock from before is back")

    def plan_enable(self, account: Name, reason: Reason, put_back: LockTime | None = None) -> Plan:
        """Whom it would let in again."""
        person = _found(self.directory, account)
        held = "disabled by an administrator" if person.held == FOREVER else "not disabled"
        after = "" if put_back is None else "; locked for failures afterwards, as before"
        return Plan(person.name, f"1 account, {held}{after}")

    def is_enabled(self, account: Name, reason: Reason, put_back: LockTime | None = None) -> bool:
        """Whether no administrator's lock is left, and the one from before is back."""
        held = _found(self.directory, account).held
        return held != FOREVER and (put_back is None or held == put_back)


@dataclass(frozen=True, slots=True)
class GroupChanges:
    """Tools that end a membership and put it back."""

    directory: Directory
    kinds: Kinds

    def identity_remove_from_group(self, account: Name, group: Name, reason: Reason) -> Reply[Moved]:
        """Take an account out of a group that names it itself, until identity_add_to_group."""
        person, _, team = self._looked_up(account, group)
        self.directory.remove_member(team, person)
        return Reply(Moved(account=person.name, group=team.name, change="removed"), "1 membership ended")

    def plan_removal(self, account: Name, group: Name, reason: Reason) -> Plan:
        """What the account would lose."""
        person, nesting, team = self._looked_up(account, group)
        if person.id not in team.members:
            raise ToolError("not_a_member", "the group does not name this account itself", "see identity_get_account")
        after = nesting.without(team, person.id)
        hits = [*self.kinds.against(person, nesting, after)]
        if len(team.members) == 1:
            hits.append(Hit("last_member", "a group keeps at least one member"))
        lost = len(nesting.above(person.id)) - len(after.above(person.id))
        return Plan(
            target=f"{person.name} in {team.name}",
            blast_radius=f"1 account leaves {lost} groups, nested ones counted",
            undo=Undo("identity_add_to_group", {"account": person.name, "group": team.name}),
            hits=tuple(hits),
        )

    def is_out(self, account: Name, group: Name, reason: Reason) -> bool:
        """Whether the group no longer names the account."""
        person, _, team = self._looked_up(account, group)
        return person.id not in team.members

    def identity_add_to_group(self, account: Name, group: Name, reason: Reason) -> Reply[Moved]:
        """Put an account into a group, to take back identity_remove_from_group."""
        person, _, team = self._looked_up(account, group)
        if person.id in team.members:
            return Reply(Moved(account=person.name, group=team.name, change="was a member"), "was a member before")
        self.directory.add_member(team, person)
        return Reply(Moved(account=person.name, group=team.name, change="added"), "1 membership put back")

    def plan_addition(self, account: Name, group: Name, reason: Reason) -> Plan:
        """What the account would gain."""
        person, nesting, team = self._looked_up(account, group)
        privileged = "a group of administrators" if team.id in self.kinds.privileged(nesting) else "a group"
        hits = named(person, self.kinds.protected)
        return Plan(f"{person.name} in {team.name}", f"1 account joins {privileged}", hits=hits)

    def is_in(self, account: Name, group: Name, reason: Reason) -> bool:
        """Whether the group names the account."""
        person, _, team = self._looked_up(account, group)
        return person.id in team.members

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        remove = Change(
            self.identity_remove_from_group,
            self.plan_removal,
            self.is_out,
            risk="high",
            expiry="hold",
            undo="identity_add_to_group",
        )
        return remove, Change(self.identity_add_to_group, self.plan_addition, self.is_in, risk="high")

    def _looked_up(self, account: str, group: str) -> tuple[Person, Nesting, Team]:
        nesting = Nesting.of(self.directory.groups())
        return _found(self.directory, account), nesting, nesting.named(group)


def _found(directory: Directory, account: str) -> Person:
    """The account of exactly this name: a mail address may be written by anybody. Raises: ToolError."""
    person = directory.find(account, by_mail=False)
    if not _PLAIN.fullmatch(person.name):
        raise ToolError("unusual_name", "an account with such a name is changed by a person alone", "")
    return person
