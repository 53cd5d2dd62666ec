"""Whether the sensors that would have seen something were looking: without that, finding nothing says nothing."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from agent.conversation.intents.saying import Saying, equals, nothing, path
from agent.conversation.models import EntityType, Window, moment_text
from agent.conversation.protocol import CouldNotLook, Fact, Looker, Said
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence, JsonObject

SENSORS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "host": ("edr", "firewall"),
    "account": ("idp", "dc-security", "edr"),
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
LOOKED: Final = "{sensor} was looking all that time."
LOOKED_HOST: Final = "{sensor} was looking at {host} all that time."
SILENT: Final = "{sensor} was not looking all that time ({state}), silent since {since}."
NOT_LOOKING: Final = "{sensor} was not looking all that time ({state})."
_SHORT: Final = timedelta(minutes=1)


def sensors_for(types: Iterable[EntityType], filters: Mapping[str, object]) -> tuple[str, ...]:
    """The sensors that would see it, by the filters if they tell, else by the kind of thing."""
    if isinstance(source := filters.get("event.source"), str) and "*" not in source:
        return (source,)
    told = [sensor for name in filters for start, names in FIELDS.items() if name.startswith(start) for sensor in names]
    if filters.get("event.category") == "authentication":
        told += ["idp", "dc-security"]
    if filters.get("event.category") in ("process", "configuration"):
        told.append("edr")
    told = told or [sensor for kind in types for sensor in SENSORS.get(kind, ())]
    return tuple(dict.fromkeys(told)) or ("edr", "firewall")


def coverage_call(sensors: Iterable[str], window: Window, host: str | None) -> tuple[str, JsonObject]:
    """The call that asks whether these sensors covered the span."""
    arguments: JsonObject = {
        "sensors": list(sensors),
        "start": moment_text(window.start),
        "end": moment_text(max(window.end, window.start + _SHORT)),
    }
    return "siem__siem_check_coverage", arguments if host is None else {**arguments, "host": host}


async def coverage(looker: Looker, sensors: Iterable[str], window: Window, host: str | None = None) -> Evidence:
    """Whether these sensors covered the span; for one host when given."""
    tool, arguments = coverage_call(sensors, window, host)
    return await looker.read(tool, arguments)


def covered(answer: Evidence) -> bool:
    """Whether every sensor asked about saw all of it."""
    listed = rows(answer, "coverage")
    return bool(listed) and all(row.get("covered") is True for row in listed)


def blind(answer: Evidence) -> list[Said]:
    """What could not be seen: nothing when every sensor was looking."""
    if answer.status in ("error", "refused") or (rows(answer, "coverage") and not covered(answer)):
        return [CouldNotLook(answer.id, BLIND)]
    return []


def none_seen(looked: Evidence, at: str, template: str, cover: Evidence) -> list[Said]:
    """That nothing was found, where every sensor was looking; else that nobody could look."""
    if not covered(cover):
        return blind(cover) or [CouldNotLook(cover.id, BLIND)]
    said = nothing(looked, template, at)
    return [said, *looking(cover)] if said is not None else []


def looking(cover: Evidence) -> list[Said]:
    """One sentence for each sensor: whether it was looking."""
    told: list[Saying] = []
    for place, row in enumerate(rows(cover, "coverage")):
        at = ("coverage", place)
        slots = {
            "sensor": path(*at, "sensor"),
            "host": path(*at, "host"),
            "state": path(*at, "state"),
            "since": path(*at, "silent_since"),
        }
        template = _template(row)
        told.append(
            equals(
                cover,
                template,
                path(*at, "covered"),
                {name: ref for name, ref in slots.items() if f"{{{name}}}" in template},
            )
        )
    return [item for item in told if isinstance(item, Fact | CouldNotLook)]


def _template(row: JsonObject) -> str:
    if row.get("covered") is True:
        return LOOKED_HOST if text(row, "host") else LOOKED
    return SILENT if text(row, "silent_since") else NOT_LOOKING
