"""What a register entry says beside what fits: whom or what it names instead, and what it leaves open.

An entry that nearly fits is where an attacker hides, and where an analyst phones the approver. Each thing it says
otherwise is a claim of its own that weighs nothing: only an entry that fits in everything does.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.investigation.values import comparable, literal
from agent.models import Absent, Alert, Before, Claim, Equals, Evidence, Ref, SameEntity, Scalar

LISTS: Final = {"actor": "accounts", "source": "source_addresses", "target": "hosts"}
"""Dimension to the entry's list of what it allows."""
NAMED: Final = {"actor": "user.name", "source": "source.ip", "target": "host.name"}
"""Where an alert tells a dimension that its class does not ask for, but the entry does."""
TECHNIQUES: Final = "threat.technique.id"

_OTHER: Final = {
    "actor": "Register entry {entry} names the actor {named}, not {wanted}, so it does not authorise this.",
    "source": "Register entry {entry} names the source {named}, not {wanted}, so it does not authorise this.",
    "target": "Register entry {entry} names the target {named}, not {wanted}, so it does not authorise this.",
}
_NONE: Final = {
    "actor": "Register entry {entry} names no actor, so it does not authorise this.",
    "source": "Register entry {entry} names no source, so it does not authorise this.",
    "target": "Register entry {entry} names no target, so it does not authorise this.",
}
_UNTOLD: Final = {
    "actor": "Register entry {entry} names the actor {named}; the alert names none, so it does not authorise this.",
    "source": "Register entry {entry} names the source {named}; the alert names none, so it does not authorise this.",
    "target": "Register entry {entry} names the target {named}; the alert names none, so it does not authorise this.",
}
_UNATTESTED: Final = {
    "actor": "Register entry {entry} names the actor {second}, which no sensor attests, so it does not authorise this.",
    "source": "Register entry {entry} names the source {second}, which no sensor attests, "
    "so it does not authorise this.",
    "target": "Register entry {entry} names the target {second}, which no sensor attests, "
    "so it does not authorise this.",
}
_UNASKED: Final = {
    "actor": "Register entry {entry} names the actor {named}; the alert names none, "
    "and its class does not ask for one.",
    "source": "Register entry {entry} names the source {named}; the alert names none, "
    "and its class does not ask for one.",
    "target": "Register entry {entry} names the target {named}; the alert names none, "
    "and its class does not ask for one.",
}
_OPEN: Final = {
    "actor": "Register entry {entry} names no actor, and this class of alert does not ask for one.",
    "source": "Register entry {entry} names no source, and this class of alert does not ask for one.",
    "target": "Register entry {entry} names no target, and this class of alert does not ask for one.",
}
_TOO_EARLY: Final = "The event at {first} lies before its window opens at {second}, so it does not authorise this."
_TOO_LATE: Final = "Its window closed at {first}, before the event at {second}, so it does not authorise this."
_NO_TECHNIQUE: Final = "Register entry {entry} names no technique, so it does not authorise this."
_OTHER_TECHNIQUE: Final = "Register entry {entry} authorises {named}, not {wanted}, so it does not authorise this."
_OTHER_CLASS: Final = (
    "Register entry {entry} authorises {named}, which is not what this class of alert asks for, "
    "so it does not authorise this."
)
_REVOKED: Final = "Register entry {entry} has been revoked, so it does not authorise this."


@dataclass(frozen=True, slots=True)
class Compared:
    """One entry of the register's answer beside the alert."""

    answer: str
    """Evidence id of the register's answer."""
    index: int
    entry: Mapping[str, JsonValue]
    alert: Alert
    subject: Evidence
    """The alert as evidence."""

    def at(self, member: str) -> Ref:
        """A place in the entry."""
        return Ref(evidence=self.answer, path=f"$.work[{self.index}].{member}")

    def told(self, field: str) -> Ref:
        """A field of the alert, each of its values when it has several."""
        return Ref(evidence=self.subject.id, path=f"$.alert['{field}']" + ("[*]" if self._is_list(field) else ""))

    def told_of(self, field: str, values: Sequence[str]) -> Ref:
        """Those of a field's values."""
        if not self._is_list(field):
            return self.told(field)
        return Ref(evidence=self.subject.id, path=f"$.alert['{field}'][?{_any_of(values)}]")

    def values(self, field: str) -> tuple[Scalar, ...]:
        """What the alert says in that field."""
        found = self.alert.field(field)
        if found is None:
            return ()
        return found.value if isinstance(found.value, tuple) else (found.value,)

    def _is_list(self, field: str) -> bool:
        told = self.subject.data.get("alert") if isinstance(self.subject.data, dict) else None
        return isinstance(told, dict) and isinstance(told.get(field), list)


Choices = tuple[Claim, ...]
"""Ways of saying one thing: the first that holds is said."""


def notes(
    compared: Compared,
    asked: Mapping[str, str],
    missed: Collection[str],
    techniques: Sequence[str],
    uncovered: Sequence[str],
) -> Iterator[Choices]:
    """What the entry says otherwise or leaves open, to be checked.

    `asked`: dimension to the alert's field that has to be named; `missed`: dimensions that do not fit; `techniques`:
    those that the alert's class asks for; `uncovered`: those of the alert that the entry does not authorise."""
    for dimension in LISTS:
        field = asked.get(dimension)
        if field is None:
            yield _left_open(compared, dimension)
        elif dimension in missed:
            yield _missed(compared, dimension, field)
    if "time" in missed:
        yield _mistimed(compared)
    if "technique" in missed:
        yield _untaught(compared, techniques, uncovered)
    if "revoked" in missed:
        yield (_revoked(compared),)


def _left_open(compared: Compared, dimension: str) -> Choices:
    """A dimension that decides nothing here, because neither the class nor the alert asks for it."""
    listed, field = LISTS[dimension], NAMED[dimension]
    if not compared.entry.get(listed):
        return (_absent(compared, f"{dimension}_open", _OPEN[dimension], compared.at(f"{listed}[*]")),)
    return (_absent(compared, f"{dimension}_unasked", _UNASKED[dimension], compared.told(field), listed),)


def _missed(compared: Compared, dimension: str, field: str) -> Choices:
    listed = LISTS[dimension]
    told = compared.told(field)
    values = compared.values(field)
    same = SameEntity(
        id=_id(compared, f"{dimension}_unattested"),
        template=_UNATTESTED[dimension],
        slots={"entry": compared.at("id")},
        first=compared.at(f"{listed}[*]"),
        second=told,
    )
    nobody = _absent(compared, f"{dimension}_none", _NONE[dimension], compared.at(f"{listed}[*]"))
    untold = _absent(compared, f"{dimension}_untold", _UNTOLD[dimension], told, listed)
    if not values:
        return (nobody, untold)
    place = compared.at(f"{listed}[?{_any_of(values)}]")
    other = _absent(compared, f"{dimension}_other", _OTHER[dimension], place, listed, {"wanted": told})
    return (nobody, same, other)


def _mistimed(compared: Compared) -> Choices:
    happened = Ref(evidence=compared.subject.id, path="$.alert['@timestamp']")
    opens, closed = compared.at("window_start"), compared.at("window_end")
    return (
        Before(id=_id(compared, "over"), template=_TOO_LATE, first=closed, second=happened),
        Before(id=_id(compared, "not_yet"), template=_TOO_EARLY, first=happened, second=opens),
    )


def _untaught(compared: Compared, techniques: Sequence[str], uncovered: Sequence[str]) -> Choices:
    listed = "techniques"
    nothing = _absent(compared, "technique_none", _NO_TECHNIQUE, compared.at(f"{listed}[*]"))
    of_class = compared.at(f"{listed}[?{_any_of(techniques)}]")
    other_class = _absent(compared, "technique_other", _OTHER_CLASS, of_class, listed)
    if not uncovered:
        return (nothing, other_class)
    wanted = {"wanted": compared.told_of(TECHNIQUES, uncovered)}
    place = compared.at(f"{listed}[?{_any_of(uncovered)}]")
    return (nothing, _absent(compared, "technique_other", _OTHER_TECHNIQUE, place, listed, wanted), other_class)


def _revoked(compared: Compared) -> Claim:
    entry, revoked = compared.at("id"), compared.at("revoked")
    return Equals(id=_id(compared, "revoked"), template=_REVOKED, slots={"entry": entry}, ref=revoked, value=True)


def _absent(
    compared: Compared, what: str, template: str, ref: Ref, listed: str = "", more: Mapping[str, Ref] | None = None
) -> Claim:
    slots = {"entry": compared.at("id")} | ({"named": compared.at(f"{listed}[*]")} if listed else {}) | dict(more or {})
    return Absent(id=_id(compared, what), template=template, slots=slots, ref=ref)


def _id(compared: Compared, what: str) -> str:
    return f"work.{compared.index}.{what}"


def _any_of(values: Sequence[Scalar]) -> str:
    """A filter on being one of the values; what cannot stand in a path is none of them."""
    return " || ".join(f"@=={literal(value)}" for value in values if comparable(value)) or "false==true"
