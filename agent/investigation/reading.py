"""Reading an answer: each condition of the playbook that holds becomes a claim code can re-run, and a finding.

A finding is only as trustworthy as the least trusted value it rests on: the fields its paths read or filter on, the
values its templates were filled with, and the arguments the question was asked with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from pydantic import JsonValue

from agent.evidence.claims import check, select
from agent.evidence.errors import PathError
from agent.evidence.provenance import classes, existence
from agent.investigation.values import Values, argument_slots, fill_path, slots_in
from agent.models import (
    Absent,
    Before,
    Claim,
    Contains,
    Count,
    Equals,
    Evidence,
    Finding,
    Provenance,
    Ref,
    SameEntity,
    Scalar,
    least_trusted,
)
from agent.playbooks.format import Question, Reading
from agent.wording.catalogue import AT_LEAST

LOOKED = frozenset({"success", "no_data"})
"""Statuses of an answer whose silence means something."""
ANSWERED = LOOKED | {"stale"}


@dataclass(frozen=True, slots=True)
class Read:
    """One reading that holds: the claim, what it weighs, and which reading it was."""

    claim: Claim
    finding: Finding


def read_answer(
    question: Question,
    answer: Evidence,
    values: Values,
    evidence: Mapping[str, Evidence],
    blind: frozenset[str] = frozenset(),
) -> Iterator[Read]:
    """Every reading of `question` that holds on `answer`, in playbook order.

    `evidence` is what claims are checked on; a sensor in `blind` can show what is there, never what is not."""
    if answer.status not in ANSWERED:
        return
    seen_whole = answer.status in LOOKED and not answer.truncated and question.sensor not in blind
    asked_with = [values[name].provenance for name in sorted(argument_slots(question)) if name in values]
    for reading in question.readings:
        if reading.is_absence and question.sensor in blind:
            continue
        paths = [fill_path(path, values) for path in reading.paths()]
        wanted = reading.value
        if isinstance(wanted, str) and (named := list(slots_in(wanted))):
            wanted = values[named[0]].value if named[0] in values else None
        if not all(paths) or (wanted is None and reading.value is not None):
            continue
        held = _Held(f"{question.id}.{reading.id}", answer, values, seen_whole)
        if (claim := _first_that_holds(reading, paths, wanted, held, evidence)) is None:
            continue
        filled_with = [values[name].provenance for name in _slots_of(reading)]
        reads = existence if reading.counts else classes
        read = [reads(path, answer) for path in paths]
        yield Read(claim, _finding(question, reading, claim, answer, least_trusted(*read, *filled_with, *asked_with)))


@dataclass(frozen=True, slots=True)
class _Held:
    """What a reading is held against."""

    claim_id: str
    answer: Evidence
    values: Values
    seen_whole: bool
    """Whether the answer is whole, of a sensor that is known to have looked: numbers are exact, firsts are firsts."""


def _first_that_holds(
    reading: Reading, paths: list[str], wanted: Scalar | None, held: _Held, evidence: Mapping[str, Evidence]
) -> Claim | None:
    """The verified claim with the fullest sentence whose values are all there; None when the reading does not hold."""
    for sentence in reading.sentences:
        if not held.seen_whole and set(slots_in(sentence)) & set(reading.elapsed):
            continue
        try:
            claim = _claim(reading, sentence, paths, wanted, held)
        except PathError:
            return None
        if claim is not None and (claim := check(claim, evidence)).status == "verified":
            return claim
    return None


def _slots_of(reading: Reading) -> set[str]:
    """Names of the slots a reading's condition is filled with."""
    return {name for text in (*reading.paths(), str(reading.value)) for name in slots_in(text)}


def _finding(question: Question, reading: Reading, claim: Claim, answer: Evidence, provenance: Provenance) -> Finding:
    sensor = answer.sensor or question.sensor or answer.server
    return Finding(
        claim=claim.id,
        question=question.id,
        reading=reading.id,
        weights=reading.weights,
        provenance=provenance,
        sensors=(sensor,),
        techniques=reading.techniques,
        outcome=reading.outcome,
        ongoing=reading.ongoing,
    )


def _claim(reading: Reading, sentence: str, paths: list[str], wanted: Scalar | None, held: _Held) -> Claim | None:
    """The claim of a reading; whether it holds is for `check` to say. None when a bound of the reading is not met.

    Raises: PathError when what is to be bounded cannot be selected."""
    said, answer = _sentence(reading, sentence, held), held.answer
    refs = [Ref(evidence=answer.id, path=path) for path in paths]
    if reading.count:
        return _count(reading, said, refs[0], len(select(paths[0], answer.data)), answer)
    if reading.number:
        return _number(reading, said, refs[0], select(paths[0], answer.data))
    if reading.absent:
        return Absent(**said, ref=refs[0])
    if reading.equals and wanted is not None:
        return Equals(**said, ref=refs[0], value=wanted)
    if reading.contains and wanted is not None:
        return Contains(**said, ref=refs[0], value=wanted)
    if reading.before:
        return Before(**said, first=refs[0], second=refs[1])
    if reading.same_entity:
        return SameEntity(**said, first=refs[0], second=refs[1])
    return None


def _count(reading: Reading, said: "_Said", ref: Ref, found: int, answer: Evidence) -> Claim | None:
    if found < (reading.at_least or 0) or (reading.at_most is not None and found > reading.at_most):
        return None
    if found == 0:
        return Absent(**said, ref=ref)
    if reading.at_most is not None and (answer.status not in LOOKED or answer.truncated):
        return None
    return Count(**said, ref=ref, value=found)


def _number(reading: Reading, said: "_Said", ref: Ref, found: list[JsonValue]) -> Claim | None:
    if len(found) != 1 or isinstance(found[0], bool) or not isinstance(found[0], int | float):
        return None
    value = found[0]
    if value < (reading.at_least or 0) or (reading.at_most is not None and value > reading.at_most):
        return None
    return Equals(**said, ref=ref, value=value)


class _Said(TypedDict):
    """What claims of every kind have."""

    id: str
    template: str
    slots: dict[str, Ref]
    elapsed: dict[str, tuple[str, str]]


def _sentence(reading: Reading, sentence: str, held: _Held) -> _Said:
    """The sentence with dots in slot names replaced, and where each slot is read from.

    What was counted where not everything was seen is at least as many."""
    is_least = not held.seen_whole and bool(reading.count or reading.number)
    template = sentence.replace("{value}", AT_LEAST) if is_least else sentence
    elapsed = {name: between for name, between in reading.elapsed.items() if name in slots_in(sentence)}
    slots: dict[str, Ref] = {}
    for name in dict.fromkeys((*slots_in(sentence), *(end for between in elapsed.values() for end in between))):
        safe = name.replace(".", "_")
        if name in reading.show:
            slots[safe] = Ref(evidence=held.answer.id, path=fill_path(reading.show[name], held.values))
        elif name in held.values and (ref := held.values[name].ref):
            template = template.replace(f"{{{name}}}", f"{{{safe}}}")
            slots[safe] = ref
    return _Said(id=held.claim_id, template=template, slots=slots, elapsed=elapsed)
