"""What is known about a host, an account, an address, a domain or a file: inventory, intelligence, cases, activity."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from agent.conversation.intents import facts
from agent.conversation.intents.case_lines import case_entities
from agent.conversation.intents.covering import SENSORS, coverage_call
from agent.conversation.intents.focus import first_what_was_asked
from agent.conversation.intents.saying import about, asks, told
from agent.conversation.intents.spans import DAY, span
from agent.conversation.models import Entity, EntityType, Referents, Window, moment_text
from agent.conversation.protocol import Draft, Looker, Said, Speech, Understood
from agent.models import Evidence, JsonObject

TYPES: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "url", "sha256")
ABOUT: Final = "About {name}; what it did is of the last day:"
ABOUT_SPAN: Final = "About {name}; what it did is of {start} to {end} (UTC):"
WHOSE: Final = "Which host, account, address, domain or file is that about?"
NO_HASH: Final = "That is not a whole SHA-256; only whole ones can be looked up."
_MOST_CASES: Final = 3
Calls = Mapping[str, tuple[str, JsonObject]]
Answers = Mapping[str, Evidence]


class EntityProfile:
    """The profile of one thing."""

    name = "entity_profile"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """What it is first, then what is said of it, then where it turned up."""
        entity = question.first(*TYPES)
        if entity is None:
            return Draft(said=(Speech(WHOSE),))
        window = span(question, looker, DAY)
        calls = {**_calls(entity, window), "cover": _cover(entity, window)}
        answers = dict(zip(calls, await looker.read_many(list(calls.values())), strict=True))
        known = first_what_was_asked(_TELL[entity.type](answers, entity), question.plain)
        said = (_lead(question, entity), *known)
        listed = case_entities(answers["cases"], _MOST_CASES)
        return Draft(
            said=said,
            suggestions=_next(question, entity, listed),
            referents=about(question, referents, self.name, entities=(entity, *listed[:1]), listed=listed),
        )


def _calls(entity: Entity, window: Window) -> Calls:
    """What is asked about a thing, by a name of our own for each answer."""
    value, kind = entity.value, "domain" if entity.type == "url" else entity.type
    between: JsonObject = {"start": moment_text(window.start), "end": moment_text(window.end)}
    cases: tuple[str, JsonObject] = ("mcpsoc__mcpsoc_find_cases", {"entity": value, "limit": 5})
    own: dict[str, Calls] = {
        "host": {
            "asset": ("assets__assets_resolve", {"identifier": value}),
            "agent": ("endpoint__endpoint_get_host", {"host": value}),
            "weak": ("assets__assets_list_vulnerabilities", {"host": value, "limit": 5}),
            "seen": _count({"host.name": value}, between),
        },
        "account": {
            "account": ("identity__identity_get_account", {"account": value}),
            "signins": ("identity__identity_list_signins", {"account": value, **between, "limit": 5}),
            "seen": _count({"user.name": value}, between),
        },
        "address": {
            "asset": ("assets__assets_resolve", {"identifier": value}),
            "intel": ("intel__intel_lookup", {"indicator": value}),
            "known": ("intel__intel_check_known", {"value": value}),
            "block": ("firewall__firewall_check_address", {"address": value}),
            "peers": ("firewall__firewall_summarise_flows", {"host_or_ip": value, **between, "limit": 5}),
        },
        "domain": {
            "intel": ("intel__intel_lookup", {"indicator": value}),
            "known": ("intel__intel_check_known", {"value": facts.host_part(value)}),
            "asked": _count({"dns.question.registered_domain": facts.registered(value)}, between, "host.name"),
        },
        "sha256": {
            "intel": ("intel__intel_lookup", {"indicator": value}),
            "known": ("intel__intel_check_known", {"value": value}),
            "places": ("endpoint__endpoint_find_file", {"sha256": value, "limit": 10}),
        },
    }
    return {**own[kind], "cases": cases}


def _count(filters: JsonObject, between: JsonObject, by: str = "event.source") -> tuple[str, JsonObject]:
    return "siem__siem_count_events", {"by": [by], "filters": filters, **between, "limit": 20}


def _lead(question: Understood, entity: Entity) -> Speech:
    if question.window is None:
        return Speech(ABOUT, {"name": entity.value})
    times = {"start": moment_text(question.window.start), "end": moment_text(question.window.end)}
    return Speech(ABOUT_SPAN, {"name": entity.value, **times})


def _cover(entity: Entity, window: Window) -> tuple[str, JsonObject]:
    return coverage_call(SENSORS[entity.type], window, entity.value if entity.type == "host" else None)


def _host(answers: Answers, entity: Entity) -> tuple[Said, ...]:
    return told(
        facts.asset(answers["asset"]),
        facts.agent(answers["agent"]),
        facts.weaknesses(answers["weak"]),
        facts.in_cases(answers["cases"], _MOST_CASES),
        facts.seen(answers["seen"], answers["cover"]),
    )


def _account(answers: Answers, entity: Entity) -> tuple[Said, ...]:
    return told(
        facts.account(answers["account"]),
        facts.signins(answers["signins"]),
        facts.in_cases(answers["cases"], _MOST_CASES),
        facts.seen(answers["seen"], answers["cover"]),
    )


def _address(answers: Answers, entity: Entity) -> tuple[Said, ...]:
    return told(
        facts.intel(answers["intel"]),
        facts.asset(answers["asset"], ours=True),
        facts.known(answers["known"]),
        facts.blocked(answers["block"]),
        facts.peers(answers["peers"]),
        facts.in_cases(answers["cases"], _MOST_CASES),
    )


def _domain(answers: Answers, entity: Entity) -> tuple[Said, ...]:
    return told(
        facts.intel(answers["intel"]),
        facts.known(answers["known"]),
        facts.asked_for(answers["asked"], answers["cover"]),
        facts.in_cases(answers["cases"], _MOST_CASES),
    )


def _file(answers: Answers, entity: Entity) -> tuple[Said, ...]:
    return told(
        Speech(NO_HASH) if len(entity.value) != facts.WHOLE_HASH else None,
        facts.intel(answers["intel"]),
        facts.known(answers["known"]),
        facts.places(answers["places"]),
        facts.in_cases(answers["cases"], _MOST_CASES),
    )


_TELL: Final[Mapping[str, Callable[[Answers, Entity], tuple[Said, ...]]]] = {
    "host": _host,
    "account": _account,
    "address": _address,
    "domain": _domain,
    "url": _domain,
    "sha256": _file,
}


def _next(question: Understood, entity: Entity, listed: Iterable[Entity]) -> tuple[str, ...]:
    language, name = question.language, entity.value
    cases = tuple(asks(language, "What happened in {it}, and why?", it=case.value) for case in listed)
    if entity.type in ("host", "account"):
        return (asks(language, "What did {it} do in the last 24 hours?", it=name), *cases[:1])
    return (asks(language, "Who is affected by {it}?", it=name), *cases[:1])
