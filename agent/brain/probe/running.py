"""One probe from the first request to the last: the checks in their order, and what they come to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.brain.endpoint import Endpoint
from agent.brain.endpoint.prices import Prices
from agent.brain.fitness import CHECKS, Check, CheckName, Fitness, Mode, Price, Remark
from agent.brain.probe.bench import MODEL, Bench, BrainFor, model_brain
from agent.brain.probe.chinese import check_chinese
from agent.brain.probe.context import check_context
from agent.brain.probe.errors import ProbeStoppedError
from agent.brain.probe.injection import check_injection
from agent.brain.probe.judgement import check_determinism, check_judgement
from agent.brain.probe.refusal import check_refusal
from agent.brain.probe.scope import Limits, Scope
from agent.brain.probe.session import Session
from agent.brain.probe.structured import check_structured
from agent.brain.probe.tally import Tally
from agent.brain.probe.tools import check_tools
from agent.brain.probe.uses import DECISIONS, Measured, chat_use, triage_use
from agent.models import Usage, utc_now

MODES: Final[tuple[Mode, ...]] = ("json_schema", "tool", "json")
MAKERS: Final[Mapping[CheckName, Callable[[Bench, Tally], Awaitable[None]]]] = {
    "structured": check_structured,
    "tools": check_tools,
    "judgement": check_judgement,
    "refusal": check_refusal,
    "chinese": check_chinese,
    "injection": check_injection,
    "determinism": check_determinism,
    "context": check_context,
}
INTERRUPTED: Final = Remark(template="a person stopped it")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a probe is: told before each request, and when a check is done."""

    name: CheckName
    requests: int
    done: Check | None = None
    """The check, once it is made."""


class Probe:
    """Measures one model. `run` may be ended at any time; `fitness` says what is known until then."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        scope: Scope | None = None,
        limits: Limits | None = None,
        prices: Prices | None = None,
        modes: tuple[Mode, ...] = MODES,
        brain_for: BrainFor = model_brain,
        progress: Callable[[Progress], None] = lambda _: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`prices`: None knows no price. `modes`: those to try. `clock`: wall time."""
        self._session = Session(endpoint, limits or Limits(), self._tick)
        self._bench = Bench(self._session, scope or Scope(), brain_for, modes)
        self._prices, self._progress, self._clock = prices, progress, clock
        self._tallies: dict[CheckName, Tally] = {"structured": self._bench.form}
        self._now: CheckName = CHECKS[0]
        self._stopped: Remark | None = INTERRUPTED
        """Until it is through."""

    @property
    def answered(self) -> bool:
        """Whether the endpoint gave any answer at all: without one there is nothing to keep."""
        return bool(self._session.answers)

    async def run(self) -> None:
        """Make every check. Raises: ProbeStoppedError where the endpoint never answered."""
        try:
            for name in CHECKS:
                self._now = name
                tally = self._tallies.setdefault(name, Tally(name))
                await MAKERS[name](self._bench, tally)
                self._progress(Progress(name, self._session.requests, tally.check))
            self._stopped = None
        except ProbeStoppedError as stopped:
            self._stopped = stopped.remark
            if not self.answered:
                raise

    def fitness(self) -> Fitness:
        """What was measured, and what follows from it."""
        bench, session = self._bench, self._session
        checks = {name: tally.check for name, tally in self._tallies.items()}
        tried = self._stopped is None or self._now != "structured"
        declined = bool(bench.tried) and all(mode.declined for mode in bench.tried)
        measured = Measured(
            checks, bench.mode, bench.context, session.speed, declined=tried and declined, modes_tried=tried
        )
        return Fitness(
            endpoint=session.shown,
            model=session.name.removeprefix(MODEL),
            at=self._clock(),
            prompt=_prompt(),
            quick=bench.scope.quick,
            mode=bench.mode,
            structured=tuple(bench.tried),
            checks=tuple(checks.values()),
            context=bench.context,
            speed=session.speed,
            price=self._price(),
            usage=session.usage,
            stopped=self._stopped,
            chat=chat_use(measured),
            triage=triage_use(measured),
        )

    def _tick(self) -> None:
        self._progress(Progress(self._now, self._session.requests))

    def _price(self) -> Price | None:
        """Of a case of DECISIONS decisions, each of which reads what those before it said."""
        spent = self._bench.spent
        if not spent:
            return None
        calls = max(1, sum(usage.calls for usage in spent))
        given = sum(usage.input_tokens for usage in spent) / calls
        made = sum(usage.output_tokens for usage in spent) / calls
        repeated = made * DECISIONS * (DECISIONS - 1) / 2
        usage = Usage(
            calls=DECISIONS, input_tokens=round(given * DECISIONS + repeated), output_tokens=round(made * DECISIONS)
        )
        price = self._prices.of(self._session) if self._prices else None
        return Price(
            input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, money=price.of(usage) if price else None
        )


def _prompt() -> str:
    """Version of the prompts that decisions are asked with."""
    from agent.brain.model.prompts import prompt_version

    return prompt_version()
