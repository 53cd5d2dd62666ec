"""A brain that decides as it was decided before: the decisions of a case, played back in their order."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from agent.brain.protocol import Assessment, CaseView, Challenge, Choice, Conclusion, Plan, Taken
from agent.errors import BrainError
from agent.models import Decision, Evidence
from agent.replay.errors import NoDecisionsError
from agent.replay.stored import Stored

Chosen = TypeVar("Chosen", bound=Choice)


class RecordedBrain:
    """Plays the decisions of one case back; each step's n-th decision to the n-th time it is asked.

    It asks no model. What a decision cost then stays written on it."""

    def __init__(self, decisions: Sequence[Decision], name: str) -> None:
        self.name = name
        self._decisions = tuple(decisions)

    @classmethod
    def of(cls, stored: Stored) -> "RecordedBrain":
        """The brain of a stored case, as it decided. Raises: NoDecisionsError."""
        if not stored.decisions:
            raise NoDecisionsError(f"case {stored.case_id} keeps no decisions: it was made before they were recorded")
        return cls(stored.decisions, stored.brain)

    async def plan(self, view: CaseView) -> Plan:
        """The recorded plan. Raises: BrainError when there is none."""
        return self._played("plan", view, Plan)

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """The recorded assessment of this round. Raises: BrainError when there is none."""
        return self._played("assess", view, Assessment)

    async def challenge(self, view: CaseView) -> Challenge:
        """The recorded challenge. Raises: BrainError when there is none."""
        return self._played("challenge", view, Challenge)

    async def conclude(self, view: CaseView) -> Conclusion:
        """The recorded conclusion. Raises: BrainError when there is none."""
        return self._played("conclude", view, Conclusion)

    def _played(self, step: str, view: CaseView, kind: type[Chosen]) -> Chosen:
        before = sum(decision.step == step for decision in view.decisions)
        recorded = [decision for decision in self._decisions if decision.step == step]
        if before >= len(recorded):
            raise BrainError(f"{self.name} took {len(recorded)} decisions of step {step}; this is one more")
        decision = recorded[before]
        try:
            choice = kind.model_validate(decision.answer)
        except ValidationError as error:
            raise BrainError(
                f"a recorded decision of step {step} has another form: {error.error_count()} faults"
            ) from error
        return choice.model_copy(update={"taken": _taken(decision)})


def _taken(decision: Decision) -> Taken:
    return Taken(
        by=decision.by,
        prompt=decision.prompt,
        messages=decision.messages,
        problems=decision.problems,
        fell_back=decision.fell_back,
        usage=decision.usage,
    )
