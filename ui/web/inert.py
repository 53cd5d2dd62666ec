"""How text reaches the page: markup that `el` built, or text that can do nothing.

Streamlit renders Markdown in every label and message, so a text from outside goes through `inert` before it is one.
"""

from typing import Final

import streamlit as st

from agent.evidence.text import inert as _visible
from ui.web.markup import Html

WIDE: Final = 600
"""Characters of one outside text that a label shows."""
MARKDOWN: Final = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()<>#+-.!|~$:&\"'=^@/"})
"""Every character that means something in Markdown, its directives, its formulas or its automatic links."""


def inert(text: str, clip: int = WIDE) -> str:
    """Outside text as a label, a title or a message: no link, no markup, no invisible character, clipped."""
    return _visible(text, clip).translate(MARKDOWN)


def show(html: Html) -> None:
    """Put markup on the page. Nothing in it reacts; what reacts is a board. Raises: TypeError for plain text."""
    if not isinstance(html, Html):
        raise TypeError("only what `el` built is markup")
    st.html(html)
