"""Authorised means: actor, source, target, time and technique all fit, and the alert's side is attested."""

from datetime import UTC, datetime

import pytest

from agent.evidence.authorisation import Fit, fits, read_work
from agent.evidence.ledger import Ledger
from agent.intake import parse
from agent.models import Evidence, EvidenceStatus, Hypothesis, JsonObject, Provenance
from agent.playbooks.format import Authorisation

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = Authorisation(actor="user.name", source="source.ip", target="host.name", techniques=("T1021.002",))
ENTRY: JsonObject = {
    "id": "WRK-1",
    "kind": "change",
    "accounts": ["kim"],
    "source_addresses": ["192.0.2.1"],
    "hosts": ["srv-1", "srv-2"],
    "techniques": ["T1021.002"],
    "window_start": "2026-03-02T11:00:00Z",
    "window_end": "2026-03-02T13:00:00Z",
    "revoked": False,
}
HYPOTHESES = (
    Hypothesis(id="attack", kind="malicious", text="an attack"),
    Hypothesis(id="allowed", kind="authorised", text="allowed work"),
)


def held(
    *entries: JsonObject, rule: Authorisation | None = RULE, status: EvidenceStatus = "success", **changed: str | None
) -> tuple[tuple[Fit, ...], Evidence]:
    """The entries held against an alert of kim on srv-1 from 192.0.2.1 at noon, its fields changed or taken out."""
    fields: dict[str, str | None] = {"user.name": "kim", "source.ip": "192.0.2.1", "host.name": "srv-1"} | changed
    present: JsonObject = {name: value for name, value in fields.items() if value is not None}
    raw: JsonObject = {"@timestamp": NOON.isoformat(), "kibana.alert.rule.name": "r", **present}
    alert = parse(raw, world="lab", ordinal=1)
    ledger = Ledger()
    subject = ledger.from_alert(alert, backend="embedded")
    answer = ledger.add(
        server="assets",
        tool="assets_list_authorised_work",
        arguments={},
        asked_at=NOON,
        status=status,
        summary="",
        backend="embedded",
        data={"work": list(entries)},
        provenance={"$.work": Provenance.OPERATOR},
    )
    return fits(rule, answer, alert, subject), answer


def test_entry_that_fits_in_everything_is_complete() -> None:
    """The one case in which the register speaks."""
    (fit,), _ = held(ENTRY)

    assert (fit.work_id, fit.complete, fit.misses) == ("WRK-1", True, ())
    assert {claim.status for claim in fit.claims} == {"verified"}


@pytest.mark.parametrize(
    ("dimension", "change"),
    [
        ("actor", {"accounts": ["lee"]}),
        ("actor", {"accounts": []}),
        ("source", {"source_addresses": ["192.0.2.2"]}),
        ("source", {"source_addresses": []}),
        ("target", {"hosts": ["srv-3"]}),
        ("time", {"window_start": "2026-03-02T12:00:01Z"}),
        ("time", {"window_end": "2026-03-02T11:59:59Z"}),
        ("time", {"window_end": None}),
        ("technique", {"techniques": ["T1190"]}),
        ("technique", {"techniques": []}),
        ("revoked", {"revoked": True}),
        ("revoked", {"revoked": None}),
    ],
)
def test_entry_that_misses_one_thing_does_not_authorise(dimension: str, change: JsonObject) -> None:
    """Attackers work beside authorised work: the wrong account, host or hour is how one tells them apart."""
    (fit,), _ = held({**ENTRY, **change})

    assert not fit.complete
    assert set(fit.misses) == {dimension}


@pytest.mark.parametrize("name", ["user.name", "source.ip", "host.name"])
def test_dimension_that_the_alert_does_not_have_does_not_fit(name: str) -> None:
    """An alert without an account is not by whoever the entry names."""
    (fit,), _ = held(ENTRY, **{name: None})

    assert not fit.complete


def test_name_that_somebody_typed_does_not_fit() -> None:
    """Anybody can type the name of an authorised account."""
    typed = RULE.model_copy(update={"actor": "user.attempted_name"})
    (fit,), _ = held(ENTRY, rule=typed, **{"user.attempted_name": "kim"})

    assert fit.misses == ("actor",)


def test_parent_technique_covers_its_children_only() -> None:
    """Permission for one technique is no permission for the next step of an attack."""
    (fit,), _ = held({**ENTRY, "techniques": ["T1021"]})

    assert fit.complete
    assert fit.covers("T1021.002")
    assert not fit.covers("T1003")
    assert not fit.covers("T10210")


@pytest.mark.parametrize("status", ["error", "refused", "stale"])
def test_register_that_did_not_answer_authorises_nothing(status: EvidenceStatus) -> None:
    """An answer that is old or failed may hide a revocation."""
    found, answer = held(ENTRY, status=status)

    assert found == ()
    assert read_work(found, answer, HYPOTHESES) == ([], [])


def test_class_without_an_authorisation_is_never_authorised() -> None:
    """Some things nobody may allow by an entry."""
    assert held(ENTRY, rule=None)[0] == ()


def test_empty_register_speaks_against_authorisation() -> None:
    """That nobody announced this work is a finding of its own, with a claim that says so."""
    found, answer = held()
    claims, findings = read_work(found, answer, HYPOTHESES)

    assert [claim.status for claim in claims] == ["verified"]
    assert findings[0].weights == {"allowed": -1.0}


def test_near_miss_is_shown_and_weighs_nothing() -> None:
    """The analyst should see the entry that nearly fits; the score should not."""
    found, answer = held({**ENTRY, "accounts": ["lee"]})
    claims, findings = read_work(found, answer, HYPOTHESES)

    assert claims
    assert findings == []


def test_entry_that_fits_counts_only_for_the_authorised_hypothesis() -> None:
    """It says why somebody did it, not that it is harmless."""
    found, answer = held({**ENTRY, "id": "WRK-0", "accounts": ["lee"]}, ENTRY)
    claims, findings = read_work(found, answer, HYPOTHESES)

    assert {finding.reading for finding in findings} == {"authorised_by_WRK-1"}
    assert all(set(finding.weights) == {"allowed"} for finding in findings)
    assert len(claims) == len(findings)
