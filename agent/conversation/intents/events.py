"""Events in one sentence each: who did what to what, when, by the fields the event has."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from agent.conversation.intents.saying import Saying, equals, path
from agent.models import Evidence, JsonObject, Model

TIME: Final = "@timestamp"
_SORT: Final = (
    "event.action",
    "process.executable",
    "destination.ip",
    "url.full",
    "user.name",
    "file.path",
    "service.name",
    "cloud.api",
    "email.subject",
    "dns.question.registered_domain",
)
"""Fields by which two events are of one sort."""


class Shape(Model):
    """How one kind of event is told."""

    when: dict[str, str]
    say: str
    fields: dict[str, str]

    def fits(self, event: JsonObject) -> bool:
        """Whether the event is of that kind and has every field the sentence shows."""
        return all(event.get(name) == value for name, value in self.when.items()) and all(
            event.get(name) not in (None, "") for name in self.fields.values()
        )


@cache
def shapes() -> tuple[Shape, ...]:
    """The ways to tell an event, the most particular of each kind first."""
    content = yaml.load(
        (files("agent.conversation.intents") / "events.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    return tuple(Shape.model_validate(row) for row in content)


def event_line(evidence: Evidence, *at: str | int) -> Saying:
    """The event at a place of an answer."""
    event = event_at(evidence, *at)
    shape = next((item for item in shapes() if item.fits(event)), None)
    if shape is None:
        return None
    slots = {name: path(*at, field) for name, field in shape.fields.items() if name != "value"}
    return equals(evidence, shape.say, path(*at, shape.fields["value"]), {**slots, "time": path(*at, TIME)})


def event_at(evidence: Evidence, *at: str | int) -> JsonObject:
    """The event at a place of an answer; empty when there is none."""
    place: object = evidence.data
    for part in at:
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            return {}
    return place if isinstance(place, dict) else {}


def same(event: JsonObject) -> str:
    """What makes two events look alike in a list: all but their time and their random parts."""
    return re.sub(r"\d+", "0", "|".join(str(event.get(name, "")) for name in _SORT))
