"""The model brain: each decision is one question to a model, about what is new, answered in one fixed form.

It is a function of the case as it is shown: what was said before stands in the decisions of the case. It raises
ModelError when there is no usable answer; failover.py lets the embedded brain go on then.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Final, Literal, TypeVar

from agent.brain.endpoint.errors import BudgetSpentError, ModelError
from agent.brain.endpoint.metered import Metered
from agent.brain.endpoint.modes import ModeMemory
from agent.brain.endpoint.names import Names
from agent.brain.endpoint.protocol import Endpoint, Mode
from agent.brain.endpoint.structured import decide
from agent.brain.model.conversation import Talk, resume, user
from agent.brain.model.document import fresh_claims, fresh_own
from agent.brain.model.parsing import (
    MOST_READS,
    Parsed,
    parse_assessment,
    parse_challenge,
    parse_conclusion,
    parse_plan,
)
from agent.brain.model.prompts import SECOND, prompt, prompt_version
from agent.brain.model.schema import SCHEMA
from agent.brain.model.writing import Pen
from agent.brain.playbook.brain import rivals
from agent.brain.protocol import Assessment, CaseView, Challenge, Choice, Conclusion, Plan, Taken
from agent.models import CLOSING, Disposition, Evidence, HypothesisKind, JsonObject, Usage
from agent.playbooks.format import Question, could_raise

T = TypeVar("T", bound=Choice)
SCHEMA_NAME: Final = "decide"
_PLAIN: Final = Pen(Names(hidden=False))
"""Writes what stays here."""
_SIDES: Final[dict[HypothesisKind, Disposition]] = {
    "malicious": "true_positive",
    "authorised": "benign_true_positive",
    "benign": "false_positive",
}


class ModelBrain:
    """Decisions of one model. Making one opens no connection."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        mode: Mode = "auto",
        names: Literal["hidden", "shown"] = "hidden",
        memory: ModeMemory | None = None,
        name: str | None = None,
    ) -> None:
        """`names`: whether an endpoint elsewhere sees the names of hosts and accounts; one on this machine always
        does. `memory`: which form of answer works where. An endpoint that is `Metered` counts by case."""
        self.endpoint = endpoint
        self.mode: Mode = mode
        self.hidden = names == "hidden" and not endpoint.on_this_machine
        self.memory = memory or ModeMemory()
        self.name = name or endpoint.name

    async def plan(self, view: CaseView) -> Plan:
        """Which open questions to ask at once, and reads of its own; not asked where there is nothing to choose."""
        if not worth_planning(view):
            first = tuple(question.id for question in telling(view))
            return Plan(order=first, first=first, taken=Taken(by=self.name))
        turn = self._turn(view)
        wanted = turn.talk.message("plan")
        parsed = await turn.ask(wanted, lambda answer: parse_plan(answer, view, _PLAIN))
        return _taken(parsed.value, turn)

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """Weighs what is new and names the gap; not asked where nothing came that it could weigh."""
        turn = self._turn(view)
        if not (turn.talk.promised() or worth_assessing(view, turn.talk.told)):
            return Assessment(taken=Taken(by=self.name))
        parse = partial(_assessed, view=view, evidence=turn.talk.evidence)
        parsed = await turn.ask(turn.talk.message("assess"), parse)
        if (more := self._expansion(parsed, turn.talk)) is not None:
            parsed = await turn.ask_on(more, parse, "what it wanted to see was not shown") or parsed
        return _taken(parsed.value, turn)

    async def challenge(self, view: CaseView) -> Challenge:
        """Argues the other side; not asked where nothing speaks for it and nothing is left to choose."""
        against, rival = rivals(view)
        if not worth_challenging(view, against):
            return Challenge(against=against, rival=rival, taken=Taken(by=self.name))
        turn = self._turn(view)
        parsed = await turn.ask(turn.talk.message("challenge"), lambda answer: parse_challenge(answer, view, _PLAIN))
        return _taken(parsed.value, turn)

    async def conclude(self, view: CaseView) -> Conclusion:
        """Its word on the outcome; where that would close the case, or stands against the evidence, asked twice."""
        turn = self._turn(view)

        def parse(answer: JsonObject) -> Parsed[Conclusion]:
            return parse_conclusion(answer, view, _PLAIN)

        first = await turn.ask(turn.talk.message("conclude"), parse)
        if not needs_second_look(view, first.value.disposition):
            return _taken(first.value, turn)
        order = ", ".join(hypothesis.id for hypothesis in reversed(view.hypotheses))
        again = user(prompt(SECOND).replace("{hypotheses}", order) + "\nDecide: conclude.")
        second = await turn.ask_on(again, parse, "the second look was not taken")
        if second is None:
            return _taken(first.value, turn)
        looked = {"second": second.value.disposition, "overturn": second.value.overturn}
        return _taken(first.value.model_copy(update=looked), turn)

    def _turn(self, view: CaseView) -> "_Turn":
        endpoint = self.endpoint
        if isinstance(endpoint, Metered):
            endpoint = endpoint.for_case(view.tenant, spent_on(view))
        return _Turn(endpoint, resume(view, hidden=self.hidden), self.mode, self.memory, self.name)

    def _expansion(self, parsed: Parsed[Assessment], talk: Talk) -> JsonObject | None:
        """The message with what it wants to see; None when it wants nothing, or has seen enough."""
        if not parsed.expand or not talk.rounds_left():
            return None
        text = talk.expanded(parsed.expand)
        return user(f"{text}\nDecide: assess, again and in full.") if text else None


@dataclass(slots=True)
class _Turn:
    """One decision: the questions it takes, and what they add to the conversation."""

    endpoint: Endpoint
    talk: Talk
    mode: Mode
    memory: ModeMemory
    name: str
    added: tuple[JsonObject, ...] = ()
    problems: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)

    async def ask(self, message: JsonObject, parse: Callable[[JsonObject], Parsed[T]]) -> Parsed[T]:
        """One question. Raises: ModelError."""
        decided = await decide(
            self.endpoint,
            (*self.talk.messages, *self.added, message),
            SCHEMA,
            lambda answer: self._read(answer, parse),
            self.mode,
            memory=self.memory,
            schema_name=SCHEMA_NAME,
        )
        self.added = (*self.added, message, *decided.messages)
        self.problems = (*self.problems, *decided.problems, *decided.value.problems)
        self.usage = self.usage.plus(decided.usage)
        return decided.value

    def _read(self, answer: JsonObject, parse: Callable[[JsonObject], Parsed[T]]) -> Parsed[T]:
        """The answer with the names put back. Raises: ValueError, which goes to the model as it is."""
        shown = self.talk.names.show(answer)
        try:
            return parse(shown if isinstance(shown, dict) else answer)
        except ValueError as error:
            raise ValueError(self.talk.pen.text(str(error), 300)) from error

    async def ask_on(
        self, message: JsonObject, parse: Callable[[JsonObject], Parsed[T]], missing: str
    ) -> Parsed[T] | None:
        """One more question of the same decision, without which it stands all the same: None when it fails."""
        try:
            return await self.ask(message, parse)
        except BudgetSpentError as error:
            self.cut = (*self.cut, f"{missing}: {error}")
        except ModelError as error:
            self.problems = (*self.problems, f"{missing}: {error}")
            self.usage = self.usage.plus(error.usage)
        return None


def telling(view: CaseView) -> tuple[Question, ...]:
    """Open questions that need not be asked and whose answers say something about a hypothesis."""
    return tuple(question for question in view.open_questions if not question.required and question.readings)


def worth_planning(view: CaseView) -> bool:
    """Whether there is something to choose: more than one such question, or a case that lives on reads of its own."""
    return len(telling(view)) > 1 or view.playbook.own_reads > MOST_READS


def worth_challenging(view: CaseView, leading: str) -> bool:
    """Whether something speaks for a hypothesis of another kind, or a question is open that code would leave out."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    rivals_of = [name for name, kind in kinds.items() if kind != kinds[leading]]
    malicious = ("malicious", *(name for name, kind in kinds.items() if kind == "malicious"))
    if any(finding.weights.get(name, 0) > 0 for finding in view.findings for name in rivals_of):
        return True
    return any(not any(could_raise(question, name) for name in malicious) for question in telling(view))


def worth_assessing(view: CaseView, told: Collection[str]) -> bool:
    """Whether a model has anything to assess: a claim that is new, or an answer to a read of its own.

    After the challenge every question that could still speak for malice was asked; what came of it is assessed once
    more where it did, and told with the conclusion where it did not."""
    claims = {claim.id for claim in fresh_claims(view, told)}
    if fresh_own(view, told) or not view.decisions:
        return True
    if not any(decision.step == "challenge" for decision in view.decisions):
        return bool(claims)
    malicious = {hypothesis.id for hypothesis in view.hypotheses if hypothesis.kind == "malicious"}
    speaking = (f for f in view.findings if any(f.weights.get(name, 0) > 0 for name in malicious))
    return any(finding.claim in claims for finding in speaking)


def needs_second_look(view: CaseView, concluded: Disposition) -> bool:
    """Whether the case would close on this word, or the word and the evidence take opposite sides."""
    draft = view.draft or leaning(view)
    if concluded in CLOSING:
        return draft in CLOSING or draft == "true_positive"
    return concluded == "true_positive" and draft in CLOSING


def leaning(view: CaseView) -> Disposition:
    """What the leading hypothesis comes to, as the evidence stands."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    return _SIDES[kinds[max(view.scores, key=lambda name: (view.scores[name], kinds[name] == "malicious"))]]


def spent_on(view: CaseView) -> Usage:
    """What models have cost in this case so far."""
    return reduce(Usage.plus, (decision.usage for decision in view.decisions), Usage())


def _assessed(answer: JsonObject, *, view: CaseView, evidence: Mapping[str, Evidence]) -> Parsed[Assessment]:
    return parse_assessment(answer, view, evidence, _PLAIN)


def _taken(value: T, turn: _Turn) -> T:
    """The decision with how it came about."""
    taken = Taken(
        by=turn.name,
        prompt=prompt_version(),
        messages=turn.added,
        problems=turn.problems,
        cut=turn.cut,
        usage=turn.usage,
    )
    return value.model_copy(update={"taken": taken})
