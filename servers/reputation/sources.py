"""What a source of reputation is, and the one verdict over all of them."""

from collections.abc import Sequence
from typing import Final, Protocol

from servers.errors import ToolError
from servers.observables import Observable
from servers.reputation.models import Reputation, SourceSaid, Verdict

RULE: Final = (
    "malicious if any source says so, unless a known-good list holds exactly this value, then suspicious; else "
    "suspicious if any source says so; clean only if a known-good list holds it or a service looked and found "
    "nothing; else unknown"
)


class Source(Protocol):
    """Something that has an opinion."""

    @property
    def name(self) -> str:
        """As answers call it."""

    def say(self, wanted: Observable) -> Sequence[SourceSaid]:
        """What it says. Raises: ToolError when it cannot tell."""


def asked(sources: Sequence[Source], wanted: Observable) -> Reputation:
    """One value over all sources; one that fails says so and spoils no other.

    Raises: ToolError when all of them fail."""
    said: list[SourceSaid] = []
    problems: list[ToolError] = []
    for source in sources:
        try:
            said += source.say(wanted)
        except ToolError as problem:
            problems.append(problem)
            said.append(SourceSaid(source=source.name, state="failed", why=problem.code, verdict="unknown"))
    if problems and len(problems) == len(sources):
        raise problems[0]
    complete = not any(
        each.stale or each.state == "failed" or (each.state == "not_asked" and each.why != "kind") for each in said
    )
    verdict = merged(said)
    return Reputation(value=wanted.value, verdict=verdict, rule=RULE, complete=complete, sources=said)


def merged(said: Sequence[SourceSaid]) -> Verdict:
    """The verdict by `RULE`."""
    told = {each.verdict for each in said}
    exact = any(each.verdict == "clean" and each.entry is not None for each in said)
    if "malicious" in told:
        return "suspicious" if exact else "malicious"
    if "suspicious" in told:
        return "suspicious"
    return "clean" if "clean" in told else "unknown"
