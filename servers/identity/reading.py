"""The tools that look into a directory of the site."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from servers.embedded import Name, iso_or_none
from servers.identity.backend import Directory, Person
from servers.identity.kinds import Kinds
from servers.identity.models import Group, Groups
from servers.identity.nesting import Nesting
from servers.identity.site_models import (
    Accounts,
    Brief,
    OneSiteAccount,
    SiteAccount,
    SiteMember,
    SiteMembers,
    Totals,
)
from servers.kit import Cursor, Limit, Reply, paged
from servers.kit.tool import Method

Text = Annotated[str, Field(min_length=2, max_length=100)]
Days = Annotated[int, Field(ge=1, le=3_650)]


@dataclass(frozen=True, slots=True)
class SiteReads:
    """Accounts, groups and their members."""

    directory: Directory
    kinds: Kinds
    now: Callable[[], datetime]

    def identity_get_account(self, account: Name) -> Reply[OneSiteAccount]:
        """One account (by name or mail address): kind, locks, password age, groups with nested ones, manager."""
        person, nesting = self.directory.find(account, by_mail=True), self._nesting()
        found = self._account(person, nesting)
        state = "enabled" if found.enabled else f"locked by {found.locked_by}"
        return Reply(OneSiteAccount(account=found), f"1 account, {found.kind}, {state}")

    def identity_search_accounts(self, text: Text, limit: Limit = 20, cursor: Cursor = None) -> Reply[Accounts]:
        """Accounts whose name, shown name or mail address holds a text."""
        page = paged(self.directory.search(text), limit, cursor)
        rows = [self._brief(each) for each in page.rows]
        said = f"{page.total} accounts"
        return page.reply(Accounts(accounts=rows), said)

    def identity_summarise_accounts(self, password_days: Days = 365) -> Reply[Totals]:
        """Count accounts: all, locked, administrators, passwords older than some days, never signed in."""
        people, nesting = self.directory.everybody(), self._nesting()
        bosses = self.kinds.administrators(nesting)
        ages = [self._age(each) for each in people]
        totals = Totals(
            accounts=len(people),
            locked_by_administrator=sum(each.lock is not None and each.lock.by == "administrator" for each in people),
            locked_by_failures=sum(each.lock is not None and each.lock.by == "failures" for each in people),
            administrators=sum(each.id in bosses for each in people),
            administrators_enabled=sum(each.id in bosses and each.lock is None for each in people),
            passwords_older=sum(age is None or age > password_days for age in ages),
            never_signed_in=sum(each.last_sign_in is None for each in people),
        )
        return Reply(totals, f"{totals.accounts} accounts, {totals.administrators} administrators")

    def identity_list_groups(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Groups]:
        """The groups: name, whether privileged, number of members."""
        nesting = self._nesting()
        page, privileged = paged(list(nesting.teams.values()), limit, cursor), self.kinds.privileged(nesting)
        groups = [
            Group(name=team.name, privileged=team.id in privileged, members=len(team.members)) for team in page.rows
        ]
        said = f"{len(groups)} of {page.total} groups"
        return page.reply(Groups(groups=groups), said)

    def identity_list_members(self, group: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[SiteMembers]:
        """Accounts in a group, through groups within it too; direct tells which the group itself names."""
        nesting = self._nesting()
        team = nesting.named(group)
        page = paged(sorted(nesting.inside(team).items()), limit, cursor)
        known = {each.id: each for each in self.directory.people_at([key for _, key in page.rows])}
        rows = [_member(key, known.get(member), direct=member in team.members) for member, key in page.rows]
        inner = [each.name for each in nesting.below(team)]
        data = SiteMembers(group=team.name, inner_groups=inner, members=rows)
        said = f"{page.total} members, {len(inner)} groups within"
        return page.reply(data, said)

    def tools(self) -> Sequence[Method]:
        """All of them."""
        return (
            self.identity_get_account,
            self.identity_search_accounts,
            self.identity_summarise_accounts,
            self.identity_list_groups,
            self.identity_list_members,
        )

    def _nesting(self) -> Nesting:
        return Nesting.of(self.directory.groups())

    def _age(self, person: Person) -> int | None:
        changed = person.password_changed
        return None if changed is None else max(0, (self.now() - changed).days)

    def _brief(self, person: Person) -> Brief:
        return Brief(
            name=person.name,
            enabled=person.lock is None,
            locked_by=None if person.lock is None else person.lock.by,
            person=person.shown_name,
            email=person.email,
            password_age_days=self._age(person),
        )

    def _account(self, person: Person, nesting: Nesting) -> SiteAccount:
        direct = {team.name for team in nesting.direct(person.id)}
        return SiteAccount(
            name=person.name,
            kind=self.kinds.kind_of(person, nesting),
            enabled=person.lock is None,
            locked_by=None if person.lock is None else person.lock.by,
            locked_since=None if person.lock is None else iso_or_none(person.lock.since),
            lock_works=person.can_be_locked,
            privileged=person.id in self.kinds.administrators(nesting),
            created=iso_or_none(person.created),
            password_changed=iso_or_none(person.password_changed),
            password_age_days=self._age(person),
            password_expires=iso_or_none(person.password_expires),
            must_change_password=person.must_change_password,
            last_sign_in=iso_or_none(person.last_sign_in),
            failures=person.failures,
            groups=sorted(direct),
            nested_groups=[team.name for team in nesting.above(person.id) if team.name not in direct],
            person=person.shown_name,
            email=person.email,
            department=person.department,
            manager=person.manager,
            title=person.title,
        )


def _member(key: str, person: Person | None, *, direct: bool) -> SiteMember:
    if person is None:
        return SiteMember(name=key[:200], kind="unknown", direct=direct)
    return SiteMember(name=person.name, kind="account", direct=direct, enabled=person.lock is None)
