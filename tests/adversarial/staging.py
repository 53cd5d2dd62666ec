"""A model behind a real endpoint, driven as an installation drives it, and the stories it judges."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from agent.brain.endpoint import Asked, Endpoint, HttpEndpoint, Said
from agent.brain.endpoint.budgets import Budgets
from agent.brain.endpoint.metered import Metered
from agent.brain.endpoint.settings import BudgetSettings, EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint, Player, Trouble
from agent.brain.failover import FailoverBrain
from agent.brain.model import ModelBrain
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, Brain, CaseView, Challenge, Conclusion, Plan
from agent.models import Decision, Evidence, Report
from evals.targets import Target

T = TypeVar("T")
Stories = Mapping[tuple[str, str], Target]
ANSWER_S = 20.0
"""How long one answer may take: long enough for a busy machine."""
BUDGET = BudgetSettings.model_construct()


@dataclass(slots=True)
class Timed:
    """An endpoint that notes when each question was over, however it ended."""

    inner: Endpoint
    over: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def shown(self) -> str:
        return self.inner.shown

    @property
    def on_this_machine(self) -> bool:
        return self.inner.on_this_machine

    async def say(self, asked: Asked) -> Said:
        try:
            return await self.inner.say(asked)
        finally:
            self.over.append(monotonic())


@dataclass(slots=True)
class Standin:
    """The embedded brain, noting how long after the model's last word it had decided."""

    endpoint: Timed
    name: str = "playbook"
    waits: list[float] = field(default_factory=list)

    async def plan(self, view: CaseView) -> Plan:
        return await self._timed(PlaybookBrain().plan(view))

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        return await self._timed(PlaybookBrain().assess(view, fresh))

    async def challenge(self, view: CaseView) -> Challenge:
        return await self._timed(PlaybookBrain().challenge(view))

    async def conclude(self, view: CaseView) -> Conclusion:
        return await self._timed(PlaybookBrain().conclude(view))

    async def _timed(self, decision: Awaitable[T]) -> T:
        known = self.endpoint.over[-1] if self.endpoint.over else monotonic()
        decided = await decision
        self.waits.append(monotonic() - known)
        return decided


@dataclass(slots=True)
class Stage:
    """One endpoint in trouble, and the brain over it as an installation has it."""

    played: PlayedEndpoint
    timed: Timed
    standin: Standin
    brain: Brain


@asynccontextmanager
async def stage(
    player: Player, *, trouble: Trouble = "none", budget: BudgetSettings = BUDGET, answer_s: float = ANSWER_S
) -> AsyncIterator[Stage]:
    """Endpoint, client, budgets, failover."""
    with PlayedEndpoint(player, trouble) as played:
        settings = ModelSettings.model_construct(retries=1)
        address = EndpointSettings.model_construct(base_url=played.url, api_key=None)
        http = HttpEndpoint(address, settings, "troubled", answer_s)
        http.load()
        timed = Timed(http)
        standin = Standin(timed)
        metered = Metered(timed, Budgets(budget))
        try:
            yield Stage(played, timed, standin, FailoverBrain([ModelBrain(metered)], standin))
        finally:
            await http.aclose()


async def run(target: Target, brain: Brain) -> Report:
    """The story as it is."""
    return await target.run(*target.planted(None), brain)


def for_models(report: Report) -> list[Decision]:
    """Decisions in which a model had something to choose: asked for it, or somebody stood in."""
    return [decision for decision in report.decisions if decision.messages or decision.fell_back]


def stood_in(report: Report) -> list[str]:
    """Why the embedded brain decided, once for each decision."""
    return [decision.fell_back for decision in report.decisions if decision.fell_back]
