"""What a host, an account, an address or a domain did in a span of time: how much of what, and the events that tell."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent.conversation.intents.covering import blind, coverage, hosts_of, none_seen, sensors_for
from agent.conversation.intents.events import event_line, same
from agent.conversation.intents.facts import host_part, registered
from agent.conversation.intents.saying import (
    Saying,
    about,
    asks,
    counted,
    equals,
    found,
    nothing,
    path,
    told,
    unanswered,
)
from agent.conversation.intents.spans import DAY, heading, span
from agent.conversation.intents.the_case import case_of, get_case, no_case
from agent.conversation.models import Entity, EntityType, Referents, Window, moment_text
from agent.conversation.protocol import Draft, Looker, Said, Speech, Understood
from agent.conversation.understanding.rows import integer, objects, rows, text
from agent.evidence.entities import moment_of
from agent.models import Evidence, JsonObject

TYPES: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "url", "sha256")
_MOST: Final = 8
_BEFORE: Final = timedelta(hours=1)
_AFTER: Final = timedelta(hours=2)
_PAGE: Final = 25
_CATEGORIES: Final[tuple[str, ...]] = (
    "malware",
    "configuration",
    "registry",
    "iam",
    "process",
    "authentication",
    "cloud",
    "email",
    "file",
    "intrusion_detection",
    "web",
)
"""Kinds of events that tell what somebody did, the most telling first; flows and queries are told as a whole."""
_LOOKED_INTO: Final = 4
_WIDE: Final = ("event.source", "event.action", "destination.ip", "dns.question.registered_domain")
TOTAL: Final = "Events in that time: {value}; seen by {sensors}."
KINDS: Final = "Kinds of event: {value} ({kinds})."
PEERS: Final = "Addresses it talked to: {value} ({addresses})."
NAMES: Final = "Domains it asked for: {value} ({names})."
SUBJECT: Final = "The alert of {id} names {value}."
AROUND: Final = "In the hours around the alert:"
NONE: Final = "No sensor has an event of it in that time."


class EntityActivity:
    """Counts, then events in order of time, then what could not be seen."""

    name = "entity_activity"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """What it did."""
        entity = _subject(question)
        around, opened = None, None
        if entity is None:
            entity, around, opened = await _of_case(question, looker)
        if entity is None:
            return no_case(question)
        lead = [heading(question, entity.value, DAY)] if opened is None else _lead(question, opened)
        window = question.window or around or span(question, looker, DAY)
        said, _ = await activity(entity, window, looker)
        return Draft(
            said=told(lead, said),
            suggestions=(
                asks(question.language, "What happened in the hour before?"),
                asks(question.language, "What do we know about {it}?", it=entity.value),
                asks(question.language, "Which cases mention {it}?", it=entity.value),
            ),
            referents=about(question, referents, self.name, entities=(entity,), window=window),
        )


def _subject(question: Understood) -> Entity | None:
    """The thing meant: one the question names; else the thread's, unless the question names a case."""
    said = next((item for item in question.entities if item.said and item.type in TYPES), None)
    if said is not None or any(item.said and item.type == "case" for item in question.entities):
        return said
    return question.first(*TYPES)


async def _of_case(question: Understood, looker: Looker) -> tuple[Entity | None, Window | None, Evidence | None]:
    """The host, account or source of the case's first alert, the hours around it, and the case itself."""
    if (case := question.first("case")) is None:
        return None, None, None
    opened = await get_case(case.value, question.language, looker)
    alert = next(iter(objects(case_of(opened).get("alerts"))), {})
    moment = moment_of(text(alert, "time"))
    around = Window(start=moment - _BEFORE, end=moment + _AFTER) if moment else None
    for member, kind in _MEMBERS.items():
        if name := text(alert, member):
            return Entity(type=kind, value=name), around, opened
    return None, around, opened


def _lead(question: Understood, opened: Evidence) -> list[Said]:
    """Whom the sentences are about, as the case's alert names it, and of which time they are."""
    member = next((name for name in _MEMBERS if found(opened, path("case", "alerts", 0, name))), "host")
    return [
        *told(equals(opened, SUBJECT, path("case", "alerts", 0, member), {"id": path("case", "id")})),
        heading(question, "", DAY) if question.window else Speech(AROUND),
    ]


_MEMBERS: Final[dict[str, EntityType]] = {"host": "host", "user": "account", "source": "address"}


async def activity(entity: Entity, window: Window, looker: Looker) -> tuple[list[Said], int]:
    """What it did, and how many events there are."""
    filters = filters_of(entity)
    between: JsonObject = {"start": moment_text(window.start), "end": moment_text(window.end)}
    counts = await looker.read_many(
        [_count(["event.category", "event.source", "event.action"], wanted, between) for wanted in filters]
    )
    if failed := [item for count in counts if (item := unanswered(count)) is not None]:
        return list(failed[:1]), 0
    totals = [integer(count.data, "events") if isinstance(count.data, dict) else 0 for count in counts]
    hosts, unknown = await _hosts_of(entity, window, looker)
    covers = await coverage(looker, sensors_for([entity.type], {}), window, hosts)
    if not any(totals):
        return [*told(unknown), *none_seen(counts[0], "$.buckets[*]", NONE, covers)], 0
    said: list[Saying] = []
    for wanted, count, total in zip(filters, counts, totals, strict=True):
        if total:
            said += await _one(wanted, count, between, looker)
    return [*told(said), *blind(covers)], sum(totals)


async def _hosts_of(entity: Entity, window: Window, looker: Looker) -> tuple[tuple[str, ...], Saying]:
    """The hosts at which the sensors have to have looked; and that the inventory does not have the one asked about."""
    if entity.type == "account":
        return await hosts_of(entity.value, window, looker), None
    if entity.type != "host":
        return (), None
    asset = await looker.read("assets__assets_resolve", {"identifier": entity.value})
    unknown = nothing(asset, "The inventory knows no such host.", "$.asset") if asset.status == "no_data" else None
    return (entity.value,), unknown


async def _one(filters: JsonObject, count: Evidence, between: JsonObject, looker: Looker) -> list[Saying]:
    """What one way to name the thing finds."""
    searches = [_search(filters, category, between) for category in _telling(count)]
    wide = [_count([field], filters, between) for field in _WIDE]
    answers = await looker.read_many([*searches, *wide])
    events, (sensors, kinds, flows, queries) = answers[: len(searches)], answers[len(searches) :]
    return [
        equals(sensors, TOTAL, "$.events", {"sensors": "$.buckets[*].key['event.source']"}),
        equals(kinds, KINDS, "$.distinct", {"kinds": "$.buckets[*].key['event.action']"}),
        *_lines(events),
        _distinct(flows, "destination.ip", PEERS, "addresses"),
        _distinct(queries, "dns.question.registered_domain", NAMES, "names"),
    ]


def _telling(count: Evidence) -> list[str]:
    """The kinds of events there are that tell most."""
    present = {key.get("event.category") for row in rows(count, "buckets") if isinstance(key := row.get("key"), dict)}
    return [category for category in _CATEGORIES if category in present][:_LOOKED_INTO]


def _lines(answers: Sequence[Evidence]) -> list[Saying]:
    """The most telling events in order of time, one of each sort."""
    told_events: list[tuple[str, Saying]] = []
    share = max(2, _MOST // max(1, len(answers)))
    for answer in answers:
        sorts: set[str] = set()
        for place, event in enumerate(rows(answer, "events")):
            if (
                len(sorts) < share
                and same(event) not in sorts
                and (line := event_line(answer, "events", place)) is not None
            ):
                sorts.add(same(event))
                told_events.append((text(event, "@timestamp") or "", line))
    return [line for _, line in sorted(told_events, key=lambda pair: pair[0])]


def _distinct(answer: Evidence, field: str, template: str, slot: str) -> Saying:
    """How many different values a field has, and which."""
    present = f"$.buckets[?@.key['{field}'] != null].key['{field}']"
    values = [row for row in rows(answer, "buckets") if isinstance(key := row.get("key"), dict) and key.get(field)]
    if not values or answer.truncated:
        return None
    return counted(answer, template, present, {slot: present})


def filters_of(entity: Entity) -> list[JsonObject]:
    """The filters that find events of a thing, one for each part it may play."""
    value = entity.value
    found: dict[str, list[JsonObject]] = {
        "host": [{"host.name": value}],
        "account": [{"user.name": value}, {"user.target.name": value}],
        "address": [{"source.ip": value}, {"destination.ip": value}],
        "domain": [{"dns.question.registered_domain": registered(value)}, {"destination.domain": f"*{value}"}],
        "url": [{"url.full": f"*{host_part(value)}*"}],
        "sha256": [{"process.hash.sha256": value}, {"file.hash.sha256": value}],
    }
    return found.get(entity.type, [])


def _count(by: list[str], filters: JsonObject, between: JsonObject) -> tuple[str, JsonObject]:
    return "siem__siem_count_events", {"by": [*by], "filters": filters, **between, "limit": _PAGE}


def _search(filters: JsonObject, category: str, between: JsonObject) -> tuple[str, JsonObject]:
    return "siem__siem_search_events", {"filters": filters, "category": category, **between, "limit": _PAGE}
