"""What a parser hands over: everything format-specific, before decoding and the fingerprint."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from agent.intake.errors import IntakeError
from agent.intake.fields import find
from agent.intake.times import read_time
from agent.models import AlertField, AlertFormat, JsonObject, Rule


@dataclass(frozen=True, slots=True)
class Draft:
    """A parsed alert. `head` names the top-level keys its id, time, title and rule were read from."""

    format: AlertFormat
    product: str
    own_id: str | None
    title: str
    time: datetime
    rule: Rule
    techniques: tuple[str, ...]
    fields: tuple[AlertField, ...]
    head: tuple[str, ...]
    vendor_severity: str | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """A record that raises no alarm itself but tells of the same flow as an alert, such as a Suricata DNS record."""

    kind: str
    flow_id: str | None
    time: datetime | None
    fields: tuple[AlertField, ...]


def time_of(document: JsonObject, *paths: str) -> datetime:
    """The first readable time at any of the places.

    Raises: IntakeError naming the places when none holds a time."""
    for path in paths:
        for found in find(document, path):
            if (moment := read_time(found.value)) is not None:
                return moment
    raise IntakeError(f"no readable time in any of: {', '.join(paths)}")


def level_of(value: JsonValue) -> float | None:
    """A vendor's numeric level; None when there is none or it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        level = float(value)
    except ValueError:
        return None
    return level if abs(level) <= 1000 else None
