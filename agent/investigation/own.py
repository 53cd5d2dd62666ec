"""A brain's own reads: which of them are asked, and how they become questions.

An own read is asked through the read door like any other look and can only add. It is never required, has no readings,
counts as no sensor's look, and takes neither calls, rounds nor time that a look which could speak for malice may need.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.brain.protocol import OwnRead
from agent.evidence.paths import Location, children
from agent.evidence.provenance import declarations, leaf_class
from agent.models import Alert, Evidence, JsonObject
from agent.playbooks.format import Question, could_raise
from knowledge.trust.canonical import canonical

OWN = "own."
"""What the ids of a brain's own questions begin with."""
ASKS = "What does one more look of the brain's own show?"
LONGEST = 2_000
"""Bytes of canonical JSON that one own read's arguments may have."""
OUTSIDE = frozenset({"intel", "reputation", "malware"})
"""Servers that may ask somebody outside: they are only told what a sensor or the operator attests."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The own reads that may be asked, and why the others may not."""

    questions: tuple[Question, ...]
    literal: Mapping[str, JsonObject]
    """Question id to the arguments, taken as they are."""
    problems: tuple[str, ...]


def is_own(question_id: str) -> bool:
    """Whether a brain asked the question by itself."""
    return question_id.startswith(OWN)


@dataclass(frozen=True, slots=True)
class Room:
    """What own reads are held against."""

    alert: Alert
    answers: Mapping[str, Evidence]
    """Question id to the answer so far."""
    open_calls: Mapping[str, tuple[str, JsonObject]]
    """Question id to the call that it would make now."""
    used: int
    """How many own reads the case has had."""
    allowed: int
    """How many it may have had after this decision."""


def admit(reads: Sequence[OwnRead], room: Room) -> Admitted:
    """The reads that may be asked, numbered on from those there were."""
    questions: list[Question] = []
    literal: dict[str, JsonObject] = {}
    problems: list[str] = []
    known = {_call(f"{item.server}__{item.tool}", item.arguments): item.id for item in room.answers.values()}
    known |= {_call(*call): name for name, call in room.open_calls.items()}
    for read in reads:
        number = room.used + len(questions) + 1
        problem = "none is left" if number > room.allowed else _problem(read, room, known)
        if problem:
            problems.append(f"own read of {read.tool} not asked: {problem}")
            continue
        name = f"{OWN}{number}"
        questions.append(Question(id=name, asks=ASKS, tool=read.tool, arguments={}))
        literal[name] = read.arguments
        known[_call(read.tool, read.arguments)] = name
    return Admitted(tuple(questions), literal, tuple(problems))


def reserved(questions: Sequence[Question], asked: Collection[str], malicious: Collection[str]) -> int:
    """How many looks that are required, or could speak for malice, are still to be made: their calls are kept."""
    names = ("malicious", *malicious)
    return sum(
        question.id not in asked and (question.required or any(could_raise(question, name) for name in names))
        for question in questions
    )


def _problem(read: OwnRead, room: Room, known: Mapping[tuple[str, bytes], str]) -> str:
    """Why the read is not asked; empty when it is."""
    server, _, tool = read.tool.partition("__")
    if not server or not tool or tool.endswith("_health"):
        return "it tells nothing about a case"
    try:
        call = _call(read.tool, read.arguments)
    except (ValueError, RecursionError):
        return "its arguments cannot be written down"
    if len(call[1]) > LONGEST:
        return f"its arguments are longer than {LONGEST} bytes"
    if call in known:
        return f"{known[call]} asks the same"
    if server in OUTSIDE and not set(_texts(read.arguments)) <= set(_attested(room)):
        return "who may ask outsiders is told only what a sensor attests"
    return ""


def _call(tool: str, arguments: JsonObject) -> tuple[str, bytes]:
    return tool, canonical(arguments)


def _attested(room: Room) -> Iterator[str]:
    """Every value that the operator or a sensor wrote. An own read's answer may echo what the brain asked: not it."""
    for field in room.alert.fields:
        if field.provenance.trusted:
            yield from map(str, field.value if isinstance(field.value, tuple) else (field.value,))
    for name, answer in room.answers.items():
        declared = {} if is_own(name) else declarations(answer)
        if declared:
            yield from (str(value) for at, value in _leaves((), answer.data) if leaf_class(at, value, declared).trusted)


def _leaves(at: Location, value: JsonValue) -> Iterator[tuple[Location, JsonValue]]:
    below = list(children(value))
    for part, item in below:
        yield from _leaves((*at, part), item)
    if not below:
        yield at, value


def _texts(value: JsonValue) -> Iterator[str]:
    """Every value inside the arguments, as text."""
    return (str(item) for _, item in _leaves((), value))
