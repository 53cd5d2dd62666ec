"""From a hypothesis in words to a hunt: what it names, when, which kinds of traces, and what of it was not read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent.conversation.models import Entity, moment_text
from agent.conversation.models import Window as Span
from agent.conversation.protocol import Looker
from agent.conversation.understanding.mentions import Mentions, mentions, ordered
from agent.conversation.understanding.naming import named
from agent.conversation.understanding.plain import folded, language_of
from agent.conversation.understanding.rows import rows
from agent.conversation.understanding.scoring import words_of
from agent.conversation.understanding.table import load_table
from agent.conversation.understanding.times import window_of
from agent.conversation.understanding.words import Words, load_words
from agent.hunting.hunt import Hunt
from agent.hunting.stop_words import stop_words
from agent.hunting.trails import Trail, trails
from agent.models import JsonObject

LOOK_BACK: Final = timedelta(days=3)
"""How far a hunt looks back that names no time."""
_WEEK: Final = timedelta(days=7)
_MOST: Final = 4
"""Things of one kind that a hunt follows."""
_TO: Final = re.compile(
    r"(?:\b(?:to|reach|reached|reaches|against|into|onto|towards?|accessed|at)\s+(?:the\s+)?(?:host\s+|server\s+)?"
    r"|(?:到|向|往|访问|连到|连接|进入|登录)了?\s*)$"
)
"""What stands before the name of a host that something was done to."""
_CONTROLLERS: Final = re.compile(r"\bdomain controllers?\b|\bdcs?\b(?!-)|域控(?!日志)(?:制器|服务器|主机)?")
_HAN: Final = re.compile(r"[\u3400-\u9fff]{2,}")
_LATIN: Final = re.compile(r"[a-z][a-z0-9_.'-]{2,}")


@dataclass(frozen=True, slots=True)
class _Named:
    """What a hypothesis names, the roles of its hosts included."""

    hosts: tuple[str, ...]
    targets: tuple[str, ...]
    accounts: tuple[str, ...]
    addresses: tuple[str, ...]
    domains: tuple[str, ...]
    hashes: tuple[str, ...]
    techniques: tuple[str, ...]
    said: tuple[str, ...]
    """The words that named them."""


async def translate(text: str, looker: Looker, *, since: datetime | None = None, until: datetime | None = None) -> Hunt:
    """The hunt that the words ask for; `since` and `until` win over a time that they tell."""
    now, words = looker.now().replace(microsecond=0), load_words()
    whole = folded(text)
    found = mentions(whole)
    things = await _named(whole, found, words, looker)
    told = window_of(found.rest.lower() if len(found.rest) == len(whole) else whole.lower(), now)
    start, end = _span(told, since, until, now)
    plain = whole.lower()
    chosen = [trail for trail in trails().values() if _is_chosen(trail, plain, things.techniques)]
    return Hunt(
        hypothesis=text.strip(),
        language=language_of(text),
        start=start,
        end=end,
        trails=tuple(trail.id for trail in chosen),
        hosts=things.hosts,
        targets=things.targets,
        accounts=things.accounts,
        addresses=things.addresses,
        domains=things.domains,
        hashes=things.hashes,
        unread=_unread(plain, chosen, (*things.said, told.said if told else ""), words),
    )


def _span(
    told: Span | None, since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """From when to when: what is given, what the words tell, or the last days; never later than now."""
    end = min(until or (told.end if told else now), now)
    start = since or (told.start if told else end - LOOK_BACK)
    return min(start, end), end


def _is_chosen(trail: Trail, plain: str, techniques: Sequence[str]) -> bool:
    return bool(trail.said_in(plain)) or any(trail.names(technique) for technique in techniques)


async def _named(whole: str, found: Mentions, words: Words, looker: Looker) -> _Named:
    """Everything the text names; a name that several things have means all of them."""
    table = load_table()
    spoken = words_of(found.rest.lower(), table, words)
    sure, doubts = await named(found, table, words, _strange(spoken), whole, looker)
    meant = [*ordered(sure), *(entity for several in doubts for entity in several[:_MOST])]
    entities = [entity for entity in meant if not _is_plain_word(entity)]
    said = tuple(entity.said for entity in entities)
    hosts = [entity for entity in entities if entity.type == "host"]
    targets = [entity for entity in hosts if _TO.search(whole[: max(0, whole.find(entity.said))].lower())]
    controllers, groups = await _controllers(whole.lower(), looker)
    return _Named(
        hosts=_values(entity for entity in hosts if entity not in targets),
        targets=tuple(dict.fromkeys((*_values(targets), *controllers)))[:_MOST],
        accounts=_values(entity for entity in entities if entity.type == "account"),
        addresses=_values(entity for entity in entities if entity.type == "address"),
        domains=_values(entity for entity in entities if entity.type == "domain"),
        hashes=_values(entity for entity in entities if entity.type == "sha256"),
        techniques=_values(entity for entity in entities if entity.type == "technique"),
        said=(*said, *groups),
    )


def _is_plain_word(entity: Entity) -> bool:
    """Whether a word was taken for a name by its place alone, `the machine although`: nothing there has that name."""
    unknown = entity.type in ("host", "account") and entity.value == entity.said.lower()
    return unknown and entity.value.isalpha() and (entity.type == "host" or entity.value in stop_words().empty)


def _values(entities: Iterable[Entity]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entity.value for entity in entities))[:_MOST]


def _strange(spoken: Sequence[str]) -> tuple[str, ...]:
    """The words that may be a name: those that no trail is told with."""
    known = {word.rstrip("*") for trail in trails().values() for phrase in trail.say for word in phrase.split()}
    starts = tuple(word for word in known if len(word) > 2 and word.isascii())
    return tuple(word for word in spoken if word not in stop_words().empty and not word.startswith(starts))


async def _controllers(plain: str, looker: Looker) -> tuple[list[str], list[str]]:
    """The hosts that write the domain controllers' log, where these are meant, and the words that mean them."""
    said = [match[0] for match in _CONTROLLERS.finditer(plain)]
    if not said:
        return [], []
    now = looker.now()
    arguments: JsonObject = {
        "by": ["host.name"],
        "filters": {"event.source": "dc-security"},
        "start": moment_text(now - _WEEK),
        "end": moment_text(now),
        "limit": _MOST,
    }
    answer = await looker.read("siem__siem_count_events", arguments)
    keys = [key.get("host.name") for row in rows(answer, "buckets") if isinstance(key := row.get("key"), dict)]
    return sorted(name for name in keys if isinstance(name, str)), said


def _unread(plain: str, chosen: Sequence[Trail], said: Sequence[str], words: Words) -> tuple[str, ...]:
    """The words that nothing was made of."""
    spans = [span for trail in chosen for span in trail.said_in(plain)]
    rest = list(plain)
    for start, end in spans:
        rest[start:end] = " " * (end - start)
    left = "".join(rest)
    for text in sorted(filter(None, said), key=len, reverse=True):
        left = left.replace(text.lower(), " ")
    stops = stop_words()
    known = stops.empty | words.common - stops.telling
    latin = [word.strip("'.-") for word in _LATIN.findall(left) if word.strip("'.-") not in known]
    han = _HAN.findall(stops.chinese.sub(" ", left))
    return tuple(dict.fromkeys((*latin, *han)))
