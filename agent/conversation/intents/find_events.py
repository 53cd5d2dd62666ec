"""Events by field, kind and thing: how many there are, the first of them, or their distribution."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from agent.conversation.intents.covering import blind, coverage, hosts_of, none_seen, sensors_for
from agent.conversation.intents.entity_activity import filters_of
from agent.conversation.intents.events import event_line
from agent.conversation.intents.saying import Saying, about, asks, equals, path, told, unanswered
from agent.conversation.intents.spans import WEEK, heading, span
from agent.conversation.models import Entity, EntityType, Referents, Window, moment_text
from agent.conversation.protocol import Draft, Looker, Said, Speech, Understood
from agent.conversation.understanding.rows import inner, integer, rows, text
from agent.models import Evidence, JsonObject

TYPES: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "url", "sha256", "sensor", "technique")
_MOST: Final = 6
_GROUPS: Final = 6
MATCH: Final = "Events that match: {value}."
MAILS_TO: Final = "Mails to that address: {value}."
MAILS_FROM: Final = "Mails from that address: {value}."
FIRST_LAST: Final = "First seen {value}, last seen {last}."
GROUP: Final = "{value}: {count} events."
DISTINCT: Final = "Different values: {value}."
NONE: Final = "No event matches."
BY_MAIL: Final = "The mail log names no accounts; this is by the account's mail address."
BY_HOST: Final = "That log names no accounts; this is of the hosts the account works on."
_NAMELESS: Final = ("mail", "dns", "firewall", "ids")
"""Log sources whose events name no account."""
FIELDS: Final = "Say which events: for instance a field and its value, a host, an account or a kind of event."
BAD: Final = "I could not search: {reason} ({hint})."
_BY: Final = (
    ("host.name", r"which (?:hosts?|machines?|computers?|endpoints?|servers?|workstations?)|(?:by|per) host"
                  r"|哪些主机|哪台|按主机"),
    ("user.name", r"which (?:users?|accounts?|people)|who\b|(?:by|per) (?:user|account)|哪些用户|哪些账号|谁|按用户"),
    ("source.ip", r"which (?:source|ips?|address)|from where|(?:by|per) (?:source|ip)|哪些地址|哪些ip|来源地址|按来源"),
    ("source.country", r"which countr|(?:by|per) country|哪些国家"),
    ("destination.ip", r"(?:by|per) destination|which destination|哪些目的"),
    ("process.executable", r"which process|which program|(?:by|per) process|哪些进程|哪些程序"),
    ("event.source", r"which sensor|(?:by|per) sensor|which log|哪个传感器"),
)  # fmt: skip
_WHEN: Final = re.compile(
    r"first (?:seen|time|appear)|last (?:seen|time|appear)|when (?:was|were|did)"
    r"|什么时候|何时|首次|第一次|最近一次|最后一次"
)


class FindEvents:
    """Looks events up."""

    name = "find_events"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """How many match, then the first of them."""
        wanted = filters_for(question)
        wanted, note = await _named_elsewhere(wanted, span(question, looker, WEEK), looker)
        if not any(wanted):
            return Draft(said=(Speech(FIELDS),))
        window = span(question, looker, WEEK)
        between: JsonObject = {"start": moment_text(window.start), "end": moment_text(window.end)}
        answers = await looker.read_many(
            [
                *(_count(by_of(question.plain), filters, between) for filters in wanted),
                *(_search(filters, between) for filters in wanted),
            ]
        )
        counts, events = answers[: len(wanted)], answers[len(wanted) :]
        sensors = sensors_for([item.type for item in question.entities if item.said], wanted[0])
        covers = await coverage(looker, sensors, window, await _hosts(wanted, window, looker))
        said = _said(counts, events, covers, grouped=_groups(question.plain) is not None)
        if _WHEN.search(question.plain):
            said = [*told(await _seen(wanted, window, looker)), *said]
        return Draft(
            said=told(heading(question, "", WEEK), note, said),
            suggestions=_next(question),
            referents=about(question, referents, self.name, window=window if question.window else None),
        )


async def _named_elsewhere(
    wanted: list[JsonObject], window: Window, looker: Looker
) -> tuple[list[JsonObject], Speech | None]:
    """Filters for logs that name no accounts: mail by the account's address, the others by the hosts it works on."""
    source = next((value for filters in wanted if isinstance(value := filters.get("event.source"), str)), "")
    account = next((value for filters in wanted if isinstance(value := filters.get("user.name"), str)), "*")
    if source not in _NAMELESS or "*" in account:
        return wanted, None
    rest = {name: value for name, value in wanted[0].items() if name not in ("user.name", "user.target.name")}
    if source == "mail":
        known = inner(await looker.read("identity__identity_get_account", {"account": account}), "account")
        address = text(known, "email") or account
        return [{**rest, "email.recipient": address}, {**rest, "email.sender": address}], Speech(BY_MAIL)
    hosts = await hosts_of(account, window, looker)
    return [{**rest, "host.name": host} for host in hosts] or wanted, Speech(BY_HOST) if hosts else None


async def _hosts(wanted: list[JsonObject], window: Window, looker: Looker) -> tuple[str, ...]:
    """The hosts at which the sensors have to have looked: the one that is named, or those of the account."""
    host = next((value for filters in wanted if isinstance(value := filters.get("host.name"), str)), "*")
    if "*" not in host:
        return (host,)
    account = next((value for filters in wanted if isinstance(value := filters.get("user.name"), str)), "*")
    return () if "*" in account else await hosts_of(account, window, looker)


def filters_for(question: Understood) -> list[JsonObject]:
    """The filters of the question, once for each part that the thing it names may play."""
    filters: JsonObject = {name: value for name, value in question.filters.items() if isinstance(value, str)}
    entities = [item for item in question.entities if item.said and item.type in TYPES]
    entities = entities or _carried(question, filters)
    alternatives: list[JsonObject] = [filters]
    for entity in entities:
        if entity.value in filters.values() or any(
            entity.said and entity.said in str(value) for value in filters.values()
        ):
            continue
        alternatives = [{**parts, **known} for known in alternatives for parts in _parts(entity, known)]
    return [item for item in alternatives if item][:4]


def _carried(question: Understood, filters: JsonObject) -> list[Entity]:
    """The thing the thread is about, when the question points back at it."""
    if (
        not re.search(
            r"\b(?:it|its|that|this|those|them|they|he|she|there|same)\b|它|该|这台|那台|此|他|她", question.plain
        )
        or not filters
    ):
        return []
    return [item for item in question.entities if item.type in ("host", "account", "address")][:1]


def _parts(entity: Entity, known: JsonObject) -> list[JsonObject]:
    if entity.type == "sensor":
        return [{"event.source": entity.value}]
    if entity.type == "technique":
        return [{"threat.technique.id": entity.value}]
    if entity.type == "domain" and known.get("event.source") == "dns":
        return filters_of(entity)[:1]
    if (
        entity.type == "account"
        and known.get("event.outcome") != "failure"
        and "event.category" in known
        and known["event.category"] != "authentication"
    ):
        return filters_of(entity)[:1]
    return filters_of(entity)


def by_of(plain: str) -> list[str]:
    """The field to count by: the one asked for, else what was done."""
    return [_groups(plain) or "event.action"]


def _groups(plain: str) -> str | None:
    return next((field for field, words in _BY if re.search(words, plain)), None)


def _said(counts: list[Evidence], events: list[Evidence], covers: Sequence[Evidence], *, grouped: bool) -> list[Said]:
    if failed := [
        item
        for answer in counts
        if (item := unanswered(answer, BAD if answer.hint else "I could not search: {reason}.")) is not None
    ]:
        return [failed[0]]
    hits = [place for place, count in enumerate(counts) if _events(count)]
    if not hits:
        return none_seen(counts[0], "$.buckets[*]", NONE, covers)
    said: list[Saying] = []
    for place in hits:
        said.append(equals(counts[place], _match(counts[place]), "$.events"))
        if grouped:
            said += _buckets(counts[place])
        shown = min(3 if grouped else _MOST, len(rows(events[place], "events")))
        said += [event_line(events[place], "events", index) for index in range(shown)]
    return [*told(said), *blind(covers)]


async def _seen(wanted: list[JsonObject], window: Window, looker: Looker) -> list[Saying]:
    """When the rarest thing that was asked for was first and last seen."""
    calls: list[tuple[str, JsonObject]] = []
    for filters in wanted:
        (field, value), *rest = reversed(filters.items())
        days = min(90, max(1, (window.end - window.start).days))
        calls.append(
            (
                "siem__siem_baseline",
                {
                    "field": field,
                    "value": value,
                    "before": moment_text(window.end),
                    "days": days,
                    "filters": dict(rest),
                },
            )
        )
    answers = await looker.read_many(calls)
    return [equals(answer, FIRST_LAST, "$.first_seen", {"last": "$.last_seen"}) for answer in answers]


def _match(count: Evidence) -> str:
    """What the number is of."""
    filters = count.arguments.get("filters")
    named = filters if isinstance(filters, dict) else {}
    return MAILS_TO if "email.recipient" in named else MAILS_FROM if "email.sender" in named else MATCH


def _events(count: Evidence) -> int:
    return integer(count.data, "events") if isinstance(count.data, dict) else 0


def _buckets(count: Evidence) -> list[Saying]:
    """The largest groups."""
    lines: list[Saying] = [equals(count, DISTINCT, "$.distinct")]
    for place, row in enumerate(rows(count, "buckets")[:_GROUPS]):
        key: JsonValue = row.get("key")
        field = next(iter(key), "") if isinstance(key, dict) else ""
        at = path("buckets", place, "key", field)
        lines.append(equals(count, GROUP, at, {"count": path("buckets", place, "count")}))
    return lines


def _count(by: list[str], filters: JsonObject, between: JsonObject) -> tuple[str, JsonObject]:
    return "siem__siem_count_events", {"by": [*by], "filters": filters, **between, "limit": 20}


def _search(filters: JsonObject, between: JsonObject) -> tuple[str, JsonObject]:
    return "siem__siem_search_events", {"filters": filters, **between, "limit": _MOST}


def _next(question: Understood) -> tuple[str, ...]:
    entity = next(
        (item for item in question.entities if item.said and item.type in ("host", "account", "address", "domain")),
        None,
    )
    if entity is None:
        return ()
    return (
        asks(question.language, "What do we know about {it}?", it=entity.value),
        asks(question.language, "Which cases mention {it}?", it=entity.value),
    )
