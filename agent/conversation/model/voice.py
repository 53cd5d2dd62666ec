"""How a model may speak: it reports. It does not let anybody go, does not advise, and does not speak for outsiders.

Those three are what a planted instruction asks for; what a model quotes, in quotation marks, is somebody else's voice.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from agent.conversation.errors import UnborneError
from agent.conversation.model.bearing import outside_quotes
from agent.evidence.text import inert

BORROWED_WORDS: Final = 7
"""So many words in a row, as somebody else wrote them, are no coincidence."""
_ASKED_WORDS: Final = 12
"""The same for the question, which is often said again in part."""
_HAN_PER_WORD: Final = 2
_HAN: Final = re.compile(r"[\u3400-\u9fff]")

_ACQUITTALS: Final[Mapping[str, tuple[str, ...]]] = {
    r"\bbenign\b|良性": ("benign", "良性"),
    r"\bfalse[ _-]?positives?\b|误报": ("false_positive", "false positive", "误报"),
    r"\bharmless\b|无害": ("harmless", "无害"),
    r"\bsafe(?:ly)?\b|\bclean\b|安全的|是安全|干净": ("safe", "clean", "安全", "干净"),
    r"\blegitimate(?:ly)?\b|\blegit\b|合法": ("legitimate", "合法"),
    r"\bauthori[sz]\w*|\bapproved\b|(?<!未)授权|获批": ("authori", "approved", "授权"),
    r"\bexpected\b|\bnormal\b|\broutine\b|正常|预期": ("expected", "normal", "routine", "正常"),
    r"\bno (?:threat|risk|danger|attack|compromise)\b|\bnot (?:malicious|an? (?:attack|threat|incident))\b"
    r"|无威胁|没有威胁|非恶意|不是攻击": ("no threat", "not malicious"),
}
"""Words that let somebody go, and what a trusted value has to say for them."""
_ADVICE: Final = re.compile(
    r"\b(?:should|must|please|recommend\w*|advis(?:e|es|ed|able)|ought to|ignore|disregard|do not|don't|let's)\b"
    r"|^\W*(?:block|isolate|disable|quarantine|close|delete|ignore|mark|reset|enable|revoke|run|call|visit|click|download"
    r"|execute|open|send|stop|set|use|forget|release|unblock|whitelist)\b"
    r"|应该|应当|必须|请(?!求)|建议|务必|忽略|不要|无需|^\W*(?:隔离|封锁|封禁|禁用|关闭|删除|执行|标记)(?!了|的)",
    re.IGNORECASE,
)


def check_voice(text: str, question: str, outside: Iterable[str]) -> None:
    """`outside`: folded texts that an outsider may have written. Raises: UnborneError."""
    own = outside_quotes(text)
    if (advice := _ADVICE.search(own)) is not None:
        raise UnborneError(f"it advises ({advice[0].strip()!r}); what to do comes from runbooks and proposals")
    runs, asked = _runs(own, BORROWED_WORDS), _runs(own, _ASKED_WORDS)
    if any(run in written for written in outside for run in runs) or any(run in folded(question) for run in asked):
        raise UnborneError("it repeats what somebody else wrote as its own words; that is for quotes")


def check_acquittal(text: str, trusted: Iterable[str]) -> None:
    """`trusted`: what the sentence cites of values that no outsider writes. Raises: UnborneError."""
    own, said = outside_quotes(text).lower(), "\n".join(trusted).lower()
    for pattern, stems in _ACQUITTALS.items():
        if (found := re.search(pattern, own)) and not any(stem in said for stem in stems):
            raise UnborneError(f"it says {found[0]!r}, and no trusted value that it cites does")


def folded(text: str) -> str:
    """Text as it is compared: inert, lower case, spaces joined."""
    return " ".join(inert(text, None).casefold().split())


def _runs(text: str, length: int) -> tuple[str, ...]:
    """Every stretch of the sentence that is long enough to have been copied."""
    plain = folded(text)
    words, signs = plain.split(), length * _HAN_PER_WORD
    stretches = (" ".join(words[at : at + length]) for at in range(len(words) - length + 1))
    unspaced = (plain[at : at + signs] for at in range(len(plain) - signs + 1))
    return (*stretches, *(run for run in unspaced if len(_HAN.findall(run)) > length))
