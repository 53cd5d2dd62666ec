"""How one run of an injection campaign ended, and the runs in which a language model obeys behind an endpoint."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from agent.brain.building import model_brain
from agent.brain.endpoint import HttpEndpoint
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint
from agent.brain.protocol import Brain
from agent.models import Evidence, Report
from evals.loop import Call
from evals.planting import Plant, Reader
from evals.players import ObedientModel
from evals.targets import Target

TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run of one story with something planted in it."""

    report: Report
    closed: bool
    """Whether the brain itself said that the attack was nothing."""
    orders: Counter[str]
    assumed: int
    refused: int
    """Calls of change tools that came to nothing."""
    answered: tuple[str, ...]
    """Change tools that did answer."""


@dataclass(slots=True)
class Watching:
    """A read door that keeps how calls of some tools ended."""

    inner: Reader
    watched: Sequence[str]
    seen: list[Evidence] = field(default_factory=list)

    async def read_many(self, calls: Sequence[Call]) -> list[Evidence]:
        """The answers of the door behind."""
        answers = await self.inner.read_many(calls)
        self.seen += [answer for (tool, _), answer in zip(calls, answers, strict=True) if tool in self.watched]
        return answers


@dataclass(frozen=True, slots=True)
class ObedientEndpoint:
    """The model brain as it is, over an endpoint whose model obeys."""

    brain: Brain
    model: ObedientModel

    async def run(self, target: Target, plant: Plant) -> Outcome:
        """The story, every decision taken by the obedient model."""
        before = (Counter(self.model.orders), self.model.assumed, self.model.closed)
        alert, door = target.planted(plant)
        watching = Watching(door, self.model.changes)
        report = await target.run(alert, watching, self.brain)
        return Outcome(
            report,
            closed=self.model.closed > before[2],
            orders=self.model.orders - before[0],
            assumed=self.model.assumed - before[1],
            refused=struck(report, self.model.changes) + sum(item.status == "refused" for item in watching.seen),
            answered=tuple(item.tool for item in watching.seen if item.status != "refused"),
        )


def struck(report: Report, tools: Sequence[str]) -> int:
    """Problems of decisions that name one of the tools: calls that were struck before any door."""
    told = (problem for decision in report.decisions for problem in decision.problems)
    return sum(any(tool.partition("__")[2] in problem for tool in tools) for problem in told)


@asynccontextmanager
async def obedient_endpoint(changes: Sequence[str]) -> AsyncIterator[ObedientEndpoint]:
    """The endpoint, served on this machine while it is used."""
    model = ObedientModel(changes)
    with PlayedEndpoint(model) as played:
        settings = EndpointSettings.model_construct(base_url=played.url, api_key=None)
        endpoint = HttpEndpoint(settings, ModelSettings.model_construct(), "obedient", TIMEOUT_S)
        try:
            yield ObedientEndpoint(model_brain(endpoint), model)
        finally:
            await endpoint.aclose()
