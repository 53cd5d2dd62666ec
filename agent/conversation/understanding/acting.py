"""`Did it look up ...`, `any ids alerts of that host`: questions for events that name no field."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from agent.conversation.models import EntityType
from agent.conversation.understanding.scoring import stem
from agent.conversation.understanding.words import EventKind, Words

_ASKING: Final = frozenset({"did", "has", "have", "had"})
_POINTING: Final = (
    "it",
    "he",
    "she",
    "they",
    "that",
    "this",
    "the",
    "ever",
    "also",
    "already",
    "really",
    "then",
    "even",
)
_TYPED: Final = ("host", "user", "account", "machine", "box", "server", "address", "workstation", "ip", "guy", "person")
_BETWEEN: Final = frozenset((*_POINTING, *_TYPED))
"""Words between `did` and what was done; a name there is blanked."""
_ZH: Final = re.compile(r"有没有|是否|有无|吗|多少|几次|过|了")
_WHOM: Final = re.compile(
    r"\b(?:which|what|who|whom) (?:other )?"
    r"(?:hosts?|machines?|systems?|addresses|ips|domains|accounts?|users?|else)\b|\bwho\b"
    r"|哪些主机|哪台|谁"
)
_WHO: Final = frozenset({"who", "account", "user", "accounts", "users", "host", "hosts", "machine"})
_RUN: Final = re.compile(
    r"\b(?:ran|run|runs|running|execut\w+|start(?:ed)?|launch(?:ed)?|spawn(?:ed)?) (?:any |the |an? )?"
    r"([a-z][\w-]{3,}[a-z0-9])\b"
    r"|(?:运行|执行|启动)(?:过|了)*(?:任何)? ?([a-z][\w-]{3,}[a-z0-9])"
)
_RECORDS: Final = re.compile(
    r"\b(?:events?|alerts?|detections?|log entries|log lines|logs|records?|entries|hits?|queries|requests?|flows?)\b"
    r"|事件|告警|日志|记录|检测|条目"
)
_FIREWALL: Final = "firewall"


def doings(words: Sequence[str], plain: str, known: Words) -> tuple[EventKind, ...]:
    """The kinds of events that what somebody is asked to have done leaves behind."""
    done = [words[place + 1 :] for place, word in enumerate(words) if word in _ASKING]
    if _WHOM.search(plain):
        done = [words[place + 1 :] for place, word in enumerate(words) if word in _WHO]
    found = tuple(kind for kind in known.kinds if any(_did(phrase, done, plain) for phrase in kind.does))
    return tuple(kind for kind in found if "process" in kind.filters.values()) if _WHOM.search(plain) else found


def program(plain: str, common: Collection[str]) -> str | None:
    """The program that somebody is asked to have run, named without its path or ending."""
    found = _RUN.search(plain)
    return None if found is None or (found[1] or found[2]) in common else found[1] or found[2]


def _did(phrase: str, done: Sequence[Sequence[str]], plain: str) -> bool:
    if not phrase.isascii():
        return phrase in plain and _ZH.search(plain) is not None
    wanted = [stem(word) for word in phrase.split()]
    return any(_starts(wanted, rest) for rest in done)


def _starts(wanted: Sequence[str], rest: Sequence[str]) -> bool:
    place = 0
    while place < len(rest) and place < 4 and rest[place] in _BETWEEN:
        place += 1
    return [stem(word) for word in rest[place : place + len(wanted)]] == list(wanted)


def fitting(kinds: Sequence[EventKind], types: Collection[EntityType]) -> tuple[EventKind, ...]:
    """Without the flows of the firewall where a name was talked to: it sees addresses only."""
    if not {"domain", "url"}.intersection(types):
        return tuple(kinds)
    return tuple(kind for kind in kinds if kind.filters.get("event.source") != _FIREWALL)


def asks_for_records(plain: str) -> bool:
    """Whether it speaks of events, alerts or records."""
    return _RECORDS.search(plain) is not None
