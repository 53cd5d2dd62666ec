"""What code can tell about a text of a model: which language it is in, and whether it declines."""

import re
from typing import Final

_DECLINES: Final = re.compile(
    r"\b(?:i(?:'m| am)? (?:sorry|afraid|unable)|i (?:can(?:'t|not| not)|won'?t|will not|must decline)|as an ai\b"
    r"|against (?:my|our) (?:guidelines|polic))|抱歉|对不起|我(?:无法|不能|不可以)|不便(?:提供|协助)",
    re.IGNORECASE,
)
_OPENING: Final = 200
"""Characters in which an answer that declines says so."""
_LETTER: Final = re.compile(r"[^\W\d_]")


def declines(text: str) -> bool:
    """Whether an answer opens by saying that it will not be given."""
    return _DECLINES.search(text.replace("’", "'")[:_OPENING]) is not None


def chinese_share(text: str) -> float:
    """Share of the letters that are Chinese characters; a character counts like a word of four letters."""
    letters = _LETTER.findall(text)
    chinese = 4 * sum("\u4e00" <= letter <= "\u9fff" for letter in letters)
    others = sum(not "\u4e00" <= letter <= "\u9fff" for letter in letters)
    return chinese / (chinese + others) if letters else 0.0


def has_all(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether every wanted word stands in the text; case and separators of thousands aside."""
    folded = re.sub(r"(?<=\d)[,\u202f ](?=\d{3}\b)", "", text.casefold())
    return all(word.casefold() in folded for word in wanted)
