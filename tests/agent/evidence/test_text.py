"""Text of others can be read but cannot act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.text import CLIP, inert


@pytest.mark.parametrize(
    "text,shown",
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("invoice\u202egnp.exe", "invoice\\u{202e}gnp.exe"),
        ("ad\u200bmin\ufeff", "ad\\u{200b}min\\u{feff}"),
        ("a\r\nb\tc\x00\x9b", "a\\r\\nb\\tc\\x00\\x9b"),
        ("\U000e0041\ufe00\U000e0100", "\\u{e0041}\\u{fe00}\\u{e0100}"),
        ("\u2028\u00a0", "\\u{2028}\\xa0"),
        ("C:\\Users\\öl & <b>", "C:\\Users\\öl & <b>"),
        ("张伟 登录失败", "张伟 登录失败"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    """Terminals, browsers and readers are steered by exactly these characters; readable text stays as it is."""
    assert inert(text) == shown


def test_long_text_is_clipped_and_says_so() -> None:
    """A sentence stays a sentence, and nobody takes the part for the whole."""
    assert inert("x" * (CLIP + 7)) == "x" * CLIP + "… (+7 characters)"
    assert inert("x" * 500, clip=None) == "x" * 500


@given(st.text())
def test_result_is_printable(text: str) -> None:
    """Whatever comes in, nothing invisible goes out; made inert twice it does not change again."""
    shown = inert(text, clip=None)
    assert shown.isprintable()
    assert inert(shown, clip=None) == shown
