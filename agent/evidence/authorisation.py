"""Was it authorised? A register entry fits only when actor, source, target, time and technique all do.

Each dimension is a claim of its own over the register's answer and the alert, so that the fit can be re-run. The
alert's side must be attested by a sensor: an account name somebody typed proves nothing about who they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.evidence.claims import check
from agent.evidence.entities import moment_of
from agent.evidence.near_misses import LISTS, NAMED, TECHNIQUES, Compared, notes
from agent.models import (
    Absent,
    Alert,
    Before,
    Claim,
    Contains,
    Equals,
    Evidence,
    Finding,
    Hypothesis,
    Provenance,
    Ref,
    SameEntity,
)
from agent.playbooks.format import Authorisation

AUTHORISED_BY = "authorised_by_"
"""Start of the reading ids of an entry that fits."""
_FIT_WEIGHT = 1.0
_COVERED = "Register entry {entry} authorises {named}, which covers the alert's {wanted}."


@dataclass(frozen=True, slots=True)
class Fit:
    """One register entry held against the alert."""

    work_id: str
    techniques: tuple[str, ...]
    claims: tuple[Claim, ...]
    """One per dimension, checked."""
    misses: tuple[str, ...]
    """Dimensions that do not fit."""
    notes: tuple[Claim, ...] = ()
    """What the entry says otherwise, or leaves open: shown, and weighing nothing."""

    @property
    def complete(self) -> bool:
        """Whether every dimension fits, with every claim verified."""
        return not self.misses and all(claim.status == "verified" for claim in self.claims)

    def covers(self, technique: str) -> bool:
        """Whether the entry names the technique or its parent."""
        return _covers(self.techniques, technique)


def fits(
    authorisation: Authorisation | None, answer: Evidence | None, alert: Alert, subject: Evidence
) -> tuple[Fit, ...]:
    """Every entry of the register's answer held against the alert; `subject` is the alert as evidence."""
    if authorisation is None or answer is None or answer.status != "success" or not isinstance(answer.data, dict):
        return ()
    work = answer.data.get("work")
    entries = work if isinstance(work, list) else []
    return tuple(
        _fit(authorisation, answer, index, entry, alert, subject)
        for index, entry in enumerate(entries)
        if isinstance(entry, dict)
    )


def _fit(
    authorisation: Authorisation,
    answer: Evidence,
    index: int,
    entry: Mapping[str, JsonValue],
    alert: Alert,
    subject: Evidence,
) -> Fit:
    evidence = {answer.id: answer, subject.id: subject}
    claims: list[Claim] = []
    misses: list[str] = []
    listed = entry.get("techniques")
    techniques = tuple(str(item) for item in listed) if isinstance(listed, list) else ()
    asked = _asked(authorisation, entry, alert)
    for dimension, claim, trusted in _dimensions(authorisation, asked, answer.id, index, techniques, alert, subject):
        checked = check(claim, evidence)
        if checked.status != "verified" or not trusted:
            misses.append(dimension)
        else:
            claims.append(checked)
    compared = Compared(answer.id, index, entry, alert, subject)
    uncovered = tuple(technique for technique in alert.techniques if not _covers(techniques, technique))
    said = (
        next((held for claim in choices if (held := check(claim, evidence)).status == "verified"), None)
        for choices in notes(compared, asked, misses, authorisation.techniques, uncovered)
    )
    shown = tuple(claim for claim in said if claim is not None)
    return Fit(str(entry.get("id")), techniques, tuple(claims), tuple(misses), shown)


def _asked(authorisation: Authorisation, entry: Mapping[str, JsonValue], alert: Alert) -> dict[str, str]:
    """Dimension to the alert field that has to be named: those of the class, and those the entry limits itself to."""
    asked = {"actor": authorisation.actor, "source": authorisation.source, "target": authorisation.target}
    for dimension, name in NAMED.items():
        field = alert.field(name)
        if asked[dimension] is None and entry.get(LISTS[dimension]) and field is not None and field.provenance.trusted:
            asked[dimension] = name
    return {dimension: name for dimension, name in asked.items() if name is not None}


def _dimensions(
    authorisation: Authorisation,
    asked: Mapping[str, str],
    answer_id: str,
    index: int,
    techniques: tuple[str, ...],
    alert: Alert,
    subject: Evidence,
) -> Iterator[tuple[str, Claim, bool]]:
    """Dimension, the claim it needs, and whether the alert's side of it is attested."""
    path = f"$.work[{index}]"
    entry = Ref(evidence=answer_id, path=f"{path}.id")
    happened = Ref(evidence=subject.id, path="$.alert['@timestamp']")

    def ref(field: str) -> Ref:
        return Ref(evidence=answer_id, path=f"{path}.{field}")

    for dimension, name in asked.items():
        claim = SameEntity(
            id=f"work.{index}.{dimension}",
            template=f"Register entry {{entry}} names the {dimension} {{second}}.",
            slots={"entry": entry},
            first=ref(f"{LISTS[dimension]}[*]"),
            second=Ref(evidence=subject.id, path=f"$.alert['{name}']"),
        )
        yield dimension, claim, _is_attested(alert, name)
    start = Before(
        id=f"work.{index}.start",
        template="Its window opens at {first}, before the event at {second}.",
        first=ref("window_start"),
        second=happened,
    )
    end = Before(
        id=f"work.{index}.end",
        template="The event at {first} lies before the window closes at {second}.",
        first=happened,
        second=ref("window_end"),
    )
    is_its_time = _is_the_time(alert, subject)
    yield "time", start, is_its_time
    yield "time", end, is_its_time
    named = next((technique for technique in techniques if _names(authorisation, technique)), "")
    told = Compared(answer_id, index, {}, alert, subject)
    covered = Contains(
        id=f"work.{index}.technique",
        template=_COVERED if told.values(TECHNIQUES) else "Register entry {entry} authorises {value}.",
        slots={"entry": entry, "named": ref("techniques[*]"), "wanted": told.told(TECHNIQUES)},
        ref=ref("techniques"),
        value=named or authorisation.techniques[0],
    )
    yield "technique", covered, all(_covers(techniques, technique) for technique in alert.techniques)
    standing = Equals(
        id=f"work.{index}.standing",
        template="Register entry {entry} has not been revoked.",
        slots={"entry": entry},
        ref=ref("revoked"),
        value=False,
    )
    yield "revoked", standing, True


def _covers(techniques: Sequence[str], technique: str) -> bool:
    return any(technique == named or technique.startswith(f"{named}.") for named in techniques)


def _is_attested(alert: Alert, name: str) -> bool:
    """Whether a sensor says who or what it was, and says one thing only."""
    field = alert.field(name)
    several = field.value if field is not None and isinstance(field.value, tuple) else ()
    return field is not None and field.provenance.trusted and len(set(several)) <= 1


def _is_the_time(alert: Alert, subject: Evidence) -> bool:
    """Whether the time that the window is held against is the one the investigation looked around."""
    told = subject.data.get("alert") if isinstance(subject.data, dict) else None
    return isinstance(told, dict) and moment_of(told.get("@timestamp")) == alert.time


def _names(authorisation: Authorisation, technique: str) -> bool:
    return any(wanted == technique or wanted.startswith(f"{technique}.") for wanted in authorisation.techniques)


def read_work(
    held: Sequence[Fit], answer: Evidence | None, hypotheses: Sequence[Hypothesis]
) -> tuple[list[Claim], list[Finding]]:
    """Claims and findings about the register: the entry that fits, the near misses, or that there is none."""
    if answer is None or answer.status not in ("success", "no_data"):
        return [], []
    complete = next((fit for fit in held if fit.complete), None)
    if complete is not None:
        shown = [*complete.claims, *complete.notes]
        return shown, [_fit_finding(claim, complete, hypotheses) for claim in complete.claims]
    if held or answer.truncated:
        return [claim for fit in held for claim in (*fit.claims, *fit.notes)], []
    claim = check(
        Absent(
            id="work.none",
            template="The register of authorised work has no entry that touches this alert.",
            ref=Ref(evidence=answer.id, path="$.work[*]"),
        ),
        {answer.id: answer},
    )
    weights = {hypothesis.id: -1.0 for hypothesis in hypotheses if hypothesis.kind == "authorised"}
    finding = Finding(
        claim=claim.id,
        question="work",
        reading="no_entry",
        weights=weights,
        provenance=Provenance.OPERATOR,
        sensors=("register",),
    )
    return [claim], [finding]


def _fit_finding(claim: Claim, fit: Fit, hypotheses: Sequence[Hypothesis]) -> Finding:
    weights = {hypothesis.id: _FIT_WEIGHT for hypothesis in hypotheses if hypothesis.kind == "authorised"}
    return Finding(
        claim=claim.id,
        question="work",
        reading=f"{AUTHORISED_BY}{fit.work_id}",
        weights=weights,
        provenance=Provenance.SENSOR,
        sensors=("register",),
    )
