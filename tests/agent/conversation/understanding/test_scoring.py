"""Which intent words speak for."""

from agent.conversation.intents import INTENTS
from agent.conversation.understanding.scoring import Said, corrected, in_order, scores, words_of
from agent.conversation.understanding.table import Table, load_table
from agent.conversation.understanding.words import load_words


def test_the_table_and_the_intents_have_the_same_names() -> None:
    """A row without an intent could be chosen and never answered."""
    assert set(load_table().rows) == set(INTENTS)


def test_phrases_are_found_in_order_with_few_words_between() -> None:
    """`What did the host do` holds `what did do`; the same words in another order do not."""
    assert in_order(("what", "did", "do"), ("what", "did", "the", "host", "do"))
    assert not in_order(("what", "did", "do"), ("do", "what", "they", "did"))
    assert not in_order(("open", "cases"), ("open", "one", "two", "three", "cases"))


def test_misspelt_words_of_the_table_are_put_right_and_common_words_are_left() -> None:
    """Typing is hurried; but `causes` is no misspelt `cases`."""
    table, words = load_table(), load_words()
    assert corrected("contian", table.vocabulary, words.common) == "contain"
    assert corrected("similer", table.vocabulary, words.common) == "similar"
    assert corrected("causes", table.vocabulary, words.common) == "causes"
    assert corrected("gupta", table.vocabulary, words.common) == "gupta"
    assert words_of("whats teh verdict", table, words)[:2] == ("what", "is")


def test_a_group_that_counts_only_beside_another_says_nothing_alone() -> None:
    """`Why` alone asks for the reason of a verdict, not for what keeps a case open."""
    said = Said(("why",), "why", frozenset(), frozenset({"case"}), window=False, filters=False, kinds=False)
    assert "why_open" not in {score.intent for score in scores(load_table(), said)}


def test_an_intent_loses_points_when_nothing_it_could_be_about_is_known() -> None:
    """`Similar` without any case fits worse than with one."""
    table = load_table()
    known = Said(("similar",), "similar", frozenset(), frozenset({"case"}), window=False, filters=False, kinds=False)
    unknown = Said(("similar",), "similar", frozenset(), frozenset(), window=False, filters=False, kinds=False)
    assert _points(table, known) > _points(table, unknown)


def _points(table: Table, said: Said) -> float:
    return next(score.points for score in scores(table, said) if score.intent == "similar_cases")
