"""The vocabulary of a conversation: a question becomes sentences, each of which code checks before anybody reads it.

question -> Understood -> looks (evidence of the thread) -> Draft -> checked sentences -> Answer
"""

from datetime import datetime
from typing import Literal, TypeAlias

from agent.models import Claim, EvidenceStatus, JsonObject, Model, Provenance, Ref, UtcTime
from agent.wording import Language

EntityType: TypeAlias = Literal[
    "case", "alert", "evidence", "host", "account", "address", "domain", "url", "sha256", "technique", "sensor", "field"
]
SentenceKind: TypeAlias = Literal["fact", "nothing_found", "could_not_look", "quote", "speech"]
"""`fact`: a claim that holds. `nothing_found`: an answer that looked and found nothing, as a claim. `could_not_look`:
names the answer that brought nothing and why. `quote`: words of evidence or of a document, verbatim. `speech`: says
nothing about the world (a question back, an offer, a limit of ours)."""
ProposalKind: TypeAlias = Literal["take", "note", "close", "reopen", "action", "hunt"]
RunStatus: TypeAlias = Literal["running", "done", "stopped", "failed"]
StepKind: TypeAlias = Literal["understood", "call", "sentence", "struck", "notice", "answer"]


class Entity(Model):
    """Something a question or a thread is about."""

    type: EntityType
    value: str
    """Canonical: `C-3`, `E12`, an address in its one spelling, a host name as the inventory has it."""
    said: str = ""
    """The words of the question it was read from; empty when it was carried over from earlier in the thread."""


class Window(Model):
    """A span of time, both ends included, by the clock of the thread's world."""

    start: UtcTime
    end: UtcTime
    said: str = ""


class Reading(Model):
    """One way to understand an ambiguous question; asking `question` chooses it."""

    label: str
    question: str


class Proposal(Model):
    """Something a person may do next; a button that goes the way such a change always goes, never done by the chat."""

    kind: ProposalKind
    label: str
    case_id: str | None = None
    text: str = ""
    """Of a note, the reason of a reopening, the question of a hunt."""
    reason_code: str | None = None
    """Of a closing; code of `HumanVerdict.reason_code`."""
    tool: str | None = None
    """Of an action: the change tool's full name."""
    arguments: dict[str, Ref] = {}
    """Of an action: handles into the evidence of the case, never values."""


class Sentence(Model):
    """One sentence of an answer as a person reads it."""

    kind: SentenceKind
    text: str
    claim: Claim | None = None
    """The claim that was re-run; only of `fact` and `nothing_found`."""
    cites: tuple[Ref, ...] = ()
    """Where it opens: evidence of the thread, and the place in it. Empty only for `speech`."""
    provenance: Provenance = Provenance.MODEL
    """The least trusted class among the values it shows."""
    struck_because: str | None = None
    """Why nobody should believe it; such a sentence is shown as struck or not at all."""


class Answer(Model):
    """What a run ends with."""

    run_id: str
    thread_id: str
    question: str
    language: Language
    brain: str
    """`playbook`, or `model:` and its name."""
    intent: str | None = None
    """What the question was taken for; None when it was not understood."""
    sentences: tuple[Sentence, ...]
    struck: tuple[Sentence, ...] = ()
    readings: tuple[Reading, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    suggestions: tuple[str, ...] = ()
    """At most three questions that would come next."""
    evidence: tuple[str, ...] = ()
    """Ids of the thread's evidence that this run added."""
    calls: int = 0
    seconds: float = 0.0


class ChatStep(Model):
    """One line of a live run; numbered from 1 within the run, kept, and replayed to whoever comes later."""

    run_id: str
    seq: int
    kind: StepKind
    text: str
    at: UtcTime
    evidence: str | None = None
    """Of a `call`: the evidence it brought."""
    status: EvidenceStatus | None = None
    sentence: Sentence | None = None
    answer: Answer | None = None
    """Of the last step, and of no other."""


class Run(Model):
    """One question and what became of it."""

    id: str
    thread_id: str
    question: str
    author: str
    status: RunStatus
    started_at: UtcTime
    ended_at: UtcTime | None = None
    answer: Answer | None = None


class Thread(Model):
    """A conversation: its questions in order, with the evidence they share."""

    id: str
    tenant: str
    owner: str
    title: str
    case_id: str | None = None
    """The case it is about, when it was opened on one."""
    language: Language | None = None
    """Fixed language; None answers each question in its own."""
    created_at: UtcTime
    updated_at: UtcTime


class Referents(Model):
    """What `it`, `that host`, `then` and an unfinished question refer to: kept in the thread's checkpoint."""

    entities: tuple[Entity, ...] = ()
    """Latest first, one per type."""
    listed: tuple[Entity, ...] = ()
    """What the last answer listed, in its order: what `the second one` refers to."""
    window: Window | None = None
    intent: str | None = None
    filters: JsonObject = {}
    subjects: tuple[Entity, ...] = ()
    """What the last question itself named or pointed at."""
    span: Window | None = None
    """The span of the last question, when it had one."""
    last_visit: UtcTime | None = None


def moment_text(moment: datetime) -> str:
    """A time as sentences show it: ISO 8601, UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
