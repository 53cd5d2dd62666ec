"""Outside text shown as text."""

import string

from hypothesis import given
from hypothesis import strategies as st

from servers.kit.inert import clipped, inert, one_line


@given(st.text())
def test_inert_text_has_no_active_character(text: str) -> None:
    """Nothing that moves a cursor, turns a line around or hides is left, and it can be encoded."""
    shown = inert(text)

    shown.encode()
    assert not any(ord(c) < 32 and c not in "\t\n" for c in shown)
    assert not set(shown) & set("\x7f\x9b\u200b\u200e\u202a\u202e\u2066\u2069\ufeff\u00ad\U000e0041")


@given(st.text(string.printable.strip()))
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Evidence must not change more than it has to."""
    assert inert(text) == text


def test_long_text_says_how_much_was_left_out() -> None:
    """A silent cut would look like the end of the command."""
    assert clipped("a" * 30, 10) == f"{'a' * 10}…[20 more characters]"
    assert one_line("a\n b\x1b", 10) == "a b\\x1b"
