"""Every decision of the model brain, and one question of a chat, played back from what a model really said."""

import pytest

from evals.recording import CASSETTES, SCENARIOS, Outcome, Scenario, kept, played_back

pytestmark = pytest.mark.block_network


def recorded(wanted: Scenario) -> Outcome:
    """What came of it then; skipped where nobody has recorded it."""
    if not (CASSETTES / f"{wanted.name}.yaml").is_file():
        pytest.skip(f"not recorded yet: python -m evals.recording --base-url URL --only {wanted.name}")
    return kept(wanted)


@pytest.mark.parametrize("wanted", SCENARIOS, ids=lambda item: item.name)
async def test_conversation_played_back_comes_to_what_it_came_to(wanted: Scenario) -> None:
    """The product says the same bytes and reads the same answers; a changed prompt fails with the command to record."""
    before = recorded(wanted)

    assert await played_back(wanted) == before


def test_recordings_hold_every_decision() -> None:
    """A kind of decision that no cassette holds is tried by no recorded run."""
    outcomes = {item.name: recorded(item) for item in SCENARIOS}
    steps = {taken.split()[0] for outcome in outcomes.values() for taken in outcome.decisions}

    assert steps == {"plan", "assess", "challenge", "conclude", "chat"}
    assert outcomes["repair"].repaired == 1
    assert outcomes["expand"].expanded >= 1
    assert any(outcome.second for outcome in outcomes.values())


@pytest.mark.parametrize("wanted", SCENARIOS, ids=lambda item: item.name)
def test_cassette_says_what_it_is_and_keeps_no_key(wanted: Scenario) -> None:
    """Nobody shall take the answers for a vendor's; and what is committed is public."""
    recorded(wanted)
    text = (CASSETTES / f"{wanted.name}.yaml").read_text("utf-8")

    assert text.startswith("# Recorded through a local relay: a large language model wrote each answer")
    assert "No vendor's API was called" in text
    assert not [word for word in ("uthorization", "user-agent", "stainless", "Bearer ") if word in text]
