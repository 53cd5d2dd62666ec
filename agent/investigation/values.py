"""What templates are filled with: fields of the alert, times, and values bound from earlier answers.

Every value keeps its provenance and the place it came from, so that whatever is asked or claimed with it inherits both.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from agent.evidence.claims import select
from agent.evidence.entities import address_of
from agent.evidence.errors import PathError
from agent.evidence.provenance import classes
from agent.models import Alert, Evidence, JsonObject, Provenance, Ref, Scalar, least_trusted
from agent.playbooks.format import PLACEHOLDER, Question, Window

LONGEST_LITERAL = 300
_CONTROL = re.compile(r"[\x00-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a template may use."""

    value: Scalar
    provenance: Provenance
    ref: Ref | None = None
    """Where it stands in the evidence; None for computed times."""


Values = Mapping[str, Value]


def alert_values(alert: Alert, subject: str) -> dict[str, Value]:
    """Every field of the alert that holds something, by its ECS name, and `alert.time`.

    Of several values the first stands for all of them, and nobody attests that it is the one that matters.
    `subject` is the evidence id of the alert itself."""
    values = {"alert.time": Value(stamp(alert.time), Provenance.SENSOR)}
    for field in alert.fields:
        several = field.value if isinstance(field.value, tuple) else (field.value,)
        if field.name in values or not several:
            continue
        place = f"$.alert['{field.name}']" + ("[0]" if isinstance(field.value, tuple) else "")
        provenance = field.provenance if len(set(several)) == 1 else least_trusted(field.provenance, _UNCERTAIN)
        values[field.name] = Value(spelt(field.name, several[0]), provenance, Ref(evidence=subject, path=place))
    return {name: value for name, value in values.items() if value.value != ""}


def spelt(name: str, value: Scalar) -> Scalar:
    """The value in the spelling that sensors use: hashes and domains in lower case, one form of each address."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if ".hash." in name or name.startswith("dns."):
        return text.lower()
    return address_of(text) or text if name.endswith(".ip") else text


_UNCERTAIN = Provenance.UNTRUSTED


def question_values(
    alert: Alert, subject: str, question: Question, answers: Mapping[str, Evidence]
) -> dict[str, Value]:
    """The alert's values, the question's window, and what it binds from earlier answers."""
    start, end = window_of(alert.time, question.window)
    values = alert_values(alert, subject) | {
        "window.start": Value(stamp(start), Provenance.SENSOR),
        "window.end": Value(stamp(end), Provenance.SENSOR),
    }
    for name, bind in question.bind.items():
        answer = answers.get(bind.question)
        if answer is None or answer.status not in ("success", "stale"):
            continue
        path = fill_path(bind.path, values)
        found = _selected(path, answer)
        if found and isinstance(found[0], str | int | float | bool):
            values[name] = Value(found[0], classes(path, answer), Ref(evidence=answer.id, path=path))
    return values


def _selected(path: str, answer: Evidence) -> list[JsonValue]:
    """What the path selects; nothing when it cannot be followed in this answer."""
    try:
        return select(path, answer.data) if path else []
    except PathError:
        return []


def window_of(moment: datetime, window: Window) -> tuple[datetime, datetime]:
    """The absolute window around a moment, within the years that a clock knows."""
    before = min(window.before, moment - _FIRST)
    return moment - before, moment + min(window.after, _LAST - moment)


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with a `Z`, milliseconds kept when there are any."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def slots_in(template: str) -> Iterator[str]:
    """Names of the slots of a template."""
    return (match[1] for match in PLACEHOLDER.finditer(template))


def fill_path(path: str, values: Values) -> str:
    """A JSONPath with every slot replaced by a quoted literal; empty when a value is missing or cannot be compared."""
    if any(name not in values or not comparable(values[name].value) for name in slots_in(path)):
        return ""
    return PLACEHOLDER.sub(lambda match: literal(values[match[1]].value), path)


def comparable(value: Scalar) -> bool:
    """Whether a value can stand in a path: no control characters, and not longer than a name or a line is."""
    return not isinstance(value, str) or (len(value) <= LONGEST_LITERAL and not _CONTROL.search(value))


def literal(value: Scalar) -> str:
    """A JSONPath literal: whatever the text holds, it stays one literal."""
    if not isinstance(value, str):
        return json.dumps(value)
    inner = json.dumps(value)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def fill_arguments(question: Question, values: Values) -> JsonObject | None:
    """The arguments of the call; None when a slot has no value to ask with, so that the question cannot be asked.

    A value with a wildcard is none: a filter would take it for a pattern and answer another question."""
    filled: JsonObject = {}
    for name, template in question.arguments.items():
        value = _fill(template, values)
        if value is None:
            return None
        filled[name] = value
    return filled


def _fill(template: Scalar | list[str] | dict[str, str], values: Values) -> JsonValue:
    if isinstance(template, dict):
        inner = {key: _fill(text, values) for key, text in template.items()}
        return None if None in inner.values() else inner
    if isinstance(template, list):
        items = [_fill(text, values) for text in template]
        return None if None in items else items
    if not isinstance(template, str):
        return template
    names = list(slots_in(template))
    if any(name not in values or _is_pattern(values[name].value) for name in names):
        return None
    if len(names) == 1 and template == f"{{{names[0]}}}":
        return values[names[0]].value
    return PLACEHOLDER.sub(lambda match: str(values[match[1]].value), template)


def _is_pattern(value: Scalar) -> bool:
    return isinstance(value, str) and "*" in value


def argument_slots(question: Question) -> set[str]:
    """Names of all slots of a question's arguments."""
    return {name for template in question.arguments.values() for name in argument_slots_in(template)}


def argument_slots_in(template: Scalar | list[str] | dict[str, str]) -> Iterator[str]:
    """Names of the slots of one argument."""
    texts = template.values() if isinstance(template, dict) else template if isinstance(template, list) else [template]
    return (name for text in texts if isinstance(text, str) for name in slots_in(text))
