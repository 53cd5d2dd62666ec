"""A brain that never fails: models in order, and the embedded brain for whatever they cannot do.

An endpoint that is down, slow, busy, broken or refusing hands the case, from that decision on, to the embedded brain,
which goes on from the same state. So does a model that talked nonsense in two decisions (each is three unusable
answers or more), and a budget that is spent. What was the endpoint's fault opens a breaker of the process: later cases
start on the embedded brain at once, until after a pause one decision tries the endpoint again.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, TypeVar

from agent.brain.endpoint.errors import (
    AccountError,
    BudgetSpentError,
    EndpointDownError,
    EndpointFailedError,
    EndpointSlowError,
    ModelError,
    NonsenseError,
    RateLimitedError,
    RefusedError,
)
from agent.brain.model.brain import ModelBrain, leaning
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, Brain, CaseView, Challenge, Choice, Conclusion, Plan, Taken
from agent.errors import AgentError
from agent.evidence.text import inert
from agent.models import CLOSING, Decision, Disposition, Evidence, Usage

T = TypeVar("T", bound=Choice)
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 600.0
MOST_NONSENSE: Final = 2
"""Decisions of a case that may end in nonsense, the last of which hands the case over."""
NONSENSE: Final = "nonsense"
_OF_THE_ENDPOINT: Final = (EndpointDownError, EndpointSlowError, RateLimitedError, EndpointFailedError)
_WORDS: Final[tuple[tuple[type[AgentError], str], ...]] = (
    (EndpointDownError, "endpoint down"),
    (EndpointSlowError, "endpoint slow"),
    (RateLimitedError, "endpoint busy"),
    (EndpointFailedError, "endpoint failed"),
    (RefusedError, "model refused"),
    (NonsenseError, NONSENSE),
    (BudgetSpentError, "budget spent"),
    (AccountError, "account broken"),
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Breaker:
    """Whether an endpoint is asked at all: after a failure nobody does for a while, then one decision tries."""

    timer: Callable[[], float] = monotonic
    reason: str = ""
    _pause_s: float = FIRST_PAUSE_S
    _until: float | None = None
    _trying: bool = False

    def allows(self) -> bool:
        """Whether this decision may ask; the one after a pause is the only one until it has ended."""
        if self._until is None:
            return True
        if self._trying or self.timer() < self._until:
            return False
        self._trying = True
        return True

    def closed(self) -> None:
        """An answer came."""
        if self._until is not None:
            log.info("model_back after=%s", self.reason)
        self.reason, self._pause_s, self._until, self._trying = "", FIRST_PAUSE_S, None, False

    def opened(self, reason: str) -> None:
        """It failed: the pause doubles with each try in a row; decisions that were under way together count once."""
        if self._trying:
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        elif self._until is not None:
            return
        self.reason, self._until, self._trying = reason, self.timer() + self._pause_s, False

    def ended(self) -> None:
        """The decision is over, whatever became of it."""
        self._trying = False


class FailoverBrain:
    """Models, cheap first, before the embedded brain. Raises nothing."""

    def __init__(
        self,
        models: Sequence[ModelBrain],
        fallback: Brain | None = None,
        *,
        before_first: Callable[[ModelBrain], None] | None = None,
        breakers: Sequence[Breaker] = (),
    ) -> None:
        """`models`: one, or a cheap and a strong one. `before_first`: called once per model before anything is sent to
        it. `breakers`: one per model; by default closed ones that go by the clock."""
        self.models = tuple(models)
        self.fallback = fallback or PlaybookBrain()
        self.name = self.models[0].name
        self._breakers = tuple(breakers) or tuple(Breaker() for _ in self.models)
        self._before_first = before_first
        self._announced: set[tuple[str, str]] = set()

    async def plan(self, view: CaseView) -> Plan:
        """As the first model plans."""
        return await self._taken(view, lambda brain: brain.plan(view))

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """As the first model assesses; the strong one where a gap is left that the first cannot close."""
        first = await self._taken(view, lambda brain: brain.assess(view, fresh))
        if not unsettled(view, first):
            return first
        return await self._stronger(view, first, lambda brain, seen: brain.assess(seen, fresh))

    async def challenge(self, view: CaseView) -> Challenge:
        """As the first model argues."""
        return await self._taken(view, lambda brain: brain.challenge(view))

    async def conclude(self, view: CaseView) -> Conclusion:
        """As the first model concludes; the strong one where that stands against the evidence."""
        first = await self._taken(view, lambda brain: brain.conclude(view))
        if _side(first.disposition) == _side(view.draft or leaning(view)):
            return first
        return await self._stronger(view, first, lambda brain, seen: brain.conclude(seen))

    async def _taken(self, view: CaseView, decide: Callable[[Brain], Awaitable[T]]) -> T:
        """The decision of the first model, or of the embedded brain with the reason."""
        if (reason := handed_over(view)) is not None:
            return await self._embedded(decide, reason)
        if not self._breakers[0].allows():
            return await self._embedded(decide, f"{self._breakers[0].reason}; not asked again yet")
        try:
            return await self._asked(0, decide)
        except AgentError as error:
            cut = (f"{self.name}: {error}",) if isinstance(error, BudgetSpentError) else ()
            usage = error.usage if isinstance(error, ModelError) else Usage()
            log.warning("model_failed case=%s model=%s error=%s", view.case_id, self.name, error)
            return await self._embedded(decide, _told(error), usage, cut)

    async def _asked(self, which: int, decide: Callable[[Brain], Awaitable[T]]) -> T:
        """One model's decision, its breaker told how that went. Raises: AgentError."""
        model, breaker = self.models[which], self._breakers[which]
        try:
            self._announce(model)
            choice = await decide(model)
            if choice.taken is not None and choice.taken.messages:
                breaker.closed()
            return choice
        except _OF_THE_ENDPOINT as error:
            breaker.opened(_told(error))
            raise
        except (NonsenseError, RefusedError):
            breaker.closed()
            raise
        finally:
            breaker.ended()

    async def _embedded(
        self,
        decide: Callable[[Brain], Awaitable[T]],
        reason: str,
        usage: Usage | None = None,
        cut: tuple[str, ...] = (),
    ) -> T:
        choice = await decide(self.fallback)
        taken = Taken(by=self.fallback.name, fell_back=reason, cut=cut, usage=usage or Usage())
        return choice.model_copy(update={"taken": taken})

    async def _stronger(self, view: CaseView, first: T, decide: Callable[[Brain, CaseView], Awaitable[T]]) -> T:
        """The strong model's decision in place of the first one's; the first one's where there is no strong one."""
        taken = first.taken
        if len(self.models) < 2 or taken is None or taken.fell_back or not taken.messages:
            return first
        if not self._breakers[1].allows():
            return first
        spent = Decision(step="assess", by=taken.by, answer={}, usage=taken.usage)
        seen = replace(view, decisions=self._for_strong((*view.decisions, spent)))
        try:
            stronger = await self._asked(1, lambda brain: decide(brain, seen))
        except AgentError as error:
            log.warning("strong_model_failed case=%s model=%s error=%s", view.case_id, self.models[1].name, error)
            return first.model_copy(
                update={"taken": _noted(taken, f"{self.models[1].name} did not answer: {_told(error)}")}
            )
        if stronger.taken is None or not stronger.taken.messages:
            return first
        both = _noted(stronger.taken, f"asked instead of {taken.by}, which left it open")
        return stronger.model_copy(update={"taken": both.model_copy(update={"usage": both.usage.plus(taken.usage)})})

    def _for_strong(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        """What the strong model sees of them: nothing of a conversation with a model that is shown names which are
        hidden from it."""
        if self.models[0].hidden or not self.models[1].hidden:
            return decisions
        return tuple(decision.model_copy(update={"messages": ()}) for decision in decisions)

    def _announce(self, model: ModelBrain) -> None:
        place = (model.endpoint.shown, model.name)
        if self._before_first is not None and place not in self._announced:
            self._before_first(model)
        self._announced.add(place)


def handed_over(view: CaseView) -> str | None:
    """Why the case is the embedded brain's by now; None while models are asked."""
    failed = [decision.fell_back for decision in view.decisions if decision.fell_back]
    nonsense = [reason for reason in failed if reason.startswith(NONSENSE)]
    for reason in failed:
        if not reason.startswith(NONSENSE):
            return reason
    return nonsense[-1] if len(nonsense) >= MOST_NONSENSE else None


def unsettled(view: CaseView, assessment: Assessment) -> bool:
    """Whether a gap is left that the model knows no look for, or its weighing stands against the evidence."""
    if assessment.gap and not assessment.ask and not assessment.reads:
        return True
    scores: dict[str, int] = {}
    for item in assessment.weighed:
        scores[item.hypothesis] = scores.get(item.hypothesis, 0) + _BEARINGS[item.bearing]
    if not scores or not view.scores:
        return False
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    held = max(scores, key=lambda name: scores[name])
    leading = max(view.scores, key=lambda name: view.scores[name])
    return scores[held] > scores.get(leading, 0) and (kinds[held] == "malicious") != (kinds[leading] == "malicious")


_BEARINGS: Final = {"strongly_for": 2, "for": 1, "neutral": 0, "against": -1, "strongly_against": -2}


def _side(disposition: Disposition) -> str:
    """Closing, malicious, or open."""
    return "closing" if disposition in CLOSING else disposition


def _told(error: AgentError) -> str:
    word = next((word for kind, word in _WORDS if isinstance(error, kind)), "model failed")
    return inert(f"{word}: {error}", 240)


def _noted(taken: Taken, problem: str) -> Taken:
    return taken.model_copy(update={"problems": (*taken.problems, problem)})
