"""What single answers say about a thing, as sentences: inventory, directory, intelligence, flows, sightings."""

from collections.abc import Mapping
from typing import Final

from agent.conversation.intents.case_lines import case_lines
from agent.conversation.intents.covering import none_seen
from agent.conversation.intents.saying import Saying, counted, equals, found, nothing, path, unanswered
from agent.conversation.understanding.rows import answered, inner, integer, rows, text
from agent.models import Evidence

WHOLE_HASH: Final = 64
WEAK: Final = "Open vulnerabilities: {value}; the worst is {worst} (CVSS {score})."
BLOCKED: Final = "The firewall blocks it since {since}, until {until}."
AGENT: Final[Mapping[str, str]] = {
    "covered": "Its agent was reporting; it was last seen at {last}.",
    "partial": "Its agent reported only part of the time; it was last seen at {last}.",
    "silent": "Its agent is silent since {last}.",
    "down": "Its agent is down; it was last seen at {last}.",
    "not_deployed": "No agent runs on it.",
}
VERDICTS: Final[Mapping[str, str]] = {
    "malicious": "Threat feeds call {indicator} malicious (confidence {confidence}), says {sources}.",
    "suspicious": "Threat feeds call {indicator} suspicious (confidence {confidence}), says {sources}.",
    "benign": "Threat feeds call {indicator} benign (confidence {confidence}), says {sources}.",
}
KINDS: Final[Mapping[str, str]] = {
    "user": "{name} is a user account.",
    "admin": "{name} is an administrator's account.",
    "service": "{name} is a service account.",
    "break_glass": "{name} is a break-glass account.",
}


def asset(answer: Evidence, *, ours: bool = False) -> list[Saying]:
    """What the inventory says. `ours`: whether the question is only if it belongs to us."""
    if not inner(answer, "asset"):
        absent = "It is not an address of ours." if ours else "The inventory knows no such host."
        return [nothing(answer, absent, "$.asset")]
    at = {
        name: path("asset", name) for name in ("name", "ip", "kind", "zone", "criticality", "os", "owner", "department")
    }
    what = equals(
        answer,
        "{name} is a {value} in the zone {zone}, address {ip}, criticality {criticality}.",
        at["kind"],
        _only(at, "name", "zone", "ip", "criticality"),
    )
    return [
        what or equals(answer, "{ip} is ours: {value} of {name}.", at["kind"], _only(at, "ip", "name")),
        equals(answer, "It belongs to {value}, {department}.", at["owner"], _only(at, "department"))
        or equals(answer, "It belongs to {value}.", at["owner"]),
        equals(answer, "It runs {value}.", at["os"]),
        equals(answer, "It faces the internet.", path("asset", "internet_facing"))
        if inner(answer, "asset").get("internet_facing") is True
        else None,
    ]


def agent(answer: Evidence) -> list[Saying]:
    """Whether the agent reports, what stopped it, and whether the host is isolated."""
    if not inner(answer, "host"):
        return [] if answer.status == "no_data" else [unanswered(answer)]
    isolated = inner(answer, "host").get("isolated")
    state = text(inner(answer, "agent"), "state") or ""
    slots = {"last": path("agent", "last_seen")} if state != "not_deployed" else {}
    at = path("host", "isolated")
    return [
        equals(answer, "It is isolated since {since}.", at, {"since": path("host", "isolated_since")})
        if isolated
        else equals(answer, "It is not isolated.", at),
        equals(answer, AGENT[state], path("agent", "state"), slots) if state in AGENT else None,
        equals(answer, "The agent was stopped at {value}.", path("agent", "stopped_at")),
        equals(answer, "It was stopped by {value}.", path("agent", "stopped_by")),
    ]


def weaknesses(answer: Evidence) -> list[Saying]:
    """Open vulnerabilities, known exploited ones by name."""
    if not rows(answer, "vulnerabilities"):
        return (
            [nothing(answer, "It has no known open vulnerability.", "$.vulnerabilities[*]")] if answered(answer) else []
        )
    exploited = "$.vulnerabilities[?@.known_exploited==true]"
    worst = {"worst": path("vulnerabilities", 0, "cve"), "score": path("vulnerabilities", 0, "cvss")}
    return [
        None if answer.truncated else counted(answer, WEAK, "$.vulnerabilities[*]", worst),
        counted(answer, "Known to be exploited by attackers: {cves}.", exploited, {"cves": f"{exploited}.cve"}),
    ]  # fmt: skip


def account(answer: Evidence) -> list[Saying]:
    """What the directory says."""
    row = inner(answer, "account")
    if not row:
        return [nothing(answer, "The directory knows no such account.", "$.account")]
    at = {
        name: path("account", name)
        for name in (
            "name",
            "kind",
            "person",
            "title",
            "department",
            "site",
            "manager",
            "enabled",
            "privileged",
            "mfa",
            "disabled_since",
            "employed_until",
        )
    }
    kind = text(row, "kind") or ""
    return [
        equals(answer, KINDS.get(kind, "{name} is an account of kind {value}."), at["kind"], _only(at, "name")),
        equals(
            answer,
            "It belongs to {value}, {title}, {department}, {site}.",
            at["person"],
            _only(at, "title", "department", "site"),
        )
        or equals(answer, "It belongs to {value}.", at["person"]),
        equals(answer, "The manager is {value}.", at["manager"]),
        equals(answer, "It is enabled." if row.get("enabled") else "It is disabled.", at["enabled"]),
        equals(answer, "It was disabled by a containment at {value}.", at["disabled_since"]),
        equals(answer, "It is privileged." if row.get("privileged") else "It is not privileged.", at["privileged"]),
        equals(
            answer, "A second factor is enrolled." if row.get("mfa") else "No second factor is enrolled.", at["mfa"]
        ),
        counted(answer, "Groups: {groups}.", "$.account.groups[*]", {"groups": "$.account.groups[*]"}),
        equals(answer, "The employment ends or ended at {value}.", at["employed_until"]),
    ]


def signins(answer: Evidence) -> list[Saying]:
    """How often it signed in, and from where last."""
    if failed := unanswered(answer, "I could not see all sign-ins: {reason}."):
        return [failed]
    if not isinstance(answer.data, dict):
        return []
    if not integer(answer.data, "successes") + integer(answer.data, "failures"):
        return [nothing(answer, "No sign-in of it in that time.", "$.signins[*]")]
    return [
        equals(
            answer,
            "Sign-ins in that time: {value} successful, {failures} failed.",
            "$.successes",
            {"failures": "$.failures"},
        )
    ]


def intel(answer: Evidence) -> list[Saying]:
    """What threat feeds say, and whose network it is."""
    verdict = text(answer.data, "verdict") if isinstance(answer.data, dict) else None
    slots = {name: path(name) for name in ("indicator", "confidence")} | {"sources": "$.sources[*].name"}
    network = {name: path("network", name) for name in ("owner", "country", "asn")}
    return [
        equals(answer, VERDICTS[verdict or ""], "$.verdict", slots)
        if verdict in VERDICTS
        else nothing(answer, "No threat feed knows it, which does not make it clean.", "$.sources[*]"),
        equals(
            answer,
            "It is in a network of kind {value}, of {owner}, {country} (AS {asn}).",
            path("network", "meaning"),
            network,
        ),
    ]


def known(answer: Evidence) -> list[Saying]:
    """Whether the operator registered it as known."""
    if isinstance(answer.data, dict) and answer.data.get("known") is True:
        slots = {"by": "$.registered_by", "reason": "$.reason"}
        return [
            equals(
                answer,
                "{value} is on our register of what is known to be good, put there by {by}: {reason}.",
                "$.value",
                slots,
            )
            or equals(answer, "{value} is on our register of what is known to be good.", "$.value")
        ]
    return [equals(answer, "It is in no register of what is known to be good.", "$.known"), unanswered(answer)]


def blocked(answer: Evidence) -> list[Saying]:
    """Whether the firewall blocks it now."""
    if not isinstance(answer.data, dict):
        return [unanswered(answer)]
    if answer.data.get("blocked"):
        return [equals(answer, BLOCKED, "$.blocked", {"since": "$.since", "until": "$.until"})
                or equals(answer, "The firewall blocks it.", "$.blocked")]  # fmt: skip
    return [equals(answer, "The firewall does not block it.", "$.blocked")]


def peers(answer: Evidence) -> list[Saying]:
    """Whom it talked to."""
    if failed := unanswered(answer, "I could not see all of its flows: {reason}."):
        return [failed]
    if not rows(answer, "peers"):
        return [nothing(answer, "The firewall saw no flow of it in that time.", "$.peers[*]")]
    slots = {"flows": "$.peers[*].flows", "first": path("peers", 0, "first"), "last": path("peers", 0, "last")}
    most = {name: path("peers", 0, name) for name in ("flows", "first", "last", "port")}
    return [
        None
        if answer.truncated
        else counted(
            answer,
            "Peers it talked to in that time: {value} ({addresses}).",
            "$.peers[*]",
            {"addresses": "$.peers[*].address"},
        ),
        equals(
            answer,
            "Most with {value}, port {port}: {flows} flows from {first} to {last}.",
            path("peers", 0, "address"),
            {**slots, **most},
        ),
        equals(answer, "At a pace of one flow every {value} seconds.", path("peers", 0, "median_interval_s")),
    ]


def asked_for(answer: Evidence, cover: Evidence) -> list[Saying]:
    """Which hosts asked for a domain."""
    if failed := unanswered(answer):
        return [failed]
    if not rows(answer, "buckets"):
        return [
            *none_seen(answer, "$.buckets[*]", "No host asked the resolver for it in that time.", [cover], brief=True)
        ]
    slots = {"hosts": "$.buckets[*].key['host.name']", "count": "$.distinct"}
    return [equals(answer, "DNS queries for it in that time: {value}, by {count} hosts: {hosts}.", "$.events", slots)]


def places(answer: Evidence) -> list[Saying]:
    """Where a file was seen, and whether it ran."""
    if failed := unanswered(answer):
        return [failed]
    if not rows(answer, "sightings"):
        return [nothing(answer, "No sensor saw that file on any host.", "$.sightings[*]")]
    listed = [
        equals(
            answer,
            "Seen on {value} at {path}, first at {first}.",
            path("sightings", place, "host"),
            {"path": path("sightings", place, "path"), "first": path("sightings", place, "first")},
        )
        for place in range(min(3, len(rows(answer, "sightings"))))
    ]
    ran = "$.sightings[?@.executed==true]"
    state = isinstance(answer.data, dict) and answer.data.get("quarantined")
    return [
        *listed,
        counted(answer, "It ran on {hosts}.", ran, {"hosts": f"{ran}.host"})
        or nothing(answer, "Nothing shows that it ran.", ran),
        equals(answer, "It is quarantined." if state else "It is not quarantined.", "$.quarantined"),
    ]


def in_cases(answer: Evidence, most: int) -> list[Saying]:
    """The cases that name it."""
    exact = found(answer, "$.cases[?@.exact==true]")
    if not rows(answer, "cases") or not exact:
        return [
            nothing(
                answer,
                "No case has an alert that names it.",
                "$.cases[?@.exact==true]" if rows(answer, "cases") else "$.cases[*]",
            )
        ]
    return case_lines(answer, min(most, len(exact)))


def seen(answer: Evidence, cover: Evidence) -> list[Saying]:
    """How many events there are of it, by sensor."""
    if failed := unanswered(answer):
        return [failed]
    if not rows(answer, "buckets"):
        return [*none_seen(answer, "$.buckets[*]", "No sensor has an event of it in that time.", [cover], brief=True)]
    return [
        equals(
            answer,
            "Events of it in that time: {value}, seen by {sensors}.",
            "$.events",
            {"sensors": "$.buckets[*].key['event.source']"},
        )
    ]


def host_part(value: str) -> str:
    """The host of a URL; a domain as it is."""
    return value.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0] if "://" in value else value


def registered(value: str) -> str:
    """The registered domain of a name, by its last two labels."""
    return ".".join(host_part(value).split(".")[-2:])


def _only(at: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: at[name] for name in names}
