"""What a page shows of a case, worked out before any template runs: every claim re-run, every hash recomputed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from agent.cases.report.json_view import annotated, raw
from agent.evidence.claims import by_id, check
from agent.evidence.errors import PathError
from agent.evidence.paths import locate
from agent.evidence.provenance import classes, declarations, existence
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
    values: tuple[Markup, ...]
    more: int


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
    def state(self) -> str:
        """`verified`, `struck` or `no_longer`."""
        if not self.holds:
            return "no_longer"
        return "verified" if self.claim.status == "verified" else "struck"


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One answer."""

    item: Evidence
    hash_fits: bool
    data: Markup
    left_out: int
    raw: str
    arguments: str


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


def look_again(case: Case) -> Checked:
    """Re-run every claim and recompute every hash of the case."""
    evidence = by_id(case.evidence)
    claims = case.report.claims if case.report else ()
    return Checked(tuple(_claim(claim, evidence) for claim in claims), tuple(_evidence(item) for item in case.evidence))


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


def _claim(claim: Claim, evidence: Mapping[str, Evidence]) -> ClaimView:
    again = check(claim, evidence)
    refs = tuple(_ref(role, ref, evidence.get(ref.evidence), claim) for role, ref in references(claim))
    text = claim.text or claim.template
    return ClaimView(claim, again == claim, text, least_trusted(*(ref.provenance for ref in refs)), refs)


def _ref(role: str, ref: Ref, item: Evidence | None, claim: Claim) -> RefView:
    if item is None:
        return RefView(role, ref.evidence, "?", ref.path, Provenance.UNTRUSTED, (), 0)
    counted = role == "ref" and isinstance(claim, Count | Absent)
    try:
        kind = existence(ref.path, item) if counted else classes(ref.path, item)
        found = locate(ref.path, item.data)
    except PathError:
        return RefView(role, ref.evidence, item.tool, ref.path, Provenance.UNTRUSTED, (), 0)
    declared = declarations(item)
    most = _SHOWN_OBJECTS if any(isinstance(value, dict | list) for _, value in found) else _SHOWN
    values = tuple(annotated(value, at, declared)[0] for at, value in found[:most])
    return RefView(role, ref.evidence, item.tool, ref.path, kind, values, max(len(found) - most, 0))


def _evidence(item: Evidence) -> EvidenceView:
    data, left_out = annotated(item.data, (), declarations(item))
    return EvidenceView(item, sha256_of(item.data) == item.sha256, data, left_out, raw(item.data), raw(item.arguments))
