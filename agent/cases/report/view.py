"""What a page shows of a case, worked out before any template runs: every claim re-run, every hash recomputed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from markupsafe import Markup
from pydantic import JsonValue

from agent.cases.report.json_view import annotated, raw
from agent.cases.report.words import Language
from agent.evidence.claims import by_id, check
from agent.evidence.errors import PathError
from agent.evidence.paths import Location, locate
from agent.evidence.provenance import Declared, classes, declarations, existence
from agent.models import (
    Absent,
    BaseClaim,
    Before,
    Case,
    Claim,
    Contains,
    Count,
    Equals,
    Evidence,
    Provenance,
    Ref,
    SameEntity,
    least_trusted,
)
from agent.wording import localised
from knowledge.trust.canonical import sha256_of

_SHOWN = 8
_SHOWN_OBJECTS = 3
"""Values, and whole objects, of one reference that are shown under a claim."""


@dataclass(frozen=True, slots=True)
class RefView:
    """One place a claim reads, and what is there."""

    role: str
    """`ref`, `first`, `second`, or the name of a slot."""
    evidence: str
    tool: str
    path: str
    provenance: Provenance
    places: tuple[tuple[Location, JsonValue], ...]
    """What is there and where, the first few."""
    declared: Declared
    """Class by location in that evidence."""
    more: int

    @property
    def values(self) -> tuple[Markup, ...]:
        """What is there, as a page shows it."""
        return tuple(annotated(value, at, self.declared)[0] for at, value in self.places)


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim, as it was written and as it is now."""

    claim: Claim
    holds: bool
    """Whether running it again gave the same."""
    text: str
    provenance: Provenance
    refs: tuple[RefView, ...]

    @property
    def state(self) -> Literal["verified", "struck", "no_longer"]:
        """`verified`, `struck` or `no_longer`."""
        if not self.holds:
            return "no_longer"
        return "verified" if self.claim.status == "verified" else "struck"


@dataclass(frozen=True)
class EvidenceView:
    """One answer; what a page shows of it is worked out when it is asked for."""

    item: Evidence
    hash_fits: bool

    @cached_property
    def _shown(self) -> tuple[Markup, int]:
        return annotated(self.item.data, (), declarations(self.item))

    @property
    def data(self) -> Markup:
        """The data with the class of every value."""
        return self._shown[0]

    @property
    def left_out(self) -> int:
        """Values that are in the raw JSON alone."""
        return self._shown[1]

    @property
    def raw(self) -> str:
        """The data as JSON."""
        return raw(self.item.data)

    @property
    def arguments(self) -> str:
        """What was asked, as JSON."""
        return raw(self.item.arguments)


@dataclass(frozen=True, slots=True)
class Checked:
    """What re-verification found while the page was written."""

    claims: tuple[ClaimView, ...]
    evidence: tuple[EvidenceView, ...]

    @property
    def verified(self) -> int:
        """Claims that were re-run and hold."""
        return sum(view.state == "verified" for view in self.claims)

    @property
    def struck(self) -> int:
        """Claims that were struck when the case was written."""
        return sum(view.state == "struck" for view in self.claims)

    @property
    def hashes(self) -> int:
        """Evidence whose data fits its hash."""
        return sum(view.hash_fits for view in self.evidence)

    @property
    def whole(self) -> bool:
        """Whether everything still holds."""
        return self.hashes == len(self.evidence) and all(view.holds for view in self.claims)


def look_again(case: Case, language: Language = "en") -> Checked:
    """Re-run every claim and recompute every hash of the case. What holds is said in `language`."""
    evidence = by_id(case.evidence)
    claims = case.report.claims if case.report else ()
    return Checked(
        tuple(_claim(claim, evidence, language) for claim in claims), tuple(_evidence(item) for item in case.evidence)
    )


def references(claim: Claim) -> Iterator[tuple[str, Ref]]:
    """Every place a claim reads, with the part it plays."""
    match claim:
        case Equals() | Count() | Contains() | Absent():
            yield "ref", claim.ref
        case Before() | SameEntity():
            yield "first", claim.first
            yield "second", claim.second
    yield from _slots(claim)


def _slots(claim: BaseClaim) -> Iterator[tuple[str, Ref]]:
    yield from claim.slots.items()


def read_ref(role: str, ref: Ref, evidence: Mapping[str, Evidence], *, counted: bool = False) -> RefView:
    """What is at a place of the evidence; `counted` when only how much there is matters, not what it says."""
    if (item := evidence.get(ref.evidence)) is None:
        return RefView(role, ref.evidence, "?", ref.path, Provenance.UNTRUSTED, (), {}, 0)
    try:
        kind = existence(ref.path, item) if counted else classes(ref.path, item)
        found = locate(ref.path, item.data)
    except PathError:
        return RefView(role, ref.evidence, item.tool, ref.path, Provenance.UNTRUSTED, (), {}, 0)
    most = _SHOWN_OBJECTS if any(isinstance(value, dict | list) for _, value in found) else _SHOWN
    more = max(len(found) - most, 0)
    return RefView(role, ref.evidence, item.tool, ref.path, kind, tuple(found[:most]), declarations(item), more)


def _claim(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> ClaimView:
    again = check(claim, evidence)
    counting = isinstance(claim, Count | Absent)
    refs = tuple(read_ref(role, ref, evidence, counted=counting and role == "ref") for role, ref in references(claim))
    text = _text(claim, evidence, language) if again == claim else claim.text or claim.template
    return ClaimView(claim, again == claim, text, least_trusted(*(ref.provenance for ref in refs)), refs)


def _text(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> str:
    """What the claim says, in that language; a struck one shows what it would have said."""
    said = claim if language == "en" else check(claim, evidence, language)
    return said.text or localised(claim.template, language)


def _evidence(item: Evidence) -> EvidenceView:
    return EvidenceView(item, sha256_of(item.data) == item.sha256)
