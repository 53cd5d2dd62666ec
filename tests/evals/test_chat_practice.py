"""The questions to practise with over one lab: each has something that is true, before and after what happens."""

import pytest

from evals.suites.chat import opened
from evals.suites.chat_asking import Talk
from evals.suites.chat_cast import Cast
from evals.suites.chat_expected import Expected
from evals.suites.chat_tables import Asked, Split, load_conversations, load_worlds
from ui.evaluating import lab_desk

SEED = 1
SPLITS: tuple[Split, ...] = ("development", "practice")


@pytest.mark.thorough
async def test_every_question_of_a_lab_has_its_truth() -> None:
    """A slot that the lab has nothing for, or a truth asked for wrongly, would stop a run half-way."""
    world = next(world for world in load_worlds() if world.seed == SEED)
    asked = [item for item in load_conversations(SPLITS) if item.conversation.seed == SEED]
    async with opened(lab_desk, world) as (talk, cast):
        truths = [truth for item in asked for truth in await _truths(talk, cast, item)]
        assert len(truths) == sum(len(item.conversation.turns) for item in asked)
        assert {expected.demand for _, expected in truths} >= {"fact", "nothing", "blind", "scope", "unknown"}
        assert all("{" not in question for question, _ in truths)
        assert all(_demands_something(expected) for _, expected in truths)


async def _truths(talk: Talk, cast: Cast, asked: Asked) -> list[tuple[str, Expected]]:
    found = []
    for turn in asked.conversation.turns:
        await talk.meanwhile(turn.meanwhile)
        found.append((cast.fill(turn.ask), talk.expected(turn)))
    return found


def _demands_something(expected: Expected) -> bool:
    """A fact of nothing at all would be met by any sentence; a proposal of nothing is a demand."""
    return bool(expected.values) or expected.demands != ("fact",) or expected.targets is not None
