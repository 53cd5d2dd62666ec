"""What an account is here, by what the operator configured, and what forbids a change of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from servers.identity.backend import Directory, Person, Team
from servers.identity.nesting import Nesting
from servers.identity.settings import IdentitySettings
from servers.kit import Hit, Protected, ToolError

Kind: TypeAlias = Literal["break_glass", "service", "admin", "user"]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The operator's view of a directory."""

    directory: Directory
    settings: IdentitySettings
    protected: Protected

    def kind_of(self, person: Person, nesting: Nesting) -> Kind:
        """Break-glass and service accounts by their names, administrators by their groups."""
        if named(person, Protected(accounts=self.settings.break_glass)):
            return "break_glass"
        if named(person, Protected(accounts=self.settings.service_accounts)):
            return "service"
        return "admin" if person.id in self.administrators(nesting) else "user"

    def privileged(self, nesting: Nesting) -> frozenset[str]:
        """Ids of the groups of administrators and of every group within them."""
        teams = self._admin_teams(nesting)
        return frozenset(each.id for team in teams for each in (team, *nesting.below(team)))

    def administrators(self, nesting: Nesting) -> Mapping[str, str]:
        """Everybody in a group of administrators, nested too: ids with their keys."""
        return {member: key for team in self._admin_teams(nesting) for member, key in nesting.inside(team).items()}

    def against(self, person: Person, before: Nesting, after: Nesting) -> Iterator[Hit]:
        """What forbids shutting an account out, or taking it out of a group: `after` is what would be left."""
        yield from named(person, self.protected)
        kind = self.kind_of(person, before)
        if kind in ("break_glass", "service"):
            yield Hit(f"{kind}_account", f"a {kind} account is never changed by a program")
        if self.directory.is_mine(person):
            yield Hit("own_account", "this server signs in to the directory with it")
        if not (administrators := self.administrators(before)):
            message = "no member of the groups of administrators is to be seen"
            raise ToolError("not_configured", message, "see MCPSOC_IDENTITY_MEMBER_ATTRIBUTE and the right to read it")
        if person.id in administrators and not self._others(person, after):
            why = "no other administrator could sign in, or this server may not ask who holds a password"
            yield Hit("last_administrator", why)

    def _others(self, person: Person, nesting: Nesting) -> bool:
        """Whether an administrator is left who is a person and can sign in, as the directory itself tells."""
        keys = [key for member, key in self.administrators(nesting).items() if member != person.id]
        left = [each for each in self.directory.people_at(keys) if each.admitted and self._is_a_person(each)]
        return bool(self.directory.with_password(left))

    def _is_a_person(self, person: Person) -> bool:
        programs = Protected(accounts=self.settings.service_accounts)
        return not named(person, programs) and not self.directory.is_mine(person)

    def _admin_teams(self, nesting: Nesting) -> Sequence[Team]:
        """Raises: ToolError when one that is configured is not there: nobody could say who is left."""
        wanted = {name.casefold() for name in self.settings.admin_groups}
        found = [team for team in nesting.teams.values() if team.name.casefold() in wanted]
        if wanted - {team.name.casefold() for team in found}:
            message = "a configured group of administrators is not in the directory"
            raise ToolError("not_configured", message, "see MCPSOC_IDENTITY_ADMIN_GROUPS")
        return found


def named(person: Person, protected: Protected) -> tuple[Hit, ...]:
    """The guards that an account hits by any name it is found by."""
    hits = (protected.account(name) for name in (person.name, *person.also))
    return next(filter(None, hits), ())
