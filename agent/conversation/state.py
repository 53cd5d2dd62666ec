"""What travels through the conversation graph, what its nodes may use, and how it is written into a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypedDict, TypeVar

from pydantic import JsonValue, TypeAdapter

from agent.conversation.ledger import ThreadLedger
from agent.conversation.looking import ThreadLooker
from agent.conversation.model import ModelChat, Writing
from agent.conversation.models import Answer, Referents, Sentence
from agent.conversation.protocol import Draft, Intent, Understanding, Understood
from agent.conversation.telling import Teller
from agent.host.host import ToolStatus
from agent.wording import Language

T = TypeVar("T")


class State(TypedDict, total=False):
    """JSON throughout, so that a checkpoint of this version is read by the next. `referents` outlives a run, everything
    else is set anew by each question."""

    run_id: str
    thread_id: str
    question: str
    language: Language | None
    """The thread's own; None answers in the question's."""
    case_id: str | None
    """The case that the thread was opened on."""
    last_visit: str | None
    began: float
    """Wall time in seconds, for how long it took."""
    referents: JsonValue
    understood: JsonValue
    draft: JsonValue
    written: JsonValue
    """What the model wrote; None when there is none or it failed."""
    with_model: bool
    sentences: list[JsonValue]
    struck: list[JsonValue]
    by: str
    """Who wrote the sentences: `playbook`, or the model's name."""
    answer: JsonValue


@dataclass(frozen=True, slots=True)
class Deps:
    """What the nodes of one run work with."""

    understanding: Understanding
    intents: Mapping[str, Intent]
    brain: ModelChat | None
    looker: ThreadLooker
    ledger: ThreadLedger
    teller: Teller
    tools: Sequence[ToolStatus]
    """What the read door of this world reaches."""
    history: Sequence[Answer]
    """The thread's earlier answers, oldest first."""


@cache
def _adapters() -> Mapping[type[object], TypeAdapter[object]]:
    kinds: tuple[type[object], ...] = (Understood, Draft, Writing, Sentence, Answer, Referents)
    return {kind: TypeAdapter(kind) for kind in kinds}


def packed(value: object) -> JsonValue:
    """A frozen value as JSON."""
    document: JsonValue = _adapters()[type(value)].dump_python(value, mode="json")
    return document


def unpacked(kind: type[T], document: JsonValue) -> T:
    """The value again. Raises: pydantic's ValidationError, or TypeError, when it is not one of that kind."""
    value = _adapters()[kind].validate_python(document)
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is no {kind.__name__}")
    return value
