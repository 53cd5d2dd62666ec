"""Text as people type it, in its plain form."""

import pytest

from agent.conversation.understanding.plain import folded, language_of


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("198[.]18[.]22[.]67", "198.18.22.67"),
        ("hxxps://evil[.]example/a", "https://evil.example/a"),
        ("hXXp[:]//evil(dot)example", "http://evil.example"),
        ("h**p://evil.example", "http://evil.example"),
        ("evil [dot] example", "evil.example"),
        ("evil[.example", "evil.example"),
        ("joe[@]evil[.]example", "joe@evil.example"),
        ("joe[at]evil[.]example", "joe@evil.example"),
        ("2001[:]db8::1", "2001:db8::1"),
        ("ｗｓ－０７６　Ｃ－３", "ws-076 C-3"),
        ("ws\u2011076\u200b  now", "ws-076 now"),
        ("what\tis\n it", "what is it"),
    ],
)
def test_defanged_and_typographic_text_is_made_plain(typed: str, plain: str) -> None:
    """An indicator has to be found however it was broken for safety."""
    assert folded(typed) == plain


def test_brackets_that_break_nothing_stay() -> None:
    """Only dots and at-signs are made whole; a bracketed word is not an indicator."""
    assert folded("find [all] events (edr)") == "find [all] events (edr)"


def test_the_language_is_that_of_the_question() -> None:
    """Chinese characters anywhere ask for Chinese, also around an English name."""
    assert language_of("ws-076 做了什么") == "zh"
    assert language_of("what did ws-076 do") == "en"
