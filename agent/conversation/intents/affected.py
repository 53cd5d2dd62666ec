"""Whom something reached: the hosts and accounts of a case, and those that met the same address, domain or file."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from agent.conversation.intents.case_lines import case_entities, case_lines
from agent.conversation.intents.covering import SENSORS, blind, coverage_call, none_seen
from agent.conversation.intents.facts import WHOLE_HASH, host_part, places, registered
from agent.conversation.intents.saying import Saying, about, asks, counted, found, nothing, path, told, unanswered
from agent.conversation.intents.spans import WEEK, heading, span
from agent.conversation.intents.the_case import case_of, get_case, get_claims, missing, no_case
from agent.conversation.models import Entity, EntityType, Referents, Window, moment_text
from agent.conversation.protocol import Draft, Looker, Said, Understood
from agent.conversation.understanding.mentions import mentions
from agent.conversation.understanding.rows import inner, objects, rows, text, texts
from agent.models import Evidence, JsonObject, Ref

TYPES: Final[tuple[EntityType, ...]] = ("case", "address", "domain", "url", "sha256", "technique", "host", "account")
_OURS: Final = tuple(
    ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7")
)
_MOST_INDICATORS: Final = 3
_MOST_PIECES: Final = 4
_MOST_NAMES: Final = 20
_A_SENTENCE: Final = 5
"""Names that one sentence shows before it counts the rest."""
HOSTS_IN: Final = "Hosts in the evidence of it: {names} ({case}/{evidence})."
USERS_IN: Final = "Accounts in the evidence of it: {names} ({case}/{evidence})."
HOSTS_OF: Final = "Hosts the alert names: {hosts}."
USERS_OF: Final = "Accounts the alert names: {users}."
MET: Final[Mapping[str, str]] = {
    "destination.ip": "Hosts that talked to {indicator}: {value} ({names}).",
    "source.ip": "Hosts that {indicator} came to: {value} ({names}).",
    "dns.question.registered_domain": "Hosts that asked for {indicator}: {value} ({names}).",
    "destination.domain": "Hosts that went to {indicator}: {value} ({names}).",
    "url.full": "Hosts that opened {indicator}: {value} ({names}).",
    "file.hash.sha256": "Hosts where the file was seen: {value} ({names}).",
    "process.hash.sha256": "Hosts where it ran: {value} ({names}).",
}
USERS: Final = "Accounts seen with {indicator}: {value} ({names})."
ALSO: Final = "Also: {names}."
NAMELESS: Final = "The case's alerts name no host."
NOBODY: Final = "No host met it in that time."


class Affected:
    """Hosts and accounts, counted and named."""

    name = "affected"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Whom it reached."""
        entity = next((item for item in question.entities if item.said and item.type in TYPES), None) or question.first(
            *TYPES
        )
        if entity is None:
            return no_case(question)
        if entity.type == "case":
            return await _case(entity, question, referents, looker)
        if entity.type in ("technique", "host", "account"):
            return await _cases(entity, question, referents, looker)
        window = span(question, looker, WEEK)
        said = await reached(entity, window, looker)
        return Draft(
            said=told(heading(question, entity.value, WEEK), said),
            suggestions=_next(question, entity),
            referents=about(question, referents, self.name, entities=(entity,)),
        )


async def _case(case: Entity, question: Understood, referents: Referents, looker: Looker) -> Draft:
    opened = await get_case(case.value, question.language, looker)
    if not case_of(opened):
        return missing(opened)
    claims = await get_claims(case.value, question.language, looker)
    indicators = _indicators(opened, claims)[:_MOST_INDICATORS]
    window = question.window or Window(start=looker.now() - WEEK, end=looker.now())
    said: list[Saying] = [
        counted(opened, HOSTS_OF, "$.case.alerts[?@.host].host", {"hosts": "$.case.alerts[?@.host].host"}),
        counted(opened, USERS_OF, "$.case.alerts[?@.user].user", {"users": "$.case.alerts[?@.user].user"}),
    ]
    said += await _in_evidence(case, opened, claims, looker)
    for indicator in indicators:
        said += await reached(indicator, window, looker)
    hosts = [
        Entity(type="host", value=name) for row in objects(case_of(opened).get("alerts")) if (name := text(row, "host"))
    ]
    return Draft(
        said=told(said, nothing(opened, NAMELESS, "$.case.alerts[?@.host].host")),
        suggestions=(
            *(asks(question.language, "What did {it} do in the last 24 hours?", it=host.value) for host in hosts[:2]),
            asks(question.language, "How do I contain {it}?", it=case.value),
        ),
        referents=about(question, referents, "affected", entities=(case, *hosts[:1], *indicators[:1]), listed=hosts),
    )


async def _in_evidence(case: Entity, opened: Evidence, claims: Evidence, looker: Looker) -> list[Saying]:
    """Hosts and accounts beyond those of the alert that the evidence names on which the verdict rests most."""
    decisive = [row for row in rows(claims, "claims") if row.get("decisive_for") and row.get("status") == "verified"]
    pieces = list(dict.fromkeys(name for row in decisive for name in texts(row, "evidence") if name != "E0"))
    answers = await looker.read_many(
        [
            ("mcpsoc__mcpsoc_get_evidence", {"case_id": case.value, "evidence_id": name})
            for name in pieces[:_MOST_PIECES]
        ]
    )
    said: list[Saying] = []
    its_case = Ref(evidence=opened.id, path=path("case", "id"))
    known = {name for row in objects(case_of(opened).get("alerts")) for name in (text(row, "host"), text(row, "user"))}
    known.add("system")
    for answer in answers:
        for field, template in (("host.name", HOSTS_IN), ("user.name", USERS_IN)):
            at = _first_of_each(answer, field)
            names = {value for value in found(answer, at) if isinstance(value, str)} if at else set()
            if at is not None and not names <= known:
                slots: dict[str, str | Ref] = {"names": at, "case": its_case, "evidence": path("evidence", "id")}
                said.append(counted(answer, template, at, slots))
            known |= names
    return said


def _first_of_each(answer: Evidence, field: str) -> str | None:
    """A path to a field of the rows of a case's evidence that selects each value once."""
    data = inner(answer, "evidence").get("data")
    name, listed = (
        next(((name, value) for name, value in data.items() if isinstance(value, list)), ("", []))
        if isinstance(data, dict)
        else ("", [])
    )
    first: dict[str, str] = {}
    for row in objects(listed):
        if (value := text(row, field)) and (event := text(row, "event.id")):
            first.setdefault(value, event)
    if first:
        wanted = " || ".join(f"@['event.id']=='{event}'" for event in list(first.values())[:_MOST_NAMES])
        return f"{path('evidence', 'data', name)}[?{wanted}]['{field}']"
    keyed = f"{path('evidence', 'data', name)}[?@.key['{field}'] != null].key['{field}']"
    return keyed if name == "buckets" and found(answer, keyed) else None


def _indicators(opened: Evidence, claims: Evidence) -> list[Entity]:
    """Addresses outside and files that the alert or a verified statement names, in that order."""
    named: list[Entity] = []
    for row in objects(case_of(opened).get("alerts")):
        names = [text(row, member) for member in ("source", "destination")]
        named += [Entity(type="address", value=name) for name in names if name and not _ours(name)]
    for row in rows(claims, "claims"):
        if row.get("status") == "verified" and objects(row.get("weights")):
            named += [
                item.entity
                for item in mentions(text(row, "text") or "").found
                if item.entity.type in ("address", "sha256")
            ]
    return list({item.value: item for item in named if item.type != "address" or not _ours(item.value)}.values())


def _ours(name: str) -> bool:
    """Whether an address is of a private range; a name that is no address is left out, too."""
    try:
        address = ip_address(name)
    except ValueError:
        return True
    return any(address in net for net in _OURS)


async def reached(entity: Entity, window: Window, looker: Looker) -> list[Said]:
    """The hosts and accounts whose events name a thing."""
    between: JsonObject = {"start": moment_text(window.start), "end": moment_text(window.end)}
    met = [(field, value, by) for field, value in _fields(entity) for by in ("host.name", "user.name")]
    calls = [_count([by, field], {field: value}, between) for field, value, by in met]
    answers = await looker.read_many([*calls, coverage_call(SENSORS[entity.type], window, None)])
    cover, counts = answers[-1], answers[:-1]
    if failed := [item for answer in counts if (item := unanswered(answer)) is not None]:
        return [failed[0]]
    said = told(*(_met(answer, field, by) for (field, _, by), answer in zip(met, counts, strict=True)))
    if _is_whole(entity):
        said += told(places(await looker.read("endpoint__endpoint_find_file", {"sha256": entity.value, "limit": 10})))
    if not any(rows(answer, "buckets") for answer in counts) and not said:
        return none_seen(counts[0], "$.buckets[*]", NOBODY, [cover])
    return [*said, *blind([cover])]


def _is_whole(entity: Entity) -> bool:
    return entity.type == "sha256" and len(entity.value) == WHOLE_HASH


def _met(answer: Evidence, field: str, by: str) -> list[Saying]:
    """The hosts, or the accounts, of one way to meet a thing; beyond the first five, five a sentence."""
    at = f"$.buckets[?@.key['{by}'] != null].key['{by}']"
    template = MET[field] if by == "host.name" else USERS
    first = counted(answer, template, at, {"names": at, "indicator": path("buckets", 0, "key", field)})
    total, known = len(rows(answer, "buckets")), len(found(answer, at))
    if first is None or total != known:
        return [first]
    more = [
        f"$.buckets[{start}:{start + _A_SENTENCE}].key['{by}']"
        for start in range(_A_SENTENCE, min(total, 30), _A_SENTENCE)
    ]
    return [first, *(counted(answer, ALSO, rest, {"names": rest}) for rest in more)]


def _fields(entity: Entity) -> Sequence[tuple[str, str]]:
    """The fields that a thing may stand in, with what to look for."""
    value = entity.value
    return {
        "address": [("destination.ip", value), ("source.ip", value)],
        "domain": [("dns.question.registered_domain", registered(value)), ("destination.domain", f"*{value}")],
        "url": [("url.full", f"*{host_part(value)}*")],
        "sha256": [("file.hash.sha256", value), ("process.hash.sha256", value)],
    }[entity.type]


def _count(by: list[str], filters: JsonObject, between: JsonObject) -> tuple[str, JsonObject]:
    return "siem__siem_count_events", {"by": [*by], "filters": filters, **between, "limit": 50}


async def _cases(entity: Entity, question: Understood, referents: Referents, looker: Looker) -> Draft:
    """What a technique, a host or an account reached: the cases it is in, with the hosts and accounts they name."""
    if entity.type == "technique":
        cases = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": entity.value, "limit": 8})
    else:
        cases = await looker.read("mcpsoc__mcpsoc_find_cases", {"entity": entity.value, "limit": 8})
    return Draft(
        said=told(nothing(cases, "No case names it.", "$.cases[*]"), case_lines(cases, 8)),
        suggestions=tuple(
            asks(question.language, "Who is affected by {it}?", it=item.value) for item in case_entities(cases, 2)
        ),
        referents=about(question, referents, "affected", entities=(entity,), listed=case_entities(cases, 8)),
    )


def _next(question: Understood, entity: Entity) -> tuple[str, ...]:
    return (
        asks(question.language, "What do we know about {it}?", it=entity.value),
        asks(question.language, "Which cases mention {it}?", it=entity.value),
    )
