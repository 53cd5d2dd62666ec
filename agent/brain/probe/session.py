"""The endpoint as a probe asks it: every request counted, timed, and refused when the probe has had enough."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Final

from agent.brain.endpoint import Asked, Endpoint, Said
from agent.brain.endpoint.errors import EndpointFailedError, ModelError
from agent.brain.endpoint.protocol import InFront
from agent.brain.endpoint.reading import tokens_in
from agent.brain.fitness import Remark, Speed
from agent.brain.probe.errors import KEY_REFUSED, ProbeStoppedError, silent
from agent.brain.probe.scope import Limits
from agent.models import JsonObject, Usage

PATIENCE: Final = 3
"""Requests in a row that the endpoint leaves without an answer before the probe ends."""
CHARS_PER_TOKEN: Final = 4
LEAST_TOKENS: Final = 100
LEAST_S: Final = 0.5
"""Output tokens, and seconds in which they came, below which a rate would be noise."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, timed."""

    seconds: float
    first_token_s: float | None
    output_tokens: int


@dataclass(slots=True)
class Session(InFront):
    """An `Endpoint` that keeps account of one probe."""

    endpoint: Endpoint
    limits: Limits
    ticked: Callable[[], None] = lambda: None
    """Called before each request."""
    clock: Callable[[], float] = perf_counter
    usage: Usage = field(default_factory=Usage)
    requests: int = 0
    answers: list[Answered] = field(default_factory=list)
    unanswered: int = 0
    """In a row."""
    last: str = ""
    """What was said last."""

    def _behind(self) -> Endpoint:
        return self.endpoint

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError, and ProbeStoppedError where no further request is sent."""
        self._check_limits(asked)
        self.requests += 1
        self.ticked()
        started = self.clock()
        try:
            said = await self.endpoint.say(asked)
        except ModelError as error:
            self.usage = self.usage.plus(error.usage)
            self._failed(error)
            raise
        self._answered(said, self.clock() - started)
        return said

    async def ask(self, text: str, *, tools: tuple[JsonObject, ...] = (), system: str = "") -> Said:
        """The answer to one message of a person. Raises: as `say`."""
        rules: tuple[JsonObject, ...] = ({"role": "system", "content": system},) if system else ()
        return await self.say(Asked((*rules, {"role": "user", "content": text}), tools=tools, max_output_tokens=500))

    @property
    def speed(self) -> Speed | None:
        """How fast the answers came; None where there were none."""
        if not self.answers:
            return None
        seconds = [answer.seconds for answer in self.answers]
        first = [answer.first_token_s for answer in self.answers if answer.first_token_s is not None]
        return Speed(
            first_token_s=round(median(first), 2) if first else None,
            answer_s=round(median(seconds), 2),
            slowest_s=round(max(seconds), 2),
            tokens_per_s=self._rate(),
        )

    def _rate(self) -> float | None:
        spent = sum(answer.seconds - (answer.first_token_s or 0) for answer in self.answers)
        tokens = sum(answer.output_tokens for answer in self.answers)
        return round(tokens / spent, 1) if tokens >= LEAST_TOKENS and spent >= LEAST_S else None

    def _check_limits(self, asked: Asked) -> None:
        coming = tokens_in(asked) + (asked.max_output_tokens or 0)
        if self.requests >= self.limits.requests:
            raise ProbeStoppedError(Remark(template="{n} requests were made, the most", values={"n": self.requests}))
        if self.usage.tokens + coming > self.limits.tokens:
            raise ProbeStoppedError(Remark(template="{n} tokens were used, the most", values={"n": self.usage.tokens}))

    def _answered(self, said: Said, seconds: float) -> None:
        self.unanswered = 0
        self.last = said.calls[0].text if said.calls else said.text
        self.usage = self.usage.plus(said.usage)
        self.answers.append(Answered(seconds, said.first_token_s, said.usage.output_tokens))

    def _failed(self, error: ModelError) -> None:
        """Count what the endpoint left without an answer; a request it does not understand (400) is an answer."""
        if not silent(error):
            self.unanswered = 0
            return
        self.unanswered += 1
        refused = isinstance(error, EndpointFailedError) and error.status in KEY_REFUSED
        if refused or self.unanswered >= PATIENCE:
            told = Remark(template="the endpoint gives no answers: {reason}", values={"reason": str(error)})
            raise ProbeStoppedError(told) from error
