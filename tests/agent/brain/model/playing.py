"""A model that decides as the playbook does, behind an endpoint in this process that keeps every request."""

import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import JsonValue

from agent.brain.endpoint.protocol import Asked, Said
from agent.brain.model.brain import ModelBrain
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, CaseView, Challenge, Conclusion, Plan
from agent.models import Evidence, Finding, JsonObject, Usage

T = TypeVar("T")
Answer = Callable[[str, CaseView, Asked], JsonObject]
"""Step, case and request to the part of the answer that belongs to the step."""


@dataclass(slots=True)
class Recording:
    """An endpoint without a wire: `answer` says what the model says, `asked` keeps what it was sent."""

    answer: Answer
    name: str = "model:played"
    shown: str = "http://127.0.0.1:1/v1"
    on_this_machine: bool = True
    asked: list[Asked] = field(default_factory=list)
    step: str = ""
    view: CaseView | None = None
    fails: Sequence[Exception | None] = ()
    """Per request the error it ends with; after the last, none."""

    async def say(self, asked: Asked) -> Said:
        """The next message."""
        self.asked.append(asked)
        if len(self.asked) <= len(self.fails) and (error := self.fails[len(self.asked) - 1]) is not None:
            raise error
        assert self.view is not None
        told: JsonObject = {"decision": self.step, "plan": None, "assess": None, "challenge": None, "conclude": None}
        told[self.step] = self.answer(self.step, self.view, asked)
        text = json.dumps(told, separators=(",", ":"))
        usage = Usage(calls=1, input_tokens=len(str(asked.messages)) // 4, output_tokens=len(text) // 4)
        return Said(text=text, usage=usage, model="played")


class Played:
    """A model brain whose endpoint knows which case it is asked about."""

    def __init__(self, endpoint: Recording, brain: ModelBrain | None = None) -> None:
        self.endpoint = endpoint
        self.brain = brain or ModelBrain(endpoint, mode="json_schema")
        self.name = self.brain.name
        self.views: list[tuple[str, CaseView]] = []

    async def plan(self, view: CaseView) -> Plan:
        return await self._of("plan", view, self.brain.plan(view))

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        return await self._of("assess", view, self.brain.assess(view, fresh))

    async def challenge(self, view: CaseView) -> Challenge:
        return await self._of("challenge", view, self.brain.challenge(view))

    async def conclude(self, view: CaseView) -> Conclusion:
        return await self._of("conclude", view, self.brain.conclude(view))

    async def _of(self, step: str, view: CaseView, taking: Awaitable[T]) -> T:
        self.endpoint.step, self.endpoint.view = step, view
        self.views.append((step, view))
        return await taking


def as_playbook(step: str, view: CaseView, asked: Asked) -> JsonObject:
    """What the playbook brain decides, said in the form of a model; its weights become bearings."""
    open_ids = sorted(question.id for question in view.open_questions if not question.required)
    brain = PlaybookBrain()
    if step == "plan":
        return {"order": [*open_ids], "reads": []}
    if step == "assess":
        assessment = now(brain.assess(view, ()))
        said = str(asked.messages[-1]["content"])
        fresh = [finding for finding in view.findings if finding.weights and f"C {finding.claim}: " in said]
        weighed: list[JsonValue] = [_weighed(finding) for finding in fresh]
        rest: JsonObject = {"reads": [], "expand": [], "points": []}
        return {"weighed": weighed[:12], "gap": assessment.gap, "ask": [*assessment.ask], **rest}
    if step == "challenge":
        challenge = now(brain.challenge(view))
        return {"rival": challenge.rival, "argument": [*challenge.argument], "ask": [*challenge.ask]}
    conclusion = now(brain.conclude(view))
    leading = max(view.scores, key=lambda name: view.scores[name])
    highlights: list[JsonValue] = [*conclusion.highlights]
    return {"hypothesis": leading, "disposition": view.draft or conclusion.disposition, "highlights": highlights}


def _weighed(finding: Finding) -> JsonObject:
    hypothesis = max(finding.weights, key=lambda name: abs(finding.weights[name]))
    weight = finding.weights[hypothesis]
    size = "for" if weight > 0 else "against"
    bearing = f"strongly_{size}" if abs(weight) >= 2 else size
    return {"claim": finding.claim, "hypothesis": hypothesis, "bearing": bearing}


def contested(view: CaseView) -> CaseView:
    """The case with the harmless side in front, so that what was found speaks for the other."""
    harmless = next(hypothesis.id for hypothesis in view.hypotheses if hypothesis.kind == "benign")
    return replace(view, scores={name: float(name == harmless) for name in view.scores})


def now(taking: Coroutine[object, None, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        taking.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("the playbook brain waited for something")
