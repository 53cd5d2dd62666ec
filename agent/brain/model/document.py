"""A case as a model is told it: blocks of lines, each with a key that code knows again.

A message holds the blocks that no earlier message of the case held. A line never begins with a text somebody else
wrote, and such a text never has a line break, so a block cannot be forged.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import JsonValue

from agent.brain.model.layout import Shown
from agent.brain.model.rows import (
    DOCUMENT_ROOM,
    OWN_ROOM,
    ROOM,
    TOLD_ROOM,
    all_of,
    few,
    known_of,
    masked_rows,
    room_for,
    said_in,
)
from agent.brain.model.tools import is_ours
from agent.brain.model.writing import UNTRUSTED, Pen
from agent.brain.protocol import CaseView
from agent.evidence.authorisation import AUTHORISED_BY
from agent.evidence.provenance import classes
from agent.models import AlertField, Before, Claim, Evidence, Gap, Provenance, Ref, SameEntity
from agent.playbooks.format import Question
from knowledge.trust.masking import mask_object

SENTENCE = 260
"""Characters of one claim."""
DECODED = 600
"""Characters of one decoded text of the alert."""
_POINT = "struck: the point"
_STRONG = 1.0
"""Weight from which a contribution of the alert is told."""
_OWN, _BRAIN = "own.", "brain."
_TOLD_ALREADY = frozenset({"host.id", "user.id", "rule.name", "rule.groups", "rule.category", "event.source"})
"""Fields of which another line says the same, or that only a database cares about."""
_REGISTERS, _DOCUMENTS = frozenset({"assets", "identity"}), frozenset({"kb"})
_ENTRY = re.compile(r"work\.\d+\.")
"""How the ids of claims begin that hold an entry of the register against the alert."""
_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
"""The alert and the values have hashes in full."""


@dataclass(frozen=True, slots=True)
class Block:
    """One thing a model is told once: its key, and the lines."""

    key: str
    text: str

    @property
    def lines(self) -> str:
        """As it stands in a message."""
        return f"{self.key}: {self.text}"


def told_in(text: str) -> Iterator[str]:
    """The keys of the blocks that a message holds."""
    for line in text.split("\n"):
        key, colon, _ = line.partition(": ")
        if colon and not line.startswith(" "):
            yield key


def news(view: CaseView, pen: Pen, told: Collection[str]) -> tuple[Block, ...]:
    """What has not been told yet, in the order an analyst reads it."""
    fresh = [item for item in view.evidence if _answer_key(item, view) not in told]
    room = room_for(sum(item.status == "success" and not any(_said_of(item, view)) for item in fresh))
    blocks = [*_case(view, pen), *_questions(view, pen)]
    blocks += [_answer(item, view, pen, room, told) for item in fresh]
    blocks += [_gap(gap, pen) for gap in view.gaps]
    blocks += [_claim(claim, view, pen) for claim in view.claims if claim.status == "verified"]
    blocks += _register(view)
    blocks += _struck(view, pen)
    return tuple(block for block in blocks if block.key not in told)


def fresh_claims(view: CaseView, told: Collection[str]) -> tuple[Claim, ...]:
    """Verified claims that the model has not been told and did not make itself."""
    verified = (c for c in view.claims if c.status == "verified" and not c.id.startswith(_BRAIN))
    return tuple(c for c in verified if _claim_key(c) not in told)


def fresh_own(view: CaseView, told: Collection[str]) -> tuple[Evidence, ...]:
    """Answers to the brain's own reads that the model has not been told."""
    fresh = (item for item in view.evidence if _answer_key(item, view) not in told)
    return tuple(item for item in fresh if _question_of(item, view).startswith(_OWN))


def _case(view: CaseView, pen: Pen) -> Iterator[Block]:
    """The alert and the hypotheses."""
    alert = view.alert
    title = pen.quoted(alert.title, 120)
    marked = title if alert.title == alert.rule.name else f"{UNTRUSTED}{title}"
    groups = pen.text(", ".join(alert.rule.groups), 160)
    about = [f"{view.alert_class} {marked}", f"at {_stamp(alert.time)}"]
    about += [f"now {_stamp(view.now)}"] if view.now else []
    about += [f"vendor says {pen.text(alert.vendor_severity, 40)}"] if alert.vendor_severity else []
    yield Block(f"{view.subject} alert", "; ".join([*about, groups] if groups else about))
    yield Block(f"{view.subject} $.alert", "; ".join(_field(field, pen) for field in _telling(view)))
    for index, field in enumerate(view.alert.decoded):
        yield Block(f"{view.subject} $.decoded[{index}].value", f"decoded from {_field(field, pen, DECODED)}")
    strong = [item.reason for item in view.contributions if abs(item.weight) >= _STRONG]
    if strong:
        yield Block("alert alone", pen.text("; ".join(strong), 300))
    for hypothesis in view.hypotheses:
        yield Block(f"H {hypothesis.id}", f"({hypothesis.kind}) {hypothesis.text}")


def _telling(view: CaseView) -> Iterator[AlertField]:
    """Fields worth telling."""
    seen: set[str] = set()
    for field in view.alert.fields:
        value = str(field.value)
        if field.name in _TOLD_ALREADY or (value in seen and field.name.startswith(("file.", "event."))):
            continue
        seen.add(value)
        yield field


def _field(field: AlertField, pen: Pen, clip: int = 400) -> str:
    value: JsonValue = [*field.value] if isinstance(field.value, tuple) else field.value
    masked = mask_object({field.name: value})[field.name]
    return f"{field.name}={pen.value(masked, trusted=field.provenance.trusted, clip=clip)}"


def _questions(view: CaseView, pen: Pen) -> Iterator[Block]:
    """What can be asked, and before the first round what will be asked anyway."""
    own = {question.id for question in view.playbook.questions}
    required = [question for question in view.open_questions if question.required and not view.answered]
    if always := [question.id for question in required if question.id not in own]:
        yield Block("Q*", ", ".join(always))
    for question in view.open_questions:
        if not question.required or (question in required and question.id in own):
            yield Block(_question_key(question), pen.text(question.asks, 160))


def _answer(item: Evidence, view: CaseView, pen: Pen, room: int, told: Collection[str]) -> Block:
    """What one answer says: what was asked of whom, how it ended, the server's summary, and what is new of it."""
    head = [item.status + (", cut short" if item.truncated else "")]
    head += [_foreign(item) + pen.quoted(item.error or item.summary, 120)]
    shown = _values(item, view, pen, room)
    left = [f"  {shown.left} more rows"] if shown.left and shown.lines else []
    asked = _asked(item, view, pen, told)
    return Block(_answer_key(item, view), "\n".join([asked + ", ".join(head), *shown.lines, *left]))


def _values(item: Evidence, view: CaseView, pen: Pen, room: int) -> Shown:
    """The values of an answer; of a read of the brain's own all that there is room for."""
    said = tuple(_said_of(item, view))
    known = replace(known_of(view.alert), text=" ".join([item.summary, *said]))
    if item.server in _DOCUMENTS:
        return said_in(item, pen, DOCUMENT_ROOM)
    if _question_of(item, view).startswith(_OWN):
        return all_of(masked_rows(item), known, pen, OWN_ROOM)
    return few(item, known, pen, min(room, _room(item, told=bool(said))))


def _room(item: Evidence, *, told: bool) -> int:
    """Most characters of values of an answer; `told`: claims tell of it, which of a register's answer is enough."""
    if told:
        return 0 if item.server in _REGISTERS else TOLD_ROOM
    return ROOM


def _asked(item: Evidence, view: CaseView, pen: Pen, told: Collection[str]) -> str:
    """The sensor, and what was asked where no message said it: the question, or the call of a read of its own."""
    name = _question_of(item, view)
    question = next((question for question in view.playbook.questions if question.id == name), None)
    if name.startswith(_OWN) or name == item.tool:
        return f"{_call(item, pen)} "
    if question is None:
        return ""
    sensor = f"[{question.sensor}] " if question.sensor else ""
    return sensor + ("" if _question_key(question) in told else f"{pen.text(question.asks, 160)} ")


def _question_key(question: Question) -> str:
    return f"Q{'*' if question.required else ''} {question.id}"


def _said_of(item: Evidence, view: CaseView) -> Iterator[str]:
    """What the claims on an answer say."""
    for claim in view.claims:
        if item.id in {ref.evidence for ref in _refs(claim)}:
            yield claim.text


def _refs(claim: Claim) -> Iterator[Ref]:
    yield from claim.slots.values()
    yield from (claim.first, claim.second) if isinstance(claim, Before | SameEntity) else (claim.ref,)


def _call(item: Evidence, pen: Pen) -> str:
    """The call of a read that no question of ours makes."""
    arguments = json.dumps(mask_object(item.arguments), ensure_ascii=False, separators=(",", ":"))
    return f"{item.tool} {pen.text(arguments, 240)}"


def _foreign(item: Evidence) -> str:
    """The mark of a summary that a server wrote which is not one of ours."""
    return "" if is_ours(item.server) else UNTRUSTED


def _gap(gap: Gap, pen: Pen) -> Block:
    return Block(f"G {gap.sensor}", pen.quoted(gap.reason, 120))


def _claim(claim: Claim, view: CaseView, pen: Pen) -> Block:
    """A verified claim; what it shows is marked where the finding it bears rests on untrusted text."""
    text = _HASH.sub(r"\1…", claim.text)
    if claim.id.startswith(_BRAIN):
        places = ", ".join(dict.fromkeys(f"{ref.evidence} {ref.path}" for ref in _refs(claim)))
        return Block(
            _claim_key(claim), f"{_mark(_attested(claim, view))}{pen.text(text, SENTENCE)} ({pen.text(places, 160)})"
        )
    worst = max((f.provenance for f in view.findings if f.claim == claim.id), default=Provenance.SENSOR)
    return Block(_claim_key(claim), _mark(worst.trusted) + pen.text(text, SENTENCE))


def _mark(trusted: bool) -> str:
    return "" if trusted else f"{UNTRUSTED} "


def _attested(claim: Claim, view: CaseView) -> bool:
    """Whether every value that a claim of a model's own reads is attested: its finding is the model's either way."""
    evidence = {item.id: item for item in view.evidence}
    return all(ref.evidence in evidence and classes(ref.path, evidence[ref.evidence]).trusted for ref in _refs(claim))


def _register(view: CaseView) -> Iterator[Block]:
    """Whether an entry of the register fits in every dimension: its single claims do not say what is missing."""
    if any(_ENTRY.match(claim.id) for claim in view.claims):
        entire = any(finding.reading.startswith(AUTHORISED_BY) for finding in view.findings)
        told = "an entry fits entirely" if entire else "an entry touches this; none fits entirely"
        yield Block("register", told)


def _struck(view: CaseView, pen: Pen) -> Iterator[Block]:
    """The points of the last decision that do not hold, and why."""
    last = next((decision for decision in reversed(view.decisions) if decision.messages), None)
    for problem in () if last is None else last.problems:
        if problem.startswith(_POINT):
            place, _, why = problem.removeprefix(_POINT).strip().partition(": ")
            yield Block(f"struck point {pen.text(place, 120)}", pen.text(why, 160))


def _question_of(item: Evidence, view: CaseView) -> str:
    """Id of the question that the answer is to; the tool's name where nobody says."""
    return next((question for question, answer in view.answered if answer == item.id), item.tool)


def _answer_key(item: Evidence, view: CaseView) -> str:
    return f"{item.id} {_question_of(item, view)}"


def _claim_key(claim: Claim) -> str:
    return f"C {claim.id}"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def ids(questions: Sequence[Question]) -> str:
    """Ids of questions that a model may choose from, as one text."""
    return ", ".join(question.id for question in questions if not question.required) or "none"
