"""A model brain whose model chooses what the playbook brain would: the whole way of a decision, at no cost.

What is sent is what an endpoint would be sent; what comes back is the answer that a model with the same judgement
would write.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from agent.brain.endpoint.protocol import Asked, Said
from agent.brain.model import ModelBrain
from agent.brain.model.schema import SCHEMA
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, CaseView, Challenge, Conclusion, Plan
from agent.models import Evidence, Finding, JsonObject
from evals.benchmarks.wire import Meter, said_text, sent_text

STRONG: Final = 2.0
"""Weight from which a claim is said to bear strongly."""
MOST_WEIGHED: Final = 12
"""Claims that one answer weighs; the schema's users are asked for no more."""
Choices = Callable[[str, JsonObject], JsonObject]
"""Step and the choice for it to what is answered instead."""


@dataclass(slots=True)
class Choosing:
    """An endpoint in process that gives the answer it was prepared with, and counts what it reads and writes."""

    meter: Meter
    answer: JsonObject = field(default_factory=dict)
    name: str = "model:following"
    shown: str = "https://llm.example/v1"
    on_this_machine: bool = False

    async def say(self, asked: Asked) -> Said:
        """The prepared answer."""
        said = Said(json.dumps(self.answer, ensure_ascii=False, separators=(",", ":")))
        self.meter.count(sent_text(asked.messages, definitions(asked)), said_text(said.message))
        return said


def definitions(asked: Asked) -> tuple[JsonObject, ...]:
    """What a request holds beside its messages, as it is sent."""
    if asked.schema is None:
        return asked.tools
    form: JsonObject = {"name": asked.schema_name, "schema": asked.schema, "strict": True}
    return (*asked.tools, {"type": "json_schema", "json_schema": form})


class Following:
    """The model brain, asked as always; its model answers with the playbook brain's choices."""

    name = "model:following"

    def __init__(self, meter: Meter) -> None:
        self._endpoint = Choosing(meter)
        self._model = ModelBrain(self._endpoint, mode="json_schema")
        self._playbook = PlaybookBrain()

    async def plan(self, view: CaseView) -> Plan:
        """The optional questions, most telling first."""
        planned = await self._playbook.plan(view)
        optional = {question.id for question in view.open_questions if not question.required}
        order = [name for name in planned.order if name in optional]
        self._prepare("plan", {"order": [*order], "reads": []})
        return await self._model.plan(view)

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """The playbook brain's gap and questions, and a word on every claim that no earlier answer weighed."""
        assessed = await self._playbook.assess(view, fresh)
        self._prepare(
            "assess",
            {
                "weighed": [*weighed(view)],
                "gap": assessed.gap,
                "ask": [*assessed.ask],
                "reads": [],
                "expand": [],
                "points": [],
            },
        )
        return await self._model.assess(view, fresh)

    async def challenge(self, view: CaseView) -> Challenge:
        """The playbook brain's rival, argument and questions."""
        argued = await self._playbook.challenge(view)
        part: JsonObject = {"rival": argued.rival, "argument": [*argued.argument], "ask": [*argued.ask]}
        self._prepare("challenge", part)
        return await self._model.challenge(view)

    async def conclude(self, view: CaseView) -> Conclusion:
        """The playbook brain's word."""
        concluded = await self._playbook.conclude(view)
        leading = max(view.scores, key=lambda name: view.scores[name])
        part: JsonObject = {
            "hypothesis": leading,
            "disposition": concluded.disposition,
            "highlights": [*concluded.highlights],
        }
        self._prepare("conclude", part)
        return await self._model.conclude(view)

    def _prepare(self, step: str, part: JsonObject) -> None:
        self._endpoint.answer = answer_of(step, part)


def answer_of(step: str, part: JsonObject) -> JsonObject:
    """The one form of every answer: the decision filled, the others null; members that `part` leaves out are empty."""
    members = _members(_members(SCHEMA).get(step))
    empty: JsonObject = {name: [] if _listed(form) else None for name, form in members.items()}
    others: JsonObject = dict.fromkeys(("plan", "assess", "challenge", "conclude"))
    return {"decision": step} | others | {step: empty | part}


def _members(form: JsonValue) -> JsonObject:
    """Members of an object's form."""
    members = form.get("properties") if isinstance(form, dict) else None
    return members if isinstance(members, dict) else {}


def _listed(form: JsonValue) -> bool:
    """Whether a member is a list; the form of a list may be one that several share."""
    return isinstance(form, dict) and (form.get("type") == "array" or "$ref" in form)


def weighed(view: CaseView) -> list[JsonObject]:
    """What the evidence matrix says of each claim that was not weighed before, for the hypothesis it moves most."""
    parts = [decision.answer.get("weighed") for decision in view.decisions]
    before = {
        str(item.get("claim")) for part in parts if isinstance(part, list) for item in part if isinstance(item, dict)
    }
    fresh = [finding for finding in view.findings if finding.claim not in before and finding.weights]
    return [_weighing(finding) for finding in fresh[:MOST_WEIGHED]]


def _weighing(finding: Finding) -> JsonObject:
    moved = max(finding.weights, key=lambda name: abs(finding.weights[name]))
    weight = finding.weights[moved]
    strongly = "strongly_" if abs(weight) >= STRONG else ""
    return {"claim": finding.claim, "hypothesis": moved, "bearing": strongly + ("for" if weight > 0 else "against")}
