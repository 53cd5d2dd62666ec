"""A process asks no faster than it was told."""

import pytest

from agent.brain.endpoint.errors import RateLimitedError
from agent.brain.endpoint.pace import Pace
from agent.brain.endpoint.protocol import Asked


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@pytest.mark.parametrize(("requests", "tokens", "each"), [(30, 0, 1), (0, 3000, 100)])
async def test_no_minute_holds_more_than_allowed(requests, tokens, each):
    """Wherever the minute begins, bursts included."""
    time, sent = Time(), []
    pace = Pace(requests, tokens, clock=lambda: time.now, sleep=time.sleep)
    for _ in range(120):
        await pace.wait(each)
        sent.append(time.now)

    assert max(sum(1 for other in sent if start <= other < start + 60) for start in sent) <= 30
    assert sent[3] == 1000.0
    assert sent[-1] - sent[0] < 120 / 30 * 70


async def test_without_limits_nobody_waits():
    """Zero is no limit."""
    time = Time()
    pace = Pace(0, 0, clock=lambda: time.now, sleep=time.sleep)
    for _ in range(1000):
        await pace.wait(10**6)
    assert time.now == 1000.0


async def test_a_wait_that_is_too_long_is_not_begun():
    """The question is told at once, and takes nothing of the allowance."""
    time = Time()
    pace = Pace(1, 0, clock=lambda: time.now, sleep=time.sleep)
    await pace.wait(1)
    for _ in range(3):
        with pytest.raises(RateLimitedError, match="limit of 1 requests a minute") as caught:
            await pace.wait(1, most_s=5)
    assert (caught.value.retry_after_s, time.now) == (70.0, 1000.0)


async def test_tokens_that_were_not_used_are_given_back():
    """An answer is mostly shorter than it may be."""
    time = Time()
    pace = Pace(0, 600, clock=lambda: time.now, sleep=time.sleep)
    for _ in range(5):
        await pace.wait(600)
        pace.give_back(590)
    assert time.now < 1010.0


async def test_a_client_keeps_its_pace_over_all_questions(opened, played):
    """The limit counts requests, repeated ones too."""
    played.trouble = "error"
    with pytest.raises(RateLimitedError, match="our own limit"):
        await opened(requests_per_minute=1, retries=3).say(Asked(({"role": "user", "content": "x"},)))
    assert len(played.requests) == 1
