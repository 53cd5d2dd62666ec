"""Markup of the page is built of data that stays data."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from agent.evidence.text import inert as visible
from ui.web.inert import MARKDOWN, inert
from ui.web.markup import el, join, lines

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</bdi></td><a href=javascript:alert(1)>",
    "&lt;b&gt;",
)


class Read(HTMLParser):
    """What a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_outside_text_is_text_wherever_it_stands(text: str) -> None:
    """As a child and as an attribute it makes no element and no attribute."""
    read = Read(el("p", el("b", text), text, title=text, class_="fine"))

    assert read.tags == [("p", {"title": text, "class": "fine"}), ("b", {})]
    assert read.text == text + text


@given(st.text(max_size=60))
def test_any_text_is_shown_as_it_is_with_nothing_invisible(text: str) -> None:
    """No text makes markup, loses a character, or brings one that cannot be seen."""
    read = Read(el("li", text))

    assert [tag for tag, _ in read.tags] == ["li"]
    assert read.text == visible(text, None)
    assert read.text.isprintable()


def test_text_that_turns_the_line_round_is_shown_as_escapes() -> None:
    """A name such as `gpj.exe` written backwards is seen for what it is."""
    assert "\\u{202e}" in el("bdi", "photo\u202egpj.exe")
    assert "\u202e" not in el("a", "x", title="\u202e")


@pytest.mark.parametrize("tag", ["script", "iframe", "object", "style", "link", "meta", "base", "p onclick=x"])
def test_a_page_is_made_of_elements_that_do_nothing(tag: str) -> None:
    """An element that runs or loads something is a mistake in our own code."""
    with pytest.raises(ValueError, match="page is not made"):
        el(tag)


@pytest.mark.parametrize(
    "place", ["javascript:alert(1)", "https://evil.example", "//evil.example", "/\\evil", "data:text/html,x"]
)
@pytest.mark.parametrize("attribute", ["href", "src", "action"])
def test_no_link_and_no_picture_leads_away(attribute: str, place: str) -> None:
    """A link made of evidence would take the analyst to the attacker."""
    with pytest.raises(ValueError, match="leads away"):
        el("a", "x", **{attribute: place})


@pytest.mark.parametrize("attribute", ["onclick", "onerror", "style"])
def test_no_attribute_runs_anything(attribute: str) -> None:
    """Not by mistake either."""
    with pytest.raises(ValueError, match="no attribute"):
        el("a", "x", **{attribute: "alert(1)"})


def test_a_width_is_a_number_within_its_bounds() -> None:
    """The one style there is."""
    assert el("i", width_pct=250) == '<i style="width:100%"></i>'


def test_attributes_stand_alone_or_are_left_out() -> None:
    """True is a bare attribute; None and False are none."""
    assert el("input", required=True, hidden=False, value=None, data_pick=True) == "<input required data-pick>"


def test_joining_keeps_data_data() -> None:
    """What stands between is data as well."""
    assert join(("<a>", None, el("b")), "<") == Markup("&lt;a&gt;&lt;<b></b>")


def test_lines_of_a_raw_answer_stay_lines() -> None:
    """Of all invisible characters only the end of a line is kept."""
    assert lines("a\n<b>\x00") == Markup("a\n&lt;b&gt;\\x00")


@given(st.text(max_size=40))
def test_a_label_holds_no_markdown(text: str) -> None:
    """Every character that Markdown reads is escaped: no link, no picture, no formula, no directive."""
    shown = inert(text)

    for place, char in enumerate(shown):
        if ord(char) in MARKDOWN and char != "\\":
            assert (len(shown[:place]) - len(shown[:place].rstrip("\\"))) % 2 == 1
