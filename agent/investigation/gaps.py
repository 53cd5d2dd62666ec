"""What could not be looked at, as a person is told it: sensors that did not cover the event, and products that failed.

A brain is shown the sensors alone (`Coverage.gaps`), and the verdict rests on those and on the looks that are missing;
nothing here moves it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from agent.evidence.telemetry import rows_of
from agent.investigation.context import COVERAGE
from agent.investigation.state import State
from agent.investigation.values import alert_values, slots_in
from agent.investigation.verdict import Facts
from agent.models import Evidence, Gap

_ITS_ANSWER: Final = ("not_configured: ", "unknown_", "invalid_argument: ")
"""How the error begins of a server that works: nothing is set up for that look, or it does not know what was named."""


def told_gaps(state: State, facts: Facts) -> tuple[Gap, ...]:
    """The gaps of the verdict: one for each contracted sensor that did not cover the event, then one for each product
    that failed or whose data do not speak for the time asked for."""
    rows = rows_of(state["answers"].get(COVERAGE))
    sensors = (_with_query(_with_age(gap, rows), state) for gap in facts.coverage.gaps)
    return (*sensors, *_of_products(facts))


def failing(facts: Facts) -> tuple[str, ...]:
    """Servers whose product gave no answer at all."""
    failed = (item for item in _unanswered(facts) if item.status == "error")
    return tuple(dict.fromkeys(item.server for item in failed if not (item.error or "").startswith(_ITS_ANSWER)))


def _of_products(facts: Facts) -> Iterator[Gap]:
    """One for each server, by its first look that failed."""
    told: dict[str, Gap] = {}
    for item in _unanswered(facts):
        problem = "; ".join(part for part in (item.error or item.summary, item.hint) if part)
        lead = "an error, which is no clean answer" if item.status == "error" else "stale"
        asked = ", ".join(f"{name} = {value}" for name, value in item.arguments.items())
        told.setdefault(
            item.server, Gap(sensor=item.server, reason=f"{lead}: {problem}", query=f"{item.tool}: {asked}")
        )
    yield from told.values()


def _unanswered(facts: Facts) -> Iterator[Evidence]:
    """Answers of products that looked at nothing, or not at all that was asked; errors first.

    The simulated enterprise does not fail: what it could not see, its sensors say."""
    for status in ("error", "stale"):
        yield from (item for item in facts.evidence if item.backend == "real" and item.status == status)


def _with_age(gap: Gap, rows: Mapping[str, tuple[int, dict[str, JsonValue]]]) -> Gap:
    """The gap with what is known about how long the sensor has been silent."""
    row = rows.get(gap.sensor, (-1, {}))[1]
    if gap.reason != f"state {row.get('state')}":
        return gap
    for field, told in (("silent_since", "nothing came since {}"), ("last_event", "its newest record is of {}")):
        if isinstance(row.get(field), str):
            return gap.model_copy(update={"reason": f"{gap.reason}; {told.format(row[field])}"})
    return gap


def _with_query(gap: Gap, state: State) -> Gap:
    """The gap with the one query that would settle it, from the playbook's first question to that sensor."""
    values = alert_values(state["alert"], state["subject"])
    for question in state["playbook"].questions:
        if question.sensor != gap.sensor:
            continue
        fields = sorted(
            {name for text in question.arguments.values() for name in slots_in(str(text)) if name in values}
        )
        terms = ", ".join(f"{name} = {values[name].value}" for name in fields if name != "alert.time")
        asked = f"{terms} around" if terms else "around"
        return gap.model_copy(update={"query": f"{gap.sensor}: {asked} {values['alert.time'].value}"})
    return gap
