"""The playbook of one hunt: those questions of the shipped playbook `hunt` that its words chose, filled with what it
names. It follows from the hunt alone, so that a stored hunt is read again exactly as it was asked."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, product
from typing import Final, TypeAlias

from agent.hunting.hunt import HUNT, Hunt, hunt_of
from agent.hunting.trails import Trail, trails
from agent.investigation.values import argument_slots_in, slots_in
from agent.models import Alert, Scalar
from agent.playbooks.format import PLACEHOLDER, Bind, Playbook, Proof, Question, Sensor, Window

Template: TypeAlias = Scalar | list[str] | dict[str, str]

COVER: Final = "host_cover"
"""The question whether every sensor looked at a host at which one was found not to."""
MOST_COPIES: Final = 4
"""How often one question is asked when several things of a kind are named."""
_PER_HOST: Final = frozenset({"edr"})
"""Sensors that look from the host itself: cover is asked of the host that is named."""


def playbook_for(playbook: Playbook, alert: Alert) -> Playbook:
    """The playbook that this alert is looked into with: its own for a hunt, the given one for any other."""
    hunt = hunt_of(alert) if playbook.name == HUNT else None
    return playbook if hunt is None else _made_for(playbook, hunt)


def looks_of(hunt: Hunt, playbook: Playbook) -> tuple[Question, ...]:
    """The questions that the hunt leads to, in the playbook's order; those that bind from others after these."""
    chosen = _chosen(hunt)
    kept: dict[str, tuple[_Copy, ...]] = {}
    for question in playbook.questions:
        if question.id in chosen and (copies := tuple(_copies(question, hunt, chosen[question.id], kept))):
            kept[question.id] = copies
    window, sensors = _window(hunt), list(_sensors(copy.question for copies in kept.values() for copy in copies))
    if COVER in kept:
        kept[COVER] = tuple(_asking_all(copy, sensors) for copy in kept[COVER])
    return tuple(copy.question.model_copy(update={"window": window}) for copies in kept.values() for copy in copies)


def followed(hunt: Hunt) -> tuple[Trail, ...]:
    """The trails of a hunt: those its words chose; where they chose none, those of the things it names."""
    known = trails()
    said = tuple(known[name] for name in hunt.trails if name in known)
    slots = hunt.slots()
    named = tuple(trail for trail in known.values() if trail.slot in slots)
    indicators = tuple(trail for trail in named if trail.slot in _INDICATORS)
    return said or indicators or named


_INDICATORS: Final = ("hunt.address", "hunt.domain", "hunt.sha256")


def _chosen(hunt: Hunt) -> dict[str, frozenset[str]]:
    """Question id to the slots of which one has to have a value."""
    found: dict[str, frozenset[str]] = {}
    for trail in followed(hunt):
        for look in trail.looks:
            found.setdefault(look, frozenset(trail.needs.get(look, ())))
    return {**found, COVER: frozenset({"hunt.blind"})} if found else found


def _made_for(playbook: Playbook, hunt: Hunt) -> Playbook:
    questions = looks_of(hunt, playbook)
    sensors = _sensors(questions)
    contract = tuple(Sensor(sensor=name, per_host=name in _PER_HOST and bool(hunt.hosts)) for name in sensors)
    proofs = tuple(_proofs(playbook.proofs, questions))
    changed = {"questions": questions, "contract": contract, "proofs": proofs, "covers": _window(hunt)}
    return playbook.model_copy(update=changed)


def _sensors(questions: Iterable[Question]) -> tuple[str, ...]:
    """The sensors that the questions ask, in their order."""
    return tuple(dict.fromkeys(question.sensor for question in questions if question.sensor is not None))


def _asking_all(copy: "_Copy", sensors: list[str]) -> "_Copy":
    """The question of cover at one host, about every sensor that the hunt asks."""
    arguments = {**copy.question.arguments, "sensors": sensors}
    return replace(copy, question=copy.question.model_copy(update={"arguments": arguments}))


def _window(hunt: Hunt) -> Window:
    """From the start of the hunt to its end, which is the time of its alert."""
    return Window(before=hunt.length, after=timedelta())


@dataclass(frozen=True, slots=True)
class _Copy:
    """A question, and which value of each slot it was filled with."""

    question: Question
    values: Mapping[str, str]


def _copies(
    question: Question, hunt: Hunt, needs: Collection[str], kept: Mapping[str, tuple[_Copy, ...]]
) -> Iterator[_Copy]:
    """The question once for each combination of what it names; none when it cannot be filled."""
    slots = hunt.slots()
    if needs and not any(name in slots for name in needs):
        return
    own = {name for template in question.arguments.values() for name in argument_slots_in(template)}
    bound = {name for bind in question.bind.values() for copy in kept.get(bind.question, ()) for name in copy.values}
    names = sorted(slots.keys() & (own | bound))
    ways = tuple(islice(product(*(slots[name] for name in names)), MOST_COPIES))
    for number, chosen in enumerate(ways, start=1):
        values = dict(zip(names, chosen, strict=True))
        filled = _filled(question, values, "" if number == 1 else f"_{number}", kept)
        if filled is not None and len(ways) > 1:
            named = ", ".join(dict.fromkeys(chosen))
            filled = filled.model_copy(update={"asks": f"{filled.asks} ({named})"})
        if filled is not None:
            yield _Copy(filled, values)


def _filled(
    question: Question, values: Mapping[str, str], mark: str, kept: Mapping[str, tuple[_Copy, ...]]
) -> Question | None:
    """The question with what the hunt names in the place of slots; None when a slot stays open."""
    binds = {name: found for name, bind in question.bind.items() if (found := _bound(bind, values, kept)) is not None}
    arguments = {name: _fill(template, values, binds) for name, template in question.arguments.items()}
    if any(value is None for value in arguments.values()):
        return None
    used = {name for template in arguments.values() if template is not None for name in argument_slots_in(template)}
    changed = {
        "id": question.id + mark,
        "arguments": arguments,
        "bind": {name: bind for name, bind in binds.items() if name in used},
        "readings": tuple(item.model_copy(update={"id": item.id + mark}) for item in question.readings),
    }
    return question.model_copy(update=changed)


def _bound(bind: Bind, values: Mapping[str, str], kept: Mapping[str, tuple[_Copy, ...]]) -> Bind | None:
    """The bind to the copy of its question that was filled alike; None when that question is not asked."""
    alike = (copy for copy in kept.get(bind.question, ()) if copy.values.items() <= values.items())
    found = next(alike, None)
    return None if found is None else bind.model_copy(update={"question": found.question.id})


def _fill(template: Template, values: Mapping[str, str], known: Collection[str]) -> Template | None:
    """A filter that names what nobody named is left out; any other argument that does so cannot be filled."""
    if isinstance(template, dict):
        inner = {name: _text(text, values, known) for name, text in template.items()}
        return {name: text for name, text in inner.items() if text is not None} or None
    return _text(template, values, known) if isinstance(template, str) else template


def _text(text: str, values: Mapping[str, str], known: Collection[str]) -> str | None:
    open_ = [name for name in slots_in(text) if name not in values]
    if any(name not in known and not name.startswith("window.") for name in open_):
        return None
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


_MARK: Final = re.compile(r"_(\d)$")


def _proofs(proofs: Iterable[Proof], questions: Collection[Question]) -> Iterable[Proof]:
    """The proofs whose readings are all asked for, once for each copy of their questions."""
    asked = {reading.id for question in questions for reading in question.readings}
    for proof in proofs:
        if not asked.issuperset(proof.readings):
            continue
        yield proof
        for number in range(2, MOST_COPIES + 1):
            marked = tuple(name if f"{name}_{number}" not in asked else f"{name}_{number}" for name in proof.readings)
            if marked != proof.readings:
                yield proof.model_copy(update={"readings": marked})


def unmarked(name: str) -> str:
    """The id of the shipped question or reading that a copy was made of."""
    return _MARK.sub("", name)
