"""Whether the sensors that would have seen something were looking: without that, finding nothing says nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from agent.conversation.intents.saying import Saying, counted, equals, nothing, path
from agent.conversation.models import EntityType, Window, moment_text
from agent.conversation.protocol import CouldNotLook, Looker, Said
from agent.conversation.understanding.rows import rows, text
from agent.conversation.understanding.words import EventKind, load_words
from agent.models import Evidence, JsonObject

SENSORS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "host": ("edr", "firewall", "dns", "proxy"),
    "account": ("idp", "dc-security", "edr", "proxy"),
    "address": ("firewall", "idp"),
    "domain": ("dns", "proxy"),
    "url": ("proxy", "webserver"),
    "sha256": ("edr", "antivirus"),
}
"""Sensors that would see something of that kind."""
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "process.": ("edr",),
    "logon.": ("edr",),
    "registry.": ("edr",),
    "service.": ("edr",),
    "dns.": ("dns",),
    "email.": ("mail",),
    "url.": ("proxy", "webserver"),
    "http.": ("proxy", "webserver"),
    "user_agent": ("proxy", "webserver"),
    "cloud.": ("cloud-audit",),
    "antivirus.": ("antivirus",),
    "file.share": ("fileserver",),
    "file.": ("edr",),
    "destination.": ("firewall",),
    "source.ip": ("firewall", "idp"),
    "source.country": ("idp",),
    "session.": ("idp",),
    "device.": ("idp",),
    "authentication.": ("idp",),
    "rule.": ("ids",),
}
"""Sensors whose events have fields that begin like this."""
BLIND: Final = "I could not look with every sensor: {reason}. What those did not see may still have happened."
LOOKED: Final = "Log sources that were looking all that time: {value} ({names})."
LOOKED_HOST: Final = "Log sources that were looking at {host} all that time: {value} ({names})."
ONE: Final = "{sensor} covered all that time."
ONE_HOST: Final = "{sensor} covered {host} all that time."
SILENT: Final = "{sensor} was not looking all that time ({state}), silent since {since}."
SILENT_HOST: Final = "{sensor} did not look at {host} all that time ({state}), silent since {since}."
NOT_LOOKING_HOST: Final = "{sensor} did not look at {host} all that time ({state})."
NOT_LOOKING: Final = "{sensor} was not looking all that time ({state})."
_SHORT: Final = timedelta(minutes=1)
_WEEK: Final = timedelta(days=7)
_MOST_HOSTS: Final = 3


def sensors_for(types: Iterable[EntityType], filters: Mapping[str, object]) -> tuple[str, ...]:
    """The sensors that would see it: by the kind of event, by the fields, else by the kind of thing."""
    if isinstance(source := filters.get("event.source"), str) and "*" not in source:
        return (source,)
    for kind in _kinds():
        if all(filters.get(name) == value for name, value in kind.filters.items()):
            return kind.sources
    told = [sensor for name in filters for start, names in FIELDS.items() if name.startswith(start) for sensor in names]
    told = told or [sensor for kind in types for sensor in SENSORS.get(kind, ())]
    return tuple(dict.fromkeys(told)) or ("edr", "firewall")


@cache
def _kinds() -> tuple[EventKind, ...]:
    return load_words().kinds


def coverage_call(sensors: Iterable[str], window: Window, host: str | None) -> tuple[str, JsonObject]:
    """The call that asks whether these sensors covered the span."""
    arguments: JsonObject = {
        "sensors": list(sensors),
        "start": moment_text(window.start),
        "end": moment_text(max(window.end, window.start + _SHORT)),
    }
    return "siem__siem_check_coverage", arguments if host is None else {**arguments, "host": host}


async def coverage(
    looker: Looker, sensors: Iterable[str], window: Window, hosts: Sequence[str] = ()
) -> tuple[Evidence, ...]:
    """Whether these sensors covered the span; at each of the hosts when there are any."""
    wanted = tuple(sensors)
    return tuple(await looker.read_many([coverage_call(wanted, window, host) for host in hosts or (None,)]))


async def hosts_of(account: str, window: Window, looker: Looker) -> tuple[str, ...]:
    """The hosts an account works on: those where it was seen most in the week up to the end of the span."""
    arguments: JsonObject = {
        "by": ["host.name"],
        "filters": {"user.name": account, "event.source": "edr"},
        "start": moment_text(window.end - _WEEK),
        "end": moment_text(window.end),
        "limit": _MOST_HOSTS,
    }
    answer = await looker.read("siem__siem_count_events", arguments)
    keys = [key.get("host.name") for row in rows(answer, "buckets") if isinstance(key := row.get("key"), dict)]
    return tuple(name for name in keys if isinstance(name, str))


def covered(answers: Iterable[Evidence]) -> bool:
    """Whether every sensor asked about saw all of it."""
    listed = [rows(answer, "coverage") for answer in answers]
    return bool(listed) and all(found and all(row.get("covered") is True for row in found) for found in listed)


def blind(answers: Iterable[Evidence]) -> list[Said]:
    """What could not be seen: nothing when every sensor was looking."""
    return [
        CouldNotLook(answer.id, BLIND)
        for answer in answers
        if answer.status in ("error", "refused") or (rows(answer, "coverage") and not covered([answer]))
    ]


def none_seen(
    looked: Evidence, at: str, template: str, answers: Sequence[Evidence], *, brief: bool = False
) -> list[Said]:
    """That nothing was found, where every sensor was looking; else that nobody could look. `brief`: without saying
    which sensors were looking."""
    if not covered(answers):
        return blind(answers)
    said = nothing(looked, template, at)
    if said is None:
        return []
    return [said] if brief else [said, *looking(answers)]


def looking(answers: Iterable[Evidence]) -> list[Said]:
    """Which sensors were looking."""
    at = "$.coverage[?@.covered==true]"
    told: list[Saying] = []
    for answer in answers:
        slots = {"names": f"{at}.sensor"}
        if any(text(row, "host") for row in rows(answer, "coverage")):
            told.append(counted(answer, LOOKED_HOST, at, {**slots, "host": path("coverage", 0, "host")}))
        else:
            told.append(counted(answer, LOOKED, at, slots))
    return [item for item in told if item is not None]


def each_sensor(answer: Evidence) -> list[Said]:
    """One sentence for each sensor: whether it was looking, and since when not."""
    told: list[Saying] = []
    for place, row in enumerate(rows(answer, "coverage")):
        template = _template(row)
        members = {"sensor": "sensor", "host": "host", "state": "state", "since": "silent_since"}
        slots = {name: path("coverage", place, member) for name, member in members.items() if f"{{{name}}}" in template}
        told.append(equals(answer, template, path("coverage", place, "covered"), slots))
    return [item for item in told if item is not None]


def _template(row: JsonObject) -> str:
    if row.get("covered") is True:
        return ONE_HOST if text(row, "host") else ONE
    if text(row, "host"):
        return SILENT_HOST if text(row, "silent_since") else NOT_LOOKING_HOST
    return SILENT if text(row, "silent_since") else NOT_LOOKING
