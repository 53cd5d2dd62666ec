"""Questions on the shipped documents: what counts as found, as honest, and as asked."""

from collections import Counter
from collections.abc import Sequence

import pytest

from evals.suites.bm25 import Bm25
from evals.suites.questions import DocsReport, Question, Ranking, docs_table, figures_of, questions
from knowledge.models import Language, Section
from knowledge.shipped import shipped


def quiet(line: str) -> None:
    """Says nothing."""


def always(*ids: str) -> Ranking:
    """A search that gives these sections whatever is asked."""
    return lambda ask: ids


def section(section_id: str, text: str) -> Section:
    """A section with that text."""
    return Section(id=section_id, document="a", title="Title", heading="Heading", text=text)


def ranked(expects: Sequence[str], got: Sequence[str]) -> tuple[int, float | None]:
    """How many of one question were found, and its reciprocal rank."""
    figures = figures_of([Question(ask="q", expects=tuple(expects))], always(*got), always(), quiet)
    return figures.found.hits, figures.mrr


def test_a_section_in_fifth_place_is_found_and_in_sixth_is_not() -> None:
    """Nobody looks further than the first five."""
    others = ("b#1", "b#2", "b#3", "b#4", "b#5")

    assert ranked(["a#x"], [*others[:4], "a#x"]) == (1, 0.2)
    assert ranked(["a#x"], [*others, "a#x"]) == (0, 0.1667)


def test_the_best_placed_of_several_right_sections_counts() -> None:
    """Each of the expected sections answers the question."""
    assert ranked(["a#x", "a#y"], ["b#1", "a#y", "a#x"]) == (1, 0.5)


def test_a_part_of_a_long_section_is_that_section() -> None:
    """Where a section was cut does not change what it answers."""
    assert ranked(["a#x"], ["a#x~2"]) == (1, 1.0)


def test_another_section_of_the_right_document_is_not_found() -> None:
    """A citation has to open at the answer, not near it."""
    assert ranked(["a#x"], ["a#xy", "a"]) == (0, 0.0)


def test_questions_without_an_answer_are_honest_only_when_nothing_comes_back() -> None:
    """They count nowhere else: with them in the recall, silence would look like a miss."""
    given = [Question(ask="soup", expects=()), Question(ask="q", expects=("a#x",))]

    silent = figures_of(given, lambda ask: ["a#x"] if ask == "q" else [], always(), quiet)
    chatty = figures_of(given, always("a#x"), always("b#1"), quiet)

    assert (silent.n, silent.nothing.n, silent.nothing.honest) == (1, 1, 1)
    assert (chatty.nothing.honest, [one.ask for one in chatty.answered_for_nothing]) == (0, ["soup"])
    assert (chatty.recall_at_5, chatty.bm25.recall_at_5) == (1.0, 0.0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sixty_questions_and_twenty_without_an_answer_are_asked(language: Language) -> None:
    """As many as the figure is promised for, none of them twice."""
    asked = questions(language)

    assert sum(bool(question.expects) for question in asked) == 60
    assert sum(not question.expects for question in asked) == 20
    assert len({question.ask for question in asked}) == 80
    assert all(len(question.expects) <= 3 for question in asked)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_expected_section_is_shipped(language: Language) -> None:
    """A heading that was renamed would look like a search that got worse."""
    known = {section.id.partition("~")[0] for document in shipped() for section in document.sections}

    assert {section for question in questions(language) for section in question.expects} <= known


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_questions_are_spread_over_the_shipped_documents(language: Language) -> None:
    """Nine documents of ten are asked about, and none so often that it makes the figure."""
    of_language = {document.id for document in shipped() if document.language == language}
    first = Counter(one.expects[0].partition("#")[0] for one in questions(language) if one.expects)

    assert set(first) <= of_language
    assert len(first) >= 0.9 * len(of_language)
    assert max(first.values()) <= 3


def test_bm25_alone_ranks_by_words_and_finds_nothing_for_unknown_ones() -> None:
    """The measure of comparison is a search of its own."""
    plain = Bm25([section("a#1", "spraying of passwords"), section("a#2", "ransomware 勒索软件 encrypts")])

    assert plain.rank("ransomware", 5) == ["a#2"]
    assert plain.rank("勒索软件", 5) == ["a#2"]
    assert plain.rank("soup", 5) == []


def test_the_table_shows_both_languages_and_what_was_missed() -> None:
    """Whoever reads it sees the questions behind the figure."""
    given = [Question(ask="lost question", expects=("a#x",)), Question(ask="soup", expects=())]
    figures = figures_of(given, always("b#1"), always(), quiet)

    table = docs_table(DocsReport(sections=2, en=figures, zh=figures, seconds=0.1))

    assert table.count("| BM25 alone |") == 2
    assert "missed: lost question (got b#1)" in table
    assert "nothing answers it: soup" in table
