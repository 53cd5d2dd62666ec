"""Which of the two languages a text is in."""

from knowledge.models import Language

_ENOUGH = 0.15
"""Share of Han characters among all letters from which a text is Chinese; technical prose keeps many Latin names."""
_READ = 50_000
"""Characters that are looked at."""


def language_of(text: str) -> Language:
    """Chinese when enough of its letters are Han characters, else English."""
    letters = [letter for letter in text[:_READ] if letter.isalpha()]
    han = sum(1 for letter in letters if "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff")
    return "zh" if letters and han >= _ENOUGH * len(letters) else "en"
