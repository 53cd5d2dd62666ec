"""What all checks of one probe share: the session, the mode that was chosen, and the decisions taken so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from agent.brain.endpoint import Endpoint
from agent.brain.endpoint.errors import ModelError
from agent.brain.fitness import Context, Mode, Remark, Structured
from agent.brain.probe.scope import Scope
from agent.brain.probe.session import Session
from agent.brain.probe.tally import Tally
from agent.brain.protocol import Brain, CaseView, Choice, Conclusion, Plan
from agent.models import Usage

BrainFor: TypeAlias = Callable[[Endpoint, Mode], Brain]
"""The brain that takes decisions with a model, in one mode."""
Item = TypeVar("Item")
IN_FORM = Remark(template="a decision in our form")
MODEL = "model:"


def model_brain(endpoint: Endpoint, mode: Mode) -> Brain:
    """The brain that triage uses: what is measured is what will be asked."""
    from agent.brain.model import ModelBrain

    return ModelBrain(endpoint, mode=mode)


@dataclass(slots=True)
class Bench:
    """One probe's state."""

    session: Session
    scope: Scope
    brain_for: BrainFor
    modes: tuple[Mode, ...]
    """The modes to try, in order."""
    form: Tally = field(default_factory=lambda: Tally("structured"))
    """Every decision asked in the chosen mode: did it come in our form?"""
    mode: Mode | None = None
    tried: list[Structured] = field(default_factory=list)
    firsts: dict[Mode, Conclusion] = field(default_factory=dict)
    """What was concluded in the first case, by mode."""
    context: Context | None = None
    spent: list[Usage] = field(default_factory=list)
    """What each conclusion in the chosen mode cost."""

    @property
    def first(self) -> Conclusion | None:
        """What was concluded in the first case in the chosen mode."""
        return None if self.mode is None else self.firsts.get(self.mode)

    def half(self, items: Iterable[Item]) -> tuple[Item, ...]:
        """All of them; every other one in a quick probe, the first included."""
        kept = tuple(items)
        return kept[::2] if self.scope.quick else kept

    async def plan(self, view: CaseView, mode: Mode) -> Plan:
        """A plan of the model itself. Raises: ModelError."""
        return _own(await self.brain_for(self.session, mode).plan(view))

    async def conclude(self, view: CaseView, mode: Mode) -> Conclusion:
        """A conclusion of the model itself. Raises: ModelError."""
        return _own(await self.brain_for(self.session, mode).conclude(view))

    async def concluded(self, task: str, view: CaseView) -> Conclusion | None:
        """A conclusion in the chosen mode; None where none came, or no mode works."""
        if self.mode is None:
            return None
        try:
            conclusion = await self.conclude(view, self.mode)
        except ModelError as error:
            self.form.failed(task, IN_FORM, error, self.session.last)
            conclusion = None
        else:
            self.form.judge(True, task, IN_FORM, "")
        self.form.planned = self.form.total
        if conclusion is not None:
            self.spent.append(cost_of(conclusion))
        return conclusion


def cost_of(choice: Choice) -> Usage:
    """What a decision cost."""
    return choice.taken.usage if choice.taken else Usage()


Made = TypeVar("Made", bound=Choice)


def _own(choice: Made) -> Made:
    """The choice, where the model took it. Raises: ModelError where something stood in for it."""
    taken = choice.taken
    if taken is None or taken.fell_back or not taken.by.startswith(MODEL):
        raise ModelError(taken.fell_back if taken and taken.fell_back else "no model took the decision")
    return choice
