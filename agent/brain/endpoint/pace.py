"""How fast a process may ask: requests and tokens a minute; a call waits in front of the endpoint."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from agent.brain.endpoint.errors import RateLimitedError

BURST_S: Final = 10.0
"""So much of a minute's allowance may be used at once."""
_WINDOW_S: Final = 60.0 + BURST_S
"""The allowance is spread over this, so that no 60 seconds ever hold more of it than allowed, bursts included."""


@dataclass(slots=True)
class _Limit:
    """One allowance: it is used up until `until`."""

    per_minute: int
    what: str
    until: float = float("-inf")

    def pause(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken."""
        if not self.per_minute:
            return 0.0
        cost = amount * _WINDOW_S / self.per_minute
        return max(0.0, self.until + cost - max(BURST_S, cost) - now)

    def take(self, amount: float, at: float) -> None:
        """Use some of it up; a negative amount gives back."""
        if self.per_minute:
            self.until = max(self.until, at) + amount * _WINDOW_S / self.per_minute


class Pace:
    """Limits of one endpoint, shared by everything in the process that asks it."""

    def __init__(
        self,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """0: no limit. `clock` and `sleep` are in seconds."""
        self._limits = (_Limit(requests_per_minute, "requests"), _Limit(tokens_per_minute, "tokens"))
        self._clock, self._sleep = clock, sleep

    async def wait(self, tokens: int, most_s: float = float("inf")) -> None:
        """Return when a request of that many tokens may be sent, at most after `most_s` seconds.

        Raises: RateLimitedError at once, when that would be later."""
        now = self._clock()
        amounts = (1, tokens)
        pause, slowest = max(
            ((limit.pause(amount, now), limit) for limit, amount in zip(self._limits, amounts, strict=True)),
            key=lambda pair: pair[0],
        )
        if pause > most_s:
            told = f"our own limit of {slowest.per_minute} {slowest.what} a minute is reached"
            raise RateLimitedError(told, retry_after_s=round(pause, 3))
        for limit, amount in zip(self._limits, amounts, strict=True):
            limit.take(amount, now + pause)
        if pause:
            await self._sleep(pause)

    def give_back(self, tokens: int) -> None:
        """Tokens that were allowed for and not used."""
        _, of_tokens = self._limits
        of_tokens.take(-tokens, of_tokens.until)
