"""The tables of the suite `chat`: enough questions, none of them broken, and held-out ones that nobody trained on."""

import inspect
from pathlib import Path
from typing import get_args

import pytest

from evals.errors import DataBrokenError
from evals.suites.chat_tables import Asked, IntentName, language_of, load_conversations, load_worlds
from evals.suites.chat_truth import TRUTHS

ASKED = load_conversations()
MODEL = load_conversations(("model",))
PRACTICE = load_conversations(("practice",))
TURNS = [(item, turn) for item in ASKED for turn in item.conversation.turns]


def test_there_are_questions_enough_of_every_sort() -> None:
    """Eighty at least over ten labs, half of them held out, a fifth in Chinese."""
    held_out = [turn for item, turn in TURNS if item.split == "held_out"]
    assert len(TURNS) >= 80
    assert len(load_worlds()) == 10
    assert 0.4 < len(held_out) / len(TURNS) < 0.6
    assert sum(language_of(turn.ask) == "zh" for _, turn in TURNS) > len(TURNS) / 5
    assert {turn.intent for turn in held_out} == {turn.intent for _, turn in TURNS}


def test_held_out_questions_stand_nowhere_else() -> None:
    """Neither their words nor their labs."""
    words = {split: {turn.ask for item, turn in TURNS if item.split == split} for split in ("development", "held_out")}
    seeds = {split: {item.conversation.seed for item in ASKED if item.split == split} for split in words}
    assert not words["development"] & words["held_out"]
    assert not seeds["development"] & seeds["held_out"]
    assert seeds["development"] | seeds["held_out"] == {world.seed for world in load_worlds()}


def test_practice_is_run_by_name_alone() -> None:
    """It keeps to the labs of development, repeats no question that is counted, and asks for everything."""
    turns = [turn for item in PRACTICE for turn in item.conversation.turns]
    development = {item.conversation.seed for item in ASKED if item.split == "development"}
    assert "practice" not in {item.split for item in ASKED}
    assert {item.conversation.seed for item in PRACTICE} == development
    assert not {turn.ask for turn in turns} & {turn.ask for _, turn in TURNS}
    assert {turn.intent for turn in turns} == set(get_args(IntentName))
    assert sum(language_of(turn.ask) == "zh" for turn in turns) > len(turns) / 3


def test_a_model_is_asked_ten_times_four_questions() -> None:
    """One conversation in each lab."""
    assert [len(item.conversation.turns) for item in MODEL] == [4] * 10
    assert {item.conversation.seed for item in MODEL} == {world.seed for world in load_worlds()}


@pytest.mark.parametrize("asked", [*ASKED, *MODEL, *PRACTICE], ids=lambda asked: asked.id)
def test_every_question_gives_its_truth_what_it_needs(asked: Asked) -> None:
    """A misspelt argument is found before ten labs are built."""
    for turn in asked.conversation.turns:
        inspect.signature(TRUTHS[turn.truth]).bind(None, **turn.of)


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    """With its file, and what is wrong in it."""
    (tmp_path / "worlds.yaml").write_text("worlds: [{seed: one, stories: {}}]", encoding="utf-8")
    with pytest.raises(DataBrokenError, match=r"worlds\.yaml.*"):
        load_worlds(tmp_path)


def test_the_language_of_a_question_is_chinese_with_the_first_chinese_character() -> None:
    """Analysts mix the two."""
    assert language_of("check 一下 ws-042 的 owner") == "zh"
    assert language_of("who owns ws-042?") == "en"
