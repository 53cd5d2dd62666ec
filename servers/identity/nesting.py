"""Who is in which group, through groups in groups too; circles among them end where they began."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from servers.identity.backend import Team
from servers.kit import NotFoundError, ToolError


@dataclass(frozen=True, slots=True)
class Nesting:
    """All groups by their ids."""

    teams: Mapping[str, Team]

    @classmethod
    def of(cls, teams: Sequence[Team]) -> "Nesting":
        """These groups."""
        return cls({team.id: team for team in teams})

    def named(self, name: str) -> Team:
        """The group of a name. Raises: NotFoundError; ToolError where several have it."""
        found = [team for team in self.teams.values() if team.name.casefold() == name.casefold()]
        if not found:
            raise NotFoundError("no group has this name", "identity_list_groups gives the names")
        if len(found) > 1:
            raise ToolError("ambiguous", "several groups have this name", "they stand in different parts of the tree")
        return found[0]

    def direct(self, member: str) -> Sequence[Team]:
        """Groups that name it."""
        return [team for team in self.teams.values() if member in team.members]

    def above(self, member: str) -> Sequence[Team]:
        """Every group it belongs to, by its own membership or through other groups; by name."""
        found: dict[str, Team] = {}
        waiting = list(self.direct(member))
        while waiting:
            team = waiting.pop()
            if team.id not in found:
                found[team.id] = team
                waiting += self.direct(team.id)
        return sorted(found.values(), key=lambda team: team.name.casefold())

    def inside(self, team: Team) -> Mapping[str, str]:
        """Whatever is no group of those a group holds, through other groups too: ids with their keys."""
        teams = (team, *self.below(team))
        return {member: key for each in teams for member, key in each.members.items() if member not in self.teams}

    def below(self, team: Team) -> Sequence[Team]:
        """Groups within a group, itself left out; by name."""
        found, waiting = dict[str, Team](), [team]
        while waiting:
            for member in waiting.pop().members:
                inner = self.teams.get(member)
                if inner is not None and member != team.id and member not in found:
                    found[member] = inner
                    waiting.append(inner)
        return sorted(found.values(), key=lambda each: each.name.casefold())

    def without(self, team: Team, member: str) -> "Nesting":
        """What it would be without one membership."""
        kept = {each: key for each, key in team.members.items() if each != member}
        return Nesting({**self.teams, team.id: replace(team, members=kept)})
