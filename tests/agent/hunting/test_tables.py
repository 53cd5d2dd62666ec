"""The tables of words and looks fit each other."""

import pytest

from agent.hunting.trails import Trail, trails
from agent.playbooks.format import PLACEHOLDER, Question, load_playbooks
from agent.wording import localised

PLAYBOOK = load_playbooks()["hunt"]


def test_every_trail_leads_to_looks_and_every_look_is_led_to() -> None:
    """A look that no words choose is never asked; a trail to a missing one says less than it promises."""
    there = {question.id for question in PLAYBOOK.questions} - {"host_cover"}
    led = {look for trail in trails().values() for look in trail.looks}

    assert led == there


def test_explanations_name_readings() -> None:
    """A misspelt one would let a registered test be called found."""
    there = {reading.id for question in PLAYBOOK.questions for reading in question.readings}
    named = {name for trail in trails().values() for proof, by in trail.explained.items() for name in (proof, *by)}

    assert named <= there


def test_every_trail_says_why_in_both_languages() -> None:
    """It is shown before anything is asked."""
    assert [trail.id for trail in trails().values() if localised(trail.because, "zh") == trail.because] == []


@pytest.mark.parametrize("question", PLAYBOOK.questions, ids=lambda question: question.id)
def test_sentences_show_no_slot_of_the_hunt(question: Question) -> None:
    """A question is copied for each host that is named; its sentence would show the first for all."""
    for reading in question.readings:
        assert not [name for name in PLACEHOLDER.findall(reading.sentence) if name.startswith("hunt.")]


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("delet* shadow*", "deletes shadow copies", True),
        ("delet* shadow*", "deleted the shadow copies", False),
        ("shell* from * web", "a shell from some web server", True),
        ("usb", "usbkey", False),
        ("横向", "有人横向移动吗", True),
    ],
)
def test_phrases_match_whole_words_and_their_endings(phrase: str, text: str, *, said: bool) -> None:
    """`*` at the end of a word stands for its endings, alone for up to three words."""
    trail = Trail(id="t", say=(phrase,), because="b", looks=())

    assert bool(trail.said_in(text)) is said
