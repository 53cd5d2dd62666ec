"""Events by field, kind and thing: how many there are, the first of them, or their distribution."""

import math
import re
from collections.abc import Sequence
from datetime import timedelta
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
FIRST: Final = "The first one was at {value}."
LAST: Final = "The last one was at {value}."
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
    ("host.name", r"(?:which|what) (?:hosts?|machines?|computers?|endpoints?|servers?|workstations?)|(?:by|per) host"
                  r"|哪些主机|哪台|按主机"),
    ("user.name", r"(?:which|what|whose) (?:users?|accounts?|people)|who\b|(?:by|per) (?:user|account)"
                  r"|哪些用户|哪个用户|哪些账|哪个账|谁|按用户|按账"),
    ("source.ip", r"(?:which|what) (?:source|ips?\b|address)|from where|where from|(?:by|per) (?:source|ip)"
                  r"|哪些地址|哪些ip|哪个ip|从哪里|从哪儿|从哪|来源地址|按来源"),
    ("dns.question.registered_domain", r"(?:which|what) (?:domains?|names)|哪些域名|哪个域名"),
    ("source.country", r"which countr|(?:by|per) country|哪些国家|哪个国家"),
    ("destination.ip", r"(?:by|per) destination|which destination|to (?:which|what) (?:address|ip)|to where|where to"
                       r"|哪些目的"),
    ("process.executable", r"which process|which program|(?:by|per) process|哪些进程|哪些程序"),
    ("event.source", r"which sensor|(?:by|per) sensor|which log|哪个传感器"),
)  # fmt: skip
_ROLES: Final = (
    (
        "source.ip",
        r"\bas (?:the |a )?source\b|\bcoming from\b|\bcame from\b|作为源|源地址|从(?=[^，。]{0,24}发起)|发起",
    ),
    ("destination.ip", r"\bas (?:the |a )?(?:destination|target)\b|\bgoing to\b|作为目的|作为目标|目的地址|目标地址"),
)
"""Parts that an address may be said to play."""
_FIRST: Final = re.compile(
    r"\bfirst\b|\bearliest\b|\bsince when\b|\bwhen\W*$|\bwhen (?:was|were|did|is|has)\b|\b(?:started|began|begin)\b"
    r"|什么时候|何时|几点|首次|第一|最早|起始"
)
_LAST: Final = re.compile(
    r"\blast (?:one|seen|time|appear\w*|see|event|such|hit|of)\b|\b(?:latest|most recent|newest)\b|\blast\W*$"
    r"|\bwhen (?:was|were|did|is|has)\b|什么时候|何时|几点|最近一次|最后|最新|最晚"
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
        said = [*told(await _ends(question.plain, wanted, events, window, looker)), *said]
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
    role = next((field for field, words in _ROLES if re.search(words, question.plain)), None)
    alternatives: list[JsonObject] = [filters]
    for entity in entities:
        if any(entity.value in str(value) or _is_in(entity.said, str(value)) for value in filters.values()):
            continue
        alternatives = [{**parts, **known} for known in alternatives for parts in _in_role(_parts(entity, known), role)]
    return [item for item in alternatives if item][:4]


def _in_role(parts: list[JsonObject], role: str | None) -> list[JsonObject]:
    """The one part that the question gives the thing, else every part it may play."""
    return [part for part in parts if role in part] or parts


def _is_in(said: str, value: str) -> bool:
    """Whether a name as it was said, not a pronoun, stands in the value of a filter."""
    return re.search(r"[\d._-]", said) is not None and said.lower() in value.lower()


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


async def _ends(
    plain: str, wanted: list[JsonObject], events: Sequence[Evidence], window: Window, looker: Looker
) -> list[Saying]:
    """The first and the last one, as far as they are asked for; events come earliest first."""
    said: list[Saying] = []
    if _FIRST.search(plain):
        said += [equals(answer, FIRST, path("events", 0, "@timestamp")) for answer in events]
    if _LAST.search(plain):
        hits = [filters for filters, answer in zip(wanted, events, strict=True) if rows(answer, "events")]
        answers = await looker.read_many([_before(filters, window) for filters in hits])
        said += [equals(answer, LAST, "$.last_seen") for answer in answers]
    return said


def _before(filters: JsonObject, window: Window) -> tuple[str, JsonObject]:
    """The call that tells when the last such event of a span was."""
    (field, value), *rest = reversed(filters.items())
    days = min(90, max(1, math.ceil((window.end - window.start) / timedelta(days=1))))
    end = moment_text(window.end + timedelta(seconds=1))
    arguments: JsonObject = {"field": field, "value": value, "before": end, "days": days, "filters": dict(rest)}
    return "siem__siem_baseline", arguments


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
