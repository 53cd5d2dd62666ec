"""One question to the analyst: answered as its chat does, in sentences that code has held against what they cite.

No analyst is imported here: whoever can ask one hands in an `Asker`. The analyst itself is never connected to a server
that has this tool, or it would ask itself."""

from typing import Annotated, ClassVar, Final, Literal, Protocol, TypeAlias

from pydantic import Field, JsonValue

from servers.kit import T1, T2, Output, Reply
from servers.kit.changes import Rate, Read
from servers.mcpsoc.models import Language

LONGEST: Final = 2_000
"""Characters of one question."""
LONGEST_S: Final = 600.0
"""When an asker is given up, in seconds; it has a limit of its own below that."""
RATE: Final = Rate(120, per_s=3600)
MOST_CITED: Final = 50
"""Answers of tools that one answer shows as cited."""
MOST_READINGS: Final = 10

Question = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Outcome: TypeAlias = Literal["answered", "partial", "not_answered"]
Because: TypeAlias = Literal["not_understood", "ambiguous", "could_not_look", "struck", "nothing_holds", "no_statement"]


class Cite(Output):
    """Where a sentence opens: an answer to the analyst, and the case that is told of there."""

    evidence: Annotated[str, T1]
    paths: Annotated[list[str], T2]
    """JSONPaths in the data of that answer."""
    case_id: Annotated[str | None, T1] = None
    case_evidence: Annotated[list[str], T1] = []
    """Evidence of that case: `mcpsoc_get_evidence` shows it."""


class AnswerLine(Output):
    """One sentence that holds."""

    kind: Annotated[Literal["fact", "nothing_found", "could_not_look", "quote", "speech"], T1]
    """`fact` and `nothing_found`: run again on the evidence. `could_not_look`: neither yes nor no. `quote`: verbatim
    there. `speech`: says nothing about the world."""
    text: Annotated[str, T2]
    provenance: Annotated[Literal["T0", "T1", "T2", "T3"], T1]
    """Class of the least trusted value it shows."""
    cites: list[Cite]


class Cited(Output):
    """One answer of one tool that a sentence cites."""

    id: Annotated[str, T1]
    server: Annotated[str, T1]
    tool: Annotated[str, T1]
    arguments: Annotated[JsonValue, T2]
    status: Annotated[str, T1]


class Asked(Output):
    """What came of one question."""

    rows: ClassVar[str | None] = "sentences"
    outcome: Annotated[Outcome, T1]
    because: Annotated[Because | None, T1] = None
    """Why it is not answered, or not whole. `struck`: something said did not hold. `nothing_holds`: nothing that was
    said did. `no_statement`: a question back, or a limit of ours."""
    sentences: list[AnswerLine]
    struck: Annotated[int, T1]
    """Sentences that did not hold, and are not told."""
    readings: Annotated[list[str], T2] = Field(default=[], max_length=MOST_READINGS)
    """Questions to choose from when this one is ambiguous."""
    evidence: list[Cited] = Field(max_length=MOST_CITED)
    brain: Annotated[str, T1]
    """`playbook`, or `model:` and its name."""
    thread: Annotated[str, T1]
    """The conversation that keeps the evidence: `mcpsoc chat --thread`."""


class Asker(Protocol):
    """Who answers. It reads only, keeps to a time limit, and answers a few questions at once at most."""

    @property
    def outside(self) -> bool:
        """Whether a service outside the operator's own systems may be asked: a model, a product that asks one."""
        ...

    async def __call__(self, question: str, language: Language) -> Asked:
        """Raises: ToolError when it cannot be asked, or takes too long."""
        ...


class Asking:
    """The tool over one asker."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def mcpsoc_ask(self, question: Question, language: Language = "en") -> Reply[Asked]:
        """Ask the analyst about cases, hosts, accounts, logs, techniques or runbooks. Each sentence was checked by code
        and cites evidence and cases; outcome and because say what is not answered."""
        asked = await self._asker(question, language)
        return Reply(asked, f"{_told(asked)}: {len(asked.sentences)} sentences, {asked.struck} struck")


ASK: Final = Asking.mcpsoc_ask.__name__


def asking(asker: Asker) -> Read:
    """The tool as a server declares it."""
    return Read(Asking(asker).mcpsoc_ask, rate=RATE, open_world=asker.outside, timeout_s=LONGEST_S)


def _told(asked: Asked) -> str:
    outcome = asked.outcome.replace("_", " ")
    return outcome if asked.because is None else f"{outcome} ({asked.because.replace('_', ' ')})"
