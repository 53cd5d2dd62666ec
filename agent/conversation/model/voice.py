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
_PUNCTUATION: Final = ".,;:!?()[]{}'\""
_SMALL: Final = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "had", "has", "have", "in", "is", "it", "its", "of", "on", "or"}
    | {"that", "the", "to", "was", "were", "with"}
)
"""Words that tie values together."""
_HAN: Final = re.compile(r"[\u3400-\u9fff]")

_FEED: Final = r"(?!\s+(?:feeds?\s+(?:know|list|ha[sv]e?|name|report|match|carr|contain|mention)|intel(?:ligence)?\b))"
"""`No threat feed knows it` lets nobody go."""
_AUTHORITY: Final = ("authori", "approv", "授权")
"""Of these words also the name of a field says them, when it holds something: `approver`, `authorisation`."""
_ACQUITTALS: Final[Mapping[str, tuple[str, ...]]] = {
    r"\bbenign\b|良性": ("benign", "良性"),
    r"\bfalse[ _-]?positives?\b|误报": ("false_positive", "false positive", "误报"),
    r"\bharmless\b|无害": ("harmless", "无害"),
    r"\bsafe(?:ly)?\b|\bclean\b|安全的|是安全|干净": ("safe", "clean", "安全", "干净"),
    r"\blegitimate(?:ly)?\b|\blegit\b|合法": ("legitimate", "合法"),
    r"\bauthori[sz]\w*|\bapproved\b|(?<!未)授权|获批": _AUTHORITY,
    r"\bexpected\b|\bnormal\b|\broutine\b|正常|预期": ("expected", "normal", "routine", "正常"),
    rf"\bno (?:threat|risk|danger|attack|compromise)\b{_FEED}|\bnot (?:malicious|an? (?:attack|threat|incident))\b"
    r"|(?:无|没有)威胁(?!情报)|非恶意|不是攻击": ("no threat", "not malicious"),
}
"""Words that let somebody go, and what a trusted value has to say for them."""
_ADVICE: Final = re.compile(
    r"\b(?:should|must|please|recommend\w*|advis(?:e|es|ed|able)|ought to|ignore|disregard|do not|don't|let's)\b"
    r"|^\W*(?:block|isolate|disable|quarantine|close|delete|ignore|mark|reset|enable|revoke|run|call|visit|click|download"
    r"|execute|open|send|stop|set|use|forget|release|unblock|whitelist)\b"
    r"|应该|应当|必须|请(?!求)|建议|务必|忽略|不要|无需|^\W*(?:隔离|封锁|封禁|禁用|关闭|删除|执行|标记)(?!了|的)",
    re.IGNORECASE,
)


def check_voice(text: str, question: str, outside: Iterable[str], own: Iterable[str] = ()) -> None:
    """`outside`: folded texts that an outsider may have written; `own`: folded texts that no outsider wrote, of which
    a sentence may say any part. Raises: UnborneError."""
    said = outside_quotes(text)
    if (advice := _ADVICE.search(said)) is not None:
        raise UnborneError(f"it advises ({advice[0].strip()!r}); what to do comes from runbooks and proposals")
    ours = tuple(own)
    runs = [run for run in _runs(said, BORROWED_WORDS) if not any(run in written for written in ours)]
    runs = [run for run in runs if not _made_of(run, ours)]
    copied = next((run for run in runs if any(run in written for written in outside)), None)
    copied = copied or next((run for run in _runs(said, _ASKED_WORDS) if run in folded(question)), None)
    if copied is not None:
        raise UnborneError(
            f"it repeats what somebody else wrote as its own words ({copied!r}); quote that, or say it in other words"
        )


def check_acquittal(text: str, trusted: Iterable[str], fields: Iterable[str] = ()) -> None:
    """`trusted`: what the sentence cites of values that no outsider writes; `fields`: the names of those that hold
    something. Raises: UnborneError."""
    own, said, named = outside_quotes(text).lower(), "\n".join(trusted).lower(), "\n".join(fields).lower()
    unsaid = [
        found[0]
        for pattern, stems in _ACQUITTALS.items()
        if (found := re.search(pattern, own))
        and not _says(stems, said)
        and not (stems is _AUTHORITY and _says(stems, named))
    ]
    if unsaid:
        raise UnborneError(f"it says {', '.join(map(repr, unsaid))}, and no trusted value that it cites does")


def _says(stems: Iterable[str], text: str) -> bool:
    """Whether one of the stems begins a word of the text: `unauthorised` does not say `authorised`."""
    return any(re.search(rf"(?<![a-z]){re.escape(stem)}", text) for stem in stems)


def _made_of(run: str, own: Iterable[str]) -> bool:
    """Whether every word of it is one of ours, or a small word that says nothing alone."""
    words = {word.strip(_PUNCTUATION) for word in run.split()} - _SMALL
    known = {word.strip(_PUNCTUATION) for text in own for word in text.split()}
    return not _HAN.search(run) and words <= known


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
