"""Building what an intent says: claims over answers, left out where an answer has nothing to show."""

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from agent.conversation.models import Entity, Referents, Window
from agent.conversation.protocol import CouldNotLook, Fact, Quote, Said, Understood
from agent.evidence.errors import PathError
from agent.evidence.paths import select
from agent.evidence.text import CLIP
from agent.models import Absent, Claim, Count, Equals, Evidence, Ref, Scalar
from agent.wording import Language, localised

Slots = Mapping[str, str | Ref]
"""Slot to the path in the same answer, or to a place in another."""
_FAILED: Final = ("error", "refused", "stale")
NOT_ANSWERED: Final = "I could not ask this: {reason}."
Saying = Said | None


def path(*parts: str | int) -> str:
    """A JSONPath to one place: member names quoted, indexes as they are."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f"['{_escaped(part)}']" for part in parts)


def where(rows: str, member: str, value: str) -> str:
    """A JSONPath to the rows whose member is `value`."""
    return f"$['{rows}'][?@['{_escaped(member)}']=='{_escaped(value)}']"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def found(evidence: Evidence, at: str) -> list[JsonValue]:
    """What a path selects; nothing where it cannot be followed."""
    try:
        return select(at, evidence.data)
    except PathError:
        return []


def equals(evidence: Evidence, template: str, at: str, slots: Slots | None = None) -> Fact | None:
    """The one value at a place, told; None when there is none or a slot has nothing to show."""
    values = found(evidence, at)
    if len(values) != 1 or not isinstance(values[0], str | int | float | bool) or values[0] == "":
        return None
    refs = _refs(evidence, slots or {})
    if refs is None:
        return None
    value: Scalar = values[0]
    return _fact(Equals(id=_id(evidence, at), template=template, slots=refs, ref=_ref(evidence, at), value=value))


def counted(evidence: Evidence, template: str, at: str, slots: Slots | None = None) -> Fact | None:
    """How many there are at a place; None when there is none."""
    values = found(evidence, at)
    refs = _refs(evidence, slots or {})
    if not values or refs is None:
        return None
    ref = _ref(evidence, at)
    return _fact(Count(id=_id(evidence, at), template=template, slots=refs, ref=ref, value=len(values)))


def nothing(evidence: Evidence, template: str, at: str, slots: Mapping[str, Ref] | None = None) -> Said | None:
    """That an answer looked and has nothing at a place; that it could not look; None when it has something."""
    if evidence.status in ("error", "refused"):
        return CouldNotLook(evidence.id, NOT_ANSWERED)
    if evidence.status == "stale" or found(evidence, at):
        return None
    return _fact(Absent(id=_id(evidence, at), template=template, slots=dict(slots or {}), ref=_ref(evidence, at)))


def unanswered(evidence: Evidence, template: str = NOT_ANSWERED) -> CouldNotLook | None:
    """Why an answer brought nothing; None when it did."""
    return CouldNotLook(evidence.id, template) if evidence.status in _FAILED else None


def line(evidence: Evidence, template: str, lead: str, at: str) -> Saying:
    """A text of an answer as a sentence, `{value}` in the template; quoted after `lead` when it is too long for one."""
    values = found(evidence, at)
    if len(values) != 1 or not isinstance(values[0], str) or not values[0].strip():
        return None
    if len(values[0]) <= CLIP:
        return equals(evidence, template, at)
    return Quote(_ref(evidence, at), lead)


def quote(evidence: Evidence, lead: str, at: str) -> Quote | None:
    """A text of an answer, word for word; None when it has none."""
    return Quote(_ref(evidence, at), lead) if any(isinstance(value, str) for value in found(evidence, at)) else None


def told(*parts: Saying | Iterable[Saying]) -> tuple[Said, ...]:
    """What there is to say, in order, without what is missing."""
    flat: list[Said] = []
    for part in parts:
        if isinstance(part, Fact | CouldNotLook | Quote) or (part is not None and not isinstance(part, Iterable)):
            flat.append(part)
        elif part is not None:
            flat.extend(item for item in part if item is not None)
    return tuple(flat)


def asks(language: Language, template: str, **values: str) -> str:
    """A question to ask next, in the reader's language."""
    return localised(template, language).format(**values)


def about(
    question: Understood,
    referents: Referents,
    intent: str,
    *,
    entities: Iterable[Entity] = (),
    listed: Iterable[Entity] = (),
    window: Window | None = None,
) -> Referents:
    """What later questions may refer to: the question's own things first, then what the answer brought, then the
    rest."""
    by_type: dict[str, Entity] = {}
    said = [entity for entity in question.entities if entity.said]
    for entity in (*said, *entities, *question.entities, *referents.entities):
        by_type.setdefault(entity.type, entity)
    return referents.model_copy(
        update={
            "entities": tuple(by_type.values()),
            "listed": tuple(listed),
            "window": window or question.window or referents.window,
            "intent": intent,
            "filters": question.filters,
            "subjects": tuple(said),
            "span": question.window,
        }
    )


def _refs(evidence: Evidence, slots: Slots) -> dict[str, Ref] | None:
    refs = {name: slot if isinstance(slot, Ref) else _ref(evidence, slot) for name, slot in slots.items()}
    own = (ref.path for ref in refs.values() if ref.evidence == evidence.id)
    return refs if all(any(value is not None for value in found(evidence, at)) for at in own) else None


def _ref(evidence: Evidence, at: str) -> Ref:
    return Ref(evidence=evidence.id, path=at)


def _id(evidence: Evidence, at: str) -> str:
    return f"{evidence.id}{at}"


def _fact(claim: Claim) -> Fact:
    return Fact(claim)
