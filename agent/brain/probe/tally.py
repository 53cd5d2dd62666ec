"""Counting what passed, while it happens: a probe that is cut short keeps what it has."""

from dataclasses import dataclass, field
from typing import Final

from agent.brain.endpoint.errors import ModelError, NonsenseError
from agent.brain.fitness import Check, CheckName, Miss, Remark
from agent.brain.probe.errors import silent
from agent.evidence.text import inert
from knowledge.trust.masking import mask_secrets

MOST_MISSES: Final = 4
"""Wrong answers that are kept of one kind."""
SHOWN: Final = 160
"""Characters of a wrong answer that are kept."""


@dataclass(slots=True)
class Tally:
    """One check as it is made."""

    name: CheckName
    planned: int = 0
    passed: int = 0
    total: int = 0
    misses: list[Miss] = field(default_factory=list)

    def judge(self, passed: bool, task: str, wanted: Remark, got: str) -> None:
        """Count one answer."""
        self.total += 1
        self.passed += passed
        if not passed and len(self.misses) < MOST_MISSES:
            self.misses.append(Miss(task=task, wanted=wanted, got=told(got)))

    def failed(self, task: str, wanted: Remark, error: ModelError, said: str = "") -> None:
        """Count an answer that did not come, where that is the model's doing; otherwise it stays unmeasured.

        `said`: what came of an answer that could not be used."""
        if silent(error):
            return
        self.judge(False, task, wanted, said if isinstance(error, NonsenseError) and said else told_error(error))

    @property
    def check(self) -> Check:
        """As it stands."""
        return Check(
            name=self.name, passed=self.passed, total=self.total, planned=self.planned, misses=tuple(self.misses)
        )


def told_error(error: ModelError) -> str:
    """What went wrong, with the name of the kind of error."""
    return f"{type(error).__name__}: {error}"


def told(text: str) -> str:
    """The beginning of what a model said, fit to be stored and shown."""
    return inert(mask_secrets(" ".join(text.split())), SHOWN) or "-"
