"""The understanding: text in; what it names, when, and which intent it fits out.

folded text -> `field = value` -> indicators and names (looked up) -> what it points back at -> time -> intent
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agent.conversation.models import Entity, EntityType, Reading, Referents, Window
from agent.conversation.protocol import Looker, Understood
from agent.conversation.understanding import going_on
from agent.conversation.understanding.acting import asks_for_records, doings, fitting, program
from agent.conversation.understanding.aspects import Asked, Aspects, asked_for
from agent.conversation.understanding.cases import Choice, case_asked_for, cases_of
from agent.conversation.understanding.filters import Filtered, filters_of, kinds_of, named_kinds
from agent.conversation.understanding.mentions import Mentions, mentions, ordered
from agent.conversation.understanding.names import account_names, host_names
from agent.conversation.understanding.naming import named
from agent.conversation.understanding.plain import folded, language_of
from agent.conversation.understanding.pointing import THINGS, carried, meant, ordinal, pointed_types, pronoun
from agent.conversation.understanding.rows import inner, objects, text
from agent.conversation.understanding.scoring import Said, Score, scores, words_of
from agent.conversation.understanding.table import Row, Table
from agent.conversation.understanding.times import window_of
from agent.conversation.understanding.words import EventKind, Words
from agent.evidence.entities import moment_of
from agent.models import JsonObject
from agent.wording import Language

_ALIKE: Final = 0.05
"""Points within which two intents fit alike."""
_MOST_READINGS: Final = 6
_FEW: Final = 8
"""Words of a question that may leave out what it is about."""
_OWN: Final = 3.0
"""Points by its words from which on a question asks for something of its own."""
_GREETING: Final = re.compile(
    r"^(?:good )?(?:morning|afternoon|evening)\b(?=\W*(?:[,.!:;-]|all|team|there|folks|$))"
    r"|^(?:早上好|上午好|下午好|晚上好|早安)"
)
_OF_THING: Final = ("entity_profile", "entity_activity", "find_cases")
_LIKELY: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "case": ("case_summary", "claim_evidence", "containment"),
    "technique": ("technique", "find_cases"),
    **dict.fromkeys(THINGS, _OF_THING),
}
"""What is asked most, by the kind of thing."""
_TELL_ATTRIBUTES: Final = ("entity_profile", "case_summary", "open_alerts")
"""Intents whose words are those of attributes, too: priority is a case's and the queue's."""
_EVENTS: Final = "find_events"
_OF_THINGS: Final = ("entity_activity", "entity_profile", "affected")
"""Intents whose answers count events of what they are about."""
_LISTS: Final = ("find_events", "open_alerts", "affected", "find_cases", "changes")
"""Intents whose answers can be narrowed."""
_GENERAL: Final = re.compile(
    r"\b(?:any|anything|all|every|cases|alerts|incidents|tickets|queue|list|hosts|accounts|users|machines"
    r"|how many|an?)\b"
    r"|哪些|所有|全部|列出|有没有|队列|几个|多少"
)
"""Words of questions about things in general, not about the one that was talked about."""
_NAMED_FIELDS: Final[tuple[tuple[str, EntityType, Callable[[str, Looker], Awaitable[list[str]]]], ...]] = (
    ("user.name", "account", account_names),
    ("host.name", "host", host_names),
)
"""Fields whose values are names, and how to find whom they mean."""
_ANCHOR: Final = re.compile(
    r"\b(?:before|after|around|near|following|prior to) (?:the |this |that )?"
    r"(?:alert|detection|incident|case|compromise)\b"
    r"|(?:告警|报警|案件|事件)(?:发生)?(?:之|以)?(?:前|后)"
)


@dataclass(slots=True)
class _Read:
    """What is known of a question so far."""

    text: str
    language: Language
    folded: str
    plain: str = ""
    words: tuple[str, ...] = ()
    said: list[Entity] = field(default_factory=list)
    doubts: list[list[Entity]] = field(default_factory=list)
    """Names that mean one of several things each."""
    kept: list[Entity] = field(default_factory=list)
    window: Window | None = None
    filters: JsonObject = field(default_factory=dict)
    kinds: tuple[EventKind, ...] = ()
    choices: list[Choice] = field(default_factory=list)
    """Cases of which the question means one."""
    asked: Asked = field(default_factory=dict)
    """What is asked for, of every kind of thing that has such an attribute."""
    did: tuple[EventKind, ...] = ()
    """Kinds of events that what somebody is asked to have done leaves behind."""
    pointing: bool = False
    """Whether it points back at something of the thread."""

    def types(self) -> frozenset[EntityType]:
        """Of what it names or points at."""
        return frozenset(entity.type for entity in self.said)


class Reader:
    """Reads questions by a table of intents and a list of words."""

    def __init__(self, table: Table, words: Words, aspects: Aspects) -> None:
        self._table = table
        self._words = words
        self._aspects = aspects

    async def __call__(self, text: str, language: Language | None, referents: Referents, looker: Looker) -> Understood:
        """What the question means; looks up names that are said in part."""
        read = await self._read(text, language, referents, looker)
        ranked = scores(self._table, self._said(read))
        if read.doubts:
            return self._understood(read, None, _of_names(read))
        intent, others = self._chosen(read, ranked, referents)
        if (
            others
            and len(readings := tuple(one for name in others if (one := self._reading(name, read)) is not None)) > 1
        ):
            return self._understood(read, None, readings)
        if others:
            intent = next((name for name in others if self._reading(name, read) is not None), others[0])
        if intent == _EVENTS and not (read.said or read.filters or read.kinds):
            self._keep(read, referents.model_copy(update={"filters": {}, "intent": _EVENTS}))
        if intent is not None and (choices := await self._case_missing(intent, read, looker)) is not None:
            if len(choices) != 1:
                return self._understood(read, intent if not choices else None, self._of_cases(intent, read, choices))
            read.said.append(Entity(type="case", value=choices[0].id))
        if intent is not None and len(several := self._several(intent, read)) > 1:
            return self._understood(read, None, tuple(self._asking(intent, read, item.value) for item in several))
        if intent is None and (offered := self._offered(read)):
            return replace(self._understood(read, None, offered), guessed=True)
        return self._understood(read, intent)

    def _offered(self, read: _Read) -> tuple[Reading, ...]:
        """What is asked most of what the question names, or else of what the thread was about last."""
        focus = next((item for item in (*read.said, *read.kept) if item.type in _LIKELY), None)
        if focus is None or (not read.said and len(read.words) > _FEW):
            return ()
        return tuple(self._asking(name, read, focus.value) for name in _LIKELY[focus.type])

    def _several(self, intent: str, read: _Read) -> list[Entity]:
        """The things of one kind that the question names, where the intent answers about one at a time."""
        row = self._table.rows[intent]
        kinds = [entity.type for entity in read.said if entity.type in row.needs]
        alike = [entity for entity in read.said if kinds and entity.type == kinds[0]]
        plain = read.folded.lower()
        times = [plain.count(entity.said.lower()) for entity in alike]
        if len(alike) > 1 and times.count(max(times)) == 1:
            read.said = [
                entity for entity in read.said if entity not in alike or plain.count(entity.said.lower()) == max(times)
            ]
            return []
        return alike

    async def _read(self, text: str, language: Language | None, referents: Referents, looker: Looker) -> _Read:
        whole = folded(text)
        read = _Read(text, language or language_of(text), whole)
        filtered = filters_of(whole, self._words)
        found = mentions(filtered.rest)
        read.plain = mentions(filtered.bare).rest.lower()
        read.words = words_of(read.plain, self._table, self._words, self._aspects.vocabulary)
        read.filters = dict(filtered.filters)
        for name, value in named_kinds(read.plain).items():
            read.filters.setdefault(name, value)
        await self._name(read, found, filtered, looker)
        if (pointed := ordinal(whole.lower(), referents)) is not None:
            read.said.insert(0, pointed)
        read.said += self._sensors(read)
        read.choices = await self._case(read, looker)
        read.kinds = kinds_of(read.words, read.plain, self._words)
        read.did = doings(read.words, read.plain, self._words)
        read.asked = asked_for(self._aspects, read.words, read.plain)
        read.kept = carried(referents, pointed_types(whole.lower(), self._words), read.said)
        self._point(read)
        if read.did and (ran := program(read.plain, self._table.vocabulary | self._words.common)) is not None:
            read.filters.setdefault("process.executable", f"*{ran}*")
        read.window = window_of(_for_time(found, whole), looker.now(), await self._before(read, referents, looker))
        return read

    def _point(self, read: _Read) -> None:
        """Put what is pointed at beside what is named: `that host`, `it`, or what has the attribute that is asked
        for in a question that names nothing."""
        plain = read.folded.lower()
        for kind in pointed_types(plain, self._words):
            if kind not in read.types() and (entity := meant(read.kept, (kind,), f"that {kind}")) is not None:
                self._say(read, entity)
        if read.pointing:
            return
        if (found := pronoun(plain)) is not None:
            word, types = found
            if (entity := meant(read.kept, self._pointed_at(read, types), word)) is not None:
                self._say(read, entity)
        elif (
            not (read.said or read.kinds or read.filters)
            and _is_short(read)
            and not self._asks_else(read)
            and (entity := meant(read.kept, tuple(read.asked), "")) is not None
        ):
            self._say(read, entity.model_copy(update={"said": entity.value}))

    def _asks_else(self, read: _Read) -> bool:
        """Whether its words ask for something else than an attribute."""
        ranked = scores(self._table, self._said(read))
        return any(score.spoken >= _OWN and score.intent not in _TELL_ATTRIBUTES for score in ranked)

    def _say(self, read: _Read, entity: Entity) -> None:
        read.said.append(entity)
        read.kept = [other for other in read.kept if other.type != entity.type]
        read.pointing = True

    def _pointed_at(self, read: _Read, types: Collection[EntityType]) -> Collection[EntityType]:
        """The kinds of things that a pronoun may mean beside what the question names and asks for."""
        open_ = [kind for kind in types if kind not in read.types()]
        if "sensor" in read.types() and not (read.types().intersection(THINGS) or asks_for_records(read.plain)):
            return [kind for kind in open_ if kind == "host"]
        if "evidence" in read.types():
            return [kind for kind in open_ if kind == "case"]
        if read.kinds or read.did or read.filters or "sensor" in read.types():
            return [kind for kind in open_ if kind in (("host", "account", "address") if read.types() else THINGS)]
        having = [kind for kind in open_ if kind in read.asked]
        return having if having and any(item.type in having for item in read.kept) else open_

    async def _name(self, read: _Read, found: Mentions, filtered: Filtered, looker: Looker) -> None:
        """What the question names, by shape and by look-up."""
        sure, doubts = await named(found, self._table, self._words, read.words, filtered.rest, looker)
        fields = set(filtered.filters)
        read.said = [entity for entity in ordered(sure) if entity.value not in fields]
        read.doubts = doubts
        await self._name_filters(read, looker)
        for file in found.files:
            name = "process.executable" if file[0].lower().endswith(".exe") or "\\" in file[0] else "file.name"
            value = file[0] if "\\" in file[0] else f"*{file[0]}"
            read.filters.setdefault(name, value)

    async def _name_filters(self, read: _Read, looker: Looker) -> None:
        """A part of a name as the value of `user` or `host`: the whole name it means, or several to choose from."""
        for name, kind, look in _NAMED_FIELDS:
            value = read.filters.get(name, "*")
            if not isinstance(value, str) or "*" in value:
                continue
            said = next((item for item in read.said if item.type == kind and item.said.lower() == value.lower()), None)
            if said is not None:
                read.filters[name] = said.value
                continue
            names = await look(value, looker)
            if len(names) == 1:
                read.filters[name] = names[0]
            elif names:
                read.doubts.append([Entity(type=kind, value=item, said=value) for item in names])

    def _sensors(self, read: _Read) -> list[Entity]:
        """Log sources named in the question."""
        plain, found = read.plain, []
        for word, name in self._words.sensor_by_word.items():
            edged = rf"(?a:(?<![\w-]){re.escape(word)}(?![\w-]))" if word.isascii() else re.escape(word)
            if re.search(edged, plain):
                plain = re.sub(edged, " ", plain)
                found.append(Entity(type="sensor", value=name, said=word))
        return list({entity.value: entity for entity in found}.values())

    async def _case(self, read: _Read, looker: Looker) -> list[Choice]:
        """The cases that are told by their age, title or kind of attack; one that is sure is said."""
        if any(entity.type == "case" for entity in read.said):
            return []
        choices = await case_asked_for(read.folded.lower(), self._words, looker)
        if len(choices) == 1:
            read.said.append(Entity(type="case", value=choices[0].id, said=choices[0].id))
        return choices if len(choices) > 1 else []

    async def _before(self, read: _Read, referents: Referents, looker: Looker) -> Window | None:
        """The span that `the hour before` counts from: that of the alert when it is named, else the thread's."""
        case = next((item for item in (*read.said, *read.kept) if item.type == "case"), None)
        if case is None or not _ANCHOR.search(read.folded.lower()):
            return referents.window
        opened = inner(await looker.read("mcpsoc__mcpsoc_get_case", {"case_id": case.value}), "case")
        times = [moment for row in objects(opened.get("alerts")) if (moment := moment_of(text(row, "time")))]
        return Window(start=min(times), end=min(times)) if times else referents.window

    def _said(self, read: _Read) -> Said:
        types = read.types()
        acting = bool(read.did) and bool(types.intersection(("host", "account", "address")))
        acting = acting and not types.intersection(read.asked).intersection(("host",))
        if acting:
            more = (kind for kind in read.did if kind not in read.kinds)
            read.kinds = fitting((*read.kinds, *more), types)
        about = types.intersection(THINGS) or read.window is not None
        return Said(
            words=read.words,
            plain=read.plain,
            types=types,
            known=types | {entity.type for entity in read.kept},
            window=read.window is not None,
            filters=bool(read.filters),
            kinds=bool(read.kinds),
            asked=types.intersection(read.asked),
            actor=acting,
            recorded="sensor" in types and bool(about) and asks_for_records(read.plain),
            watched={"sensor", "host"} <= types and not asks_for_records(read.plain) and not read.kinds,
        )

    def _chosen(self, read: _Read, ranked: Sequence[Score], referents: Referents) -> tuple[str | None, list[str]]:
        """The intent that fits, or several that fit alike."""
        if (goes_on := self._goes_on(read, ranked, referents)) is not None:
            return goes_on, []
        if not ranked:
            return self._unspoken(read), []
        alike = [score.intent for score in ranked if ranked[0].points - score.points < _ALIKE]
        return (alike[0], []) if len(alike) == 1 else (None, alike)

    def _goes_on(self, read: _Read, ranked: Sequence[Score], referents: Referents) -> str | None:
        """The last question's intent, when this one only changes something of it: `and the day before?`, `only
        failures`, `same for gw-02`. What it does not name is kept."""
        row = self._table.rows.get(referents.intent or "")
        if row is None or referents.intent is None:
            return None
        spoken = max((score.spoken for score in ranked if score.intent != referents.intent), default=0.0)
        if referents.intent == "sensor_fresh" and not read.said and going_on.asks_how_long(read.folded.lower()):
            self._keep(read, referents)
            return referents.intent
        if self._counts_of(read, referents, ranked):
            self._keep(read, referents.model_copy(update={"filters": {}, "intent": _EVENTS}))
            return _EVENTS
        narrows = referents.intent in _LISTS and self._narrows(read, referents.intent, spoken)
        if not (narrows or self._only_names(read, row, ranked)):
            return None
        self._keep(read, referents)
        return referents.intent

    def _counts_of(self, read: _Read, referents: Referents, ranked: Sequence[Score]) -> bool:
        """Whether it asks for some of the events of what the last answer was about: `how many failures?`"""
        plain = read.folded.lower()
        subjects = any(entity.type in THINGS for entity in referents.subjects)
        if referents.intent not in _OF_THINGS or not subjects or read.said or read.kinds or read.filters or read.asked:
            return False
        some = bool(going_on.outcome(plain)) or going_on.points_at_listed(plain)
        return some and going_on.refines(plain) and max((score.spoken for score in ranked), default=0.0) < _OWN

    def _only_names(self, read: _Read, row: Row, ranked: Sequence[Score]) -> bool:
        """Whether it says nothing but another time or another thing."""
        if max((score.spoken for score in ranked), default=0.0) >= 1.0 or read.filters or read.kinds:
            return False
        if self._said(read).recorded:
            return False
        if not read.said:
            return read.window is not None or going_on.points_at_listed(read.folded.lower())
        if read.types().intersection(read.asked) and not going_on.opens(read.folded.lower()):
            return False
        fits = {*row.needs, *(kind for kind, weight in row.entities.items() if weight > 0)}
        return bool(read.types().intersection(fits | set(THINGS if row.filters else ("host",) if row.watched else ())))

    def _narrows(self, read: _Read, intent: str, spoken: float) -> bool:
        """Whether it asks for a number, a first one, some of what the last answer listed."""
        plain = read.folded.lower()
        named = [entity for entity in read.said if entity.type in THINGS or entity.type in ("case", "technique")]
        if named and not going_on.opens(plain):
            return False
        if read.types().intersection(read.asked) or (read.filters and intent != "find_events"):
            return False
        if intent == _EVENTS and not read.said and going_on.groups(plain):
            return True
        if intent == _EVENTS and read.types() == {"sensor"} and going_on.opens(plain):
            return True
        if going_on.points_at_listed(plain) and (spoken < _OWN or going_on.speaks_of_ones(plain)):
            return True
        if (
            intent == "find_events"
            and going_on.opens(plain)
            and (read.kinds or read.filters or going_on.outcome(plain))
        ):
            return True
        return spoken < _OWN and not read.kinds and not read.filters and going_on.refines(plain)

    def _keep(self, read: _Read, referents: Referents) -> None:
        """What the last question was about, as far as this one does not change it."""
        changed: JsonObject = {**_of_kinds(read.kinds), **read.filters}
        if referents.intent == "find_events":
            changed = {**changed, **going_on.outcome(read.folded.lower())}
        kept = going_on.kept_filters(referents, read.said, changed, kinds=bool(read.kinds))
        read.said += going_on.kept_subjects(referents, read.said)
        read.kept = [entity for entity in read.kept if entity.type not in read.types()]
        read.filters = dict(kept)
        read.kinds = ()
        read.window = read.window or referents.span

    def _unspoken(self, read: _Read) -> str | None:
        """Nothing fits: a time asks for what happened then, anything else is looked for in the documents."""
        if read.window is not None and read.kept:
            return "entity_activity"
        topical = set(read.words).intersection(self._words.attacks) or any(
            name in read.plain for name in self._words.attacks if not name.isascii()
        )
        return "knowledge" if topical else None

    async def _case_missing(self, intent: str, read: _Read, looker: Looker) -> list[Choice] | None:
        """The cases to choose from when the intent is about a case and none is known; None when none is needed."""
        needs = self._table.rows[intent].needs
        known = {entity.type for entity in (*read.said, *read.kept)}
        if "case" in needs and read.choices and not {entity.type for entity in read.said}.intersection(needs):
            return read.choices
        if "case" not in needs or known.intersection(needs):
            return None
        things: tuple[EntityType, ...] = ("host", "account", "address", "domain", "sha256")
        about = [entity for entity in read.said if entity.type in things]
        about = about or [entity for entity in read.kept if entity.type in things][:1]
        return await cases_of(about, looker)

    def _reading(self, intent: str, read: _Read) -> Reading | None:
        """The question that asks this; None when it is about something and nothing is known."""
        row = self._table.rows[intent]
        needs = set(row.needs) | set(row.entities)
        about = next((item.value for item in (*read.said, *read.kept) if not needs or item.type in needs), "")
        if not about and "{it}" in row.ask[read.language]:
            return None
        return self._asking(intent, read, about)

    def _asking(self, intent: str, read: _Read, about: str) -> Reading:
        """The question that asks this of one thing."""
        question = " ".join(self._table.rows[intent].ask[read.language].replace("{it}", about).split())
        when = f" {read.window.said}" if read.window and read.window.said else ""
        return Reading(
            label=question, question=question.rstrip("?？.。") + when + question[len(question.rstrip("?？.。")) :]
        )

    def _of_cases(self, intent: str, read: _Read, choices: Sequence[Choice]) -> tuple[Reading, ...]:
        ask = self._table.rows[intent].ask[read.language]
        return tuple(
            Reading(label=f"{choice.id}: {choice.title}", question=ask.replace("{it}", choice.id))
            for choice in choices[:_MOST_READINGS]
        )

    def _understood(self, read: _Read, intent: str | None, readings: tuple[Reading, ...] = ()) -> Understood:
        return Understood(
            text=read.text,
            language=read.language,
            plain=read.folded.lower(),
            entities=(*read.said, *read.kept),
            window=read.window,
            intent=intent,
            readings=readings if len(readings) > 1 else (),
            filters={**_of_kinds(read.kinds), **read.filters},
            asked={kind: names for kind, names in read.asked.items() if kind in read.types()},
        )


def _of_kinds(kinds: Sequence[EventKind]) -> JsonObject:
    """The filters of the kinds of events asked for, those of the most particular one first."""
    filters: JsonObject = {}
    for kind in reversed(kinds):
        filters = {**filters, **kind.filters}
    return filters


def _is_short(read: _Read) -> bool:
    """Whether it is a question of few words that speaks of no list of things."""
    return len(read.words) <= _FEW and _GENERAL.search(read.plain) is None


def _for_time(found: Mentions, whole: str) -> str:
    """The text to find times in: without what has been named, which may look like one."""
    text = found.rest.lower() if len(found.rest) == len(whole) else whole.lower()
    return _GREETING.sub(lambda match: " " * len(match[0]), text)


def _of_names(read: _Read) -> tuple[Reading, ...]:
    """One reading for each thing that the first doubtful name may mean."""
    readings = []
    for entity in read.doubts[0][:_MOST_READINGS]:
        place = re.compile(re.escape(entity.said), re.IGNORECASE)
        base = read.text if place.search(read.text) else read.folded
        question = place.sub(entity.value.replace("\\", "\\\\"), base, count=1)
        readings.append(Reading(label=f"{entity.type} {entity.value}", question=question))
    return tuple(readings)
