"""Which looks that could have spoken for malice were not made, or only in part. Nothing is closed over one of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import JsonValue

from agent.evidence.claims import select
from agent.evidence.errors import PathError
from agent.investigation.context import ACCOUNT, ASSET, COVERAGE
from agent.investigation.reading import LOOKED
from agent.investigation.values import Values, alert_values, argument_slots, fill_arguments, fill_path, question_values
from agent.models import Alert, Evidence, Hypothesis
from agent.playbooks.format import Question, Reading, could_raise


def missing_looks(
    questions: Sequence[Question],
    alert: Alert,
    answers: Mapping[str, Evidence],
    hypotheses: Sequence[Hypothesis],
    blind: Collection[str],
    held: Collection[str],
) -> tuple[str, ...]:
    """`question: why` for every required or telling question that was not asked, not answered, or not in full.

    `blind`: sensors that are not known to have covered the event; `held`: ids of the readings that hold."""
    malicious = ("malicious", *(item.id for item in hypotheses if item.kind == "malicious"))
    by_id = {question.id: question for question in questions}
    strange = _strange_names(alert_values(alert, "E0"), answers)
    missing = []
    for question in questions:
        raising = [r for r in question.readings if any(r.weights.get(name, 0) > 0 for name in malicious)]
        if not question.required and not any(could_raise(question, name) for name in malicious):
            continue
        values = question_values(alert, "E0", question, answers)
        if question.id not in answers:
            why = _why_unasked(question, values, by_id, answers, blind)
        else:
            misspelt = sorted(strange & argument_slots(question)) if raising or question.id == COVERAGE else []
            why = _why_partial(question, answers[question.id], values, raising, blind, held)
            why = why or (f"asked by a name no inventory has: {', '.join(misspelt)}" if misspelt else "")
        if why:
            missing.append(f"{question.id}: {why}")
    return tuple(missing)


def _strange_names(values: Values, answers: Mapping[str, Evidence]) -> frozenset[str]:
    """Names of host and account that the inventory does not have, or spells otherwise.

    A sensor asked by such a name finds nothing, whatever happened."""
    known = {"host.name": _name_in(answers.get(ASSET), "asset"), "user.name": _name_in(answers.get(ACCOUNT), "account")}
    return frozenset(name for name, spelling in known.items() if name in values and values[name].value != spelling)


def _name_in(answer: Evidence | None, member: str) -> JsonValue:
    found = answer.data.get(member) if answer is not None and isinstance(answer.data, dict) else None
    return found.get("name") if isinstance(found, dict) else None


def _why_unasked(
    question: Question,
    values: Values,
    by_id: Mapping[str, Question],
    answers: Mapping[str, Evidence],
    blind: Collection[str],
) -> str:
    if fill_arguments(question, values) is not None:
        return "not asked within the budget"
    lacking = sorted(name for name in argument_slots(question) if name not in values)
    if lacking and all(_led_nowhere(name, question, by_id, answers, blind) for name in lacking):
        return ""
    if not question.required:
        return ""
    return f"the alert does not say {', '.join(lacking)}" if lacking else "the alert names a pattern, not a value"


def _led_nowhere(
    name: str,
    question: Question,
    by_id: Mapping[str, Question],
    answers: Mapping[str, Evidence],
    blind: Collection[str],
) -> bool:
    """Whether a sensor that looked saw nothing to follow; an inventory that does not know a thing is no such sensor."""
    bind = question.bind.get(name)
    answer = answers.get(bind.question) if bind else None
    if bind is None:
        return False
    if answer is None:
        asked = by_id[bind.question]
        return any(_led_nowhere(slot, asked, by_id, answers, blind) for slot in asked.bind)
    asked = by_id[bind.question]
    sensor, is_whole = asked.sensor, asked.ranked or not answer.truncated
    return answer.status in LOOKED and is_whole and sensor is not None and sensor not in blind


def _why_partial(
    question: Question,
    answer: Evidence,
    values: Values,
    raising: Sequence[Reading],
    blind: Collection[str],
    held: Collection[str],
) -> str:
    if answer.status not in LOOKED:
        return answer.status
    if not raising:
        return ""
    if question.sensor in blind:
        return f"{question.sensor} did not cover the event"
    if answer.truncated and not question.ranked and any(reading.id not in held for reading in raising):
        return "the answer was cut short"
    return "the answer cannot be read" if any(_unreadable(reading, values, answer) for reading in raising) else ""


def _unreadable(reading: Reading, values: Values, answer: Evidence) -> bool:
    try:
        return any(list(_followed(reading, values, answer)))
    except PathError:
        return True


def _followed(reading: Reading, values: Values, answer: Evidence) -> Iterator[bool]:
    """Whether each path of the reading lacks a value it could be filled with, following those that do not."""
    for path in reading.paths():
        filled = fill_path(path, values)
        if filled:
            select(filled, answer.data)
        yield not filled
