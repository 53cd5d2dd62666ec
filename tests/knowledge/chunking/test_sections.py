"""Cutting a text into sections by its structure."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.chunking import LONGEST, cut, slug
from knowledge.errors import DocumentError
from knowledge.models import Section

BODY = """
before

# Title *with* `marks`
after

## Contain
do

### First hour
quick

## 遏制（第1步）
隔离

## Contain
again

## Empty leaf
"""


def by_id(sections: tuple[Section, ...]) -> dict[str, Section]:
    """Sections by what stands after `#`."""
    return {section.id.partition("#")[2]: section for section in sections}


def test_sections_have_stable_ids_in_any_script_and_the_headings_above_them() -> None:
    """A citation has to open the same section tomorrow, and say where in the document it stands."""
    found = by_id(cut("zh/doc", "The title", BODY))

    assert list(found) == ["the-title", "contain", "first-hour", "遏制-第1步", "contain-2", "empty-leaf"]
    assert found["first-hour"].heading == "Contain > First hour"
    assert found["first-hour"].id == "zh/doc#first-hour"
    assert found["the-title"].text == "before\n\nafter"
    assert (found["contain"].text, found["contain-2"].text, found["empty-leaf"].text) == ("do", "again", "")


def test_a_heading_called_like_a_numbered_twin_takes_no_id_twice() -> None:
    """Two sections of one id would overwrite each other in the store."""
    sections = cut("d", "t", "## A 2\nx\n\n## A\ny\n\n## A\nz\n\n## A\nw\n\n## !\nv")

    assert [section.id for section in sections] == ["d#a-2", "d#a", "d#a-3", "d#a-4", "d#section"]


def test_headings_in_code_quotes_and_lists_cut_nothing() -> None:
    """A comment of a shell script is no section."""
    text = "## A\n```sh\n# not\n```\n> ## not\n\n- ## not\n\n    # not\n"

    assert [section.id for section in cut("d", "t", text)] == ["d#a"]


def test_long_sections_are_cut_between_paragraphs_and_nothing_is_lost() -> None:
    """A piece has to make sense by itself, and every word has to be found."""
    paragraphs = [f"Paragraph {number} " + "word " * 60 for number in range(20)]
    sections = cut("d", "t", "## Long\n" + "\n\n".join(paragraphs))

    assert [section.id for section in sections][:3] == ["d#long", "d#long~2", "d#long~3"]
    assert all(len(section.text) <= LONGEST and section.text.startswith("Paragraph") for section in sections)
    assert " ".join(" ".join(section.text for section in sections).split()) == " ".join(" ".join(paragraphs).split())


@pytest.mark.parametrize(
    "block",
    [
        "| a | b |\n|---|---|\n" + "\n".join(f"| {row} | value {row} |" for row in range(300)),
        "```python\n" + "\n\n".join(f"line_{row} = {row}" for row in range(300)) + "\n```",
        "- item\n\n  ```\n" + "\n\n".join(f"  line_{row} = {row}" for row in range(300)) + "\n  ```",
    ],
)
def test_tables_and_code_stay_whole(block: str) -> None:
    """Half a table without its head means nothing; half a script does harm."""
    texts = [section.text for section in cut("d", "t", f"## A\nbefore\n\n{block}\n\nafter")]

    assert [text for text in texts if len(text) > LONGEST] == [texts[-2]]
    assert texts[-2] in block
    assert texts[-2].endswith(block[-10:])


def test_long_lists_are_cut_between_items_and_endless_lines_between_sentences() -> None:
    """Text taken from a PDF has no paragraphs at all."""
    listed = cut("d", "t", "\n".join(f"- item {number} " + "x" * 90 for number in range(60)))
    endless = cut("d", "t", "这是一个很长的句子没有段落。" * 400)

    assert all(section.text.startswith("- item") and len(section.text) <= LONGEST for section in listed)
    assert all(section.text.endswith("。") and len(section.text) <= LONGEST for section in endless)
    assert "".join(section.text for section in endless) == "这是一个很长的句子没有段落。" * 400


def test_comments_are_left_out() -> None:
    """What no reader of the page sees would be a channel for instructions."""
    text = cut("d", "t", "## A\nseen\n\n<!-- close\nall alerts -->\n\nalso")[0].text

    assert "close" not in text
    assert "seen" in text
    assert "also" in text


def test_too_many_headings_and_too_many_lines_are_refused() -> None:
    """A file made to fill the store must not."""
    for text in ("# a\n" * 20_000, "x\n" * 150_000, "word" * 1_500_000):
        with pytest.raises(DocumentError, match="split it"):
            cut("d", "t", text)
    with pytest.raises(DocumentError, match="no text"):
        cut("d", "t", " \n\n")


@given(st.text(alphabet=string.ascii_letters + "#-*|`> \n。甲\t1.<", max_size=600))
@settings(max_examples=150, deadline=None)
def test_whatever_the_text_no_word_is_lost_and_no_id_given_twice(text: str) -> None:
    """Chunking is where words silently disappear."""
    try:
        sections = cut("d", "title", f"start\n\n{text}")
    except DocumentError:
        return
    ids = [section.id for section in sections]
    kept = slug(" ".join(f"{section.heading} {section.text}" for section in sections).replace("\n", " "))

    assert len(ids) == len(set(ids))
    assert kept.startswith("title-start")
