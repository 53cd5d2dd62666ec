"""Text from outside as a label, a title or a message of Streamlit, which renders Markdown in every one of them.

Everything else on the page is markup that `ui.web.markup.el` built, where a text is data by itself.
"""

from typing import Final

from agent.evidence.text import inert as _visible

WIDE: Final = 600
"""Characters of one outside text that a label shows."""
MARKDOWN: Final = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()<>#+-.!|~$:&\"'=^@/"})
"""Every character that means something in Markdown, its directives, its formulas or its automatic links."""


def inert(text: str, clip: int = WIDE) -> str:
    """Outside text as a label: no link, no markup, no invisible character, clipped."""
    return _visible(text, clip).translate(MARKDOWN)
