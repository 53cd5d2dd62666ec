"""Whether log sources still report, and whether one of them saw a span of time."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from agent.conversation.intents.covering import coverage, covered, each_sensor
from agent.conversation.intents.saying import (
    Saying,
    about,
    asks,
    counted,
    equals,
    nothing,
    path,
    told,
    unanswered,
    where,
)
from agent.conversation.intents.spans import heading
from agent.conversation.models import Entity, Referents, Window
from agent.conversation.protocol import Draft, Looker, Said, Understood
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence

STATES: Final[Mapping[str, str]] = {
    "reporting": "{name} is reporting; its last event is from {last}.",
    "silent": "{name} is silent; its last event is from {last}.",
    "stale": "{name} lags behind; its last event is from {last}.",
    "down": "{name} is down; its last event is from {last}.",
}
OTHER: Final = "{name} is in the state {value}; its last event is from {last}."
NEVER: Final = "{name} is in the state {value} and has never sent an event."
REPORTING: Final = "Log sources that report: {value} ({names})."
UNKNOWN: Final = "There is no log source of that name."
UNAVAILABLE: Final = "I could not ask for the log sources: {reason}."
_HOUR: Final = timedelta(hours=1)


class SensorFresh:
    """Each log source with its state and its last event."""

    name = "sensor_fresh"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """One sentence per source that was asked about; without one, those that report and each that does not."""
        sources = await looker.read("siem__siem_list_sources", {})
        if failed := unanswered(sources, UNAVAILABLE):
            return Draft(said=(failed,))
        wanted = [item.value for item in question.entities if item.type == "sensor" and item.said]
        carried = question.first("sensor")
        wanted = wanted or ([carried.value] if carried else [])
        known = {text(row, "name"): place for place, row in enumerate(rows(sources, "sources"))}
        said: list[Saying] = [_one(sources, known[name]) for name in wanted if name in known]
        said += [nothing(sources, UNKNOWN, where("sources", "name", name)) for name in wanted if name not in known]
        looked, all_looked = await _covered(
            question, [name for name in wanted if name in known] or [name for name in known if name], looker
        )
        return Draft(
            said=told(looked, said if wanted and all_looked else _all(sources) if not wanted else None),
            suggestions=(asks(question.language, "Which cases are open, by priority?"),),
            referents=about(
                question, referents, self.name, listed=[Entity(type="sensor", value=name) for name in wanted]
            ),
        )


async def _covered(question: Understood, sensors: Sequence[str], looker: Looker) -> tuple[tuple[Said, ...], bool]:
    """Whether they saw the span, or the host, that was asked about; and whether they saw all of it."""
    host = next((item.value for item in question.entities if item.type == "host" and item.said), None)
    if question.window is None and host is None:
        return (), True
    now = looker.now()
    window = question.window or Window(start=now - _HOUR, end=now)
    (answer,) = await coverage(looker, sensors[:20], window, (host,) if host else ())
    lead = heading(question, host or "", timedelta(days=1)) if question.window else None
    return told(unanswered(answer), lead, each_sensor(answer)), covered([answer])


def _all(sources: Evidence) -> list[Saying]:
    reporting = where("sources", "state", "reporting")
    rest = [place for place, row in enumerate(rows(sources, "sources")) if row.get("state") != "reporting"]
    return [
        counted(sources, REPORTING, reporting, {"names": f"{reporting}.name"}),
        *(_one(sources, place) for place in rest),
        nothing(sources, "Every log source reports.", "$.sources[?@.state!='reporting']"),
        nothing(sources, "There is no log source.", "$.sources[*]"),
    ]


def _one(sources: Evidence, place: int) -> Saying:
    at = ("sources", place)
    names = {"name": path(*at, "name"), "last": path(*at, "last_event")}
    template = STATES.get(text(rows(sources, "sources")[place], "state") or "", OTHER)
    return equals(sources, template, path(*at, "state"), names) or equals(
        sources, NEVER, path(*at, "state"), {"name": path(*at, "name")}
    )
