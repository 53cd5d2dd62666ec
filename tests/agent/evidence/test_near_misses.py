"""A register entry that nearly fits says where it does not, and what it leaves open."""

from datetime import UTC, datetime

import pytest

from agent.evidence.authorisation import Fit, fits
from agent.evidence.ledger import Ledger
from agent.intake import parse
from agent.models import JsonObject, Provenance
from agent.playbooks.format import Authorisation

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = Authorisation(actor="user.name", source="source.ip", techniques=("T1078.004",))
ENTRY: JsonObject = {
    "id": "WRK-1",
    "accounts": ["kim"],
    "source_addresses": ["192.0.2.1"],
    "hosts": [],
    "techniques": ["T1078.004", "T1550"],
    "window_start": "2026-03-02T11:00:00Z",
    "window_end": "2026-03-02T13:00:00Z",
    "revoked": False,
}
SO = "so it does not authorise this."


def fit_of(rule: Authorisation = RULE, alert: JsonObject | None = None, **changed: object) -> Fit:
    """The entry, changed, held against an alert of kim from 192.0.2.1 at noon with two techniques."""
    fields: JsonObject = {
        "user.name": "kim",
        "source.ip": "192.0.2.1",
        "threat.technique.id": ["T1078.004", "T1550"],
        **(alert or {}),
    }
    present: JsonObject = {name: value for name, value in fields.items() if value is not None}
    parsed = parse({"@timestamp": NOON.isoformat(), "kibana.alert.rule.name": "r", **present}, world="lab", ordinal=1)
    ledger = Ledger()
    subject = ledger.from_alert(parsed, backend="embedded")
    answer = ledger.add(
        server="assets",
        tool="assets_list_authorised_work",
        arguments={},
        asked_at=NOON,
        status="success",
        summary="",
        backend="embedded",
        data={"work": [{**ENTRY, **changed}]},
        provenance={"$.work": Provenance.OPERATOR},
    )
    (fit,) = fits(rule, answer, parsed, subject)
    return fit


def said(fit: Fit) -> dict[str, str]:
    """Id of each note to its text, without where it stands in the answer."""
    return {claim.id.removeprefix("work.0."): claim.text for claim in fit.notes}


def test_entry_that_fits_says_what_it_covers_and_what_nobody_asks_for() -> None:
    """An empty list of hosts is no gap where the class does not ask for a host."""
    fit = fit_of()

    assert fit.complete
    assert said(fit) == {
        "target_open": "Register entry WRK-1 names no target, and this class of alert does not ask for one."
    }
    (covered,) = (claim.text for claim in fit.claims if claim.id == "work.0.technique")
    assert covered == "Register entry WRK-1 authorises T1078.004, T1550, which covers the alert's T1078.004, T1550."


@pytest.mark.parametrize(
    ("changed", "note", "text"),
    [
        ({"accounts": ["lee"]}, "actor_other", f"Register entry WRK-1 names the actor lee, not kim, {SO}"),
        ({"accounts": []}, "actor_none", f"Register entry WRK-1 names no actor, {SO}"),
        (
            {"source_addresses": ["192.0.2.9"]},
            "source_other",
            f"Register entry WRK-1 names the source 192.0.2.9, not 192.0.2.1, {SO}",
        ),
        (
            {"techniques": ["T1078.004"]},
            "technique_other",
            f"Register entry WRK-1 authorises T1078.004, not T1550, {SO}",
        ),
        ({"techniques": []}, "technique_none", f"Register entry WRK-1 names no technique, {SO}"),
        (
            {"window_end": "2026-03-02T11:30:00Z"},
            "over",
            f"Its window closed at 2026-03-02T11:30:00Z, before the event at 2026-03-02T12:00:00Z, {SO}",
        ),
        (
            {"window_start": "2026-03-02T12:30:00Z"},
            "not_yet",
            f"The event at 2026-03-02T12:00:00Z lies before its window opens at 2026-03-02T12:30:00Z, {SO}",
        ),
        ({"revoked": True}, "revoked", f"Register entry WRK-1 has been revoked, {SO}"),
    ],
)
def test_entry_that_nearly_fits_says_where_it_does_not(changed: dict[str, object], note: str, text: str) -> None:
    """Whoever reads five agreeing claims and not the sixth closes an attack beside authorised work."""
    fit = fit_of(**changed)

    assert not fit.complete
    assert said(fit)[note] == text


def test_entry_that_names_somebody_although_the_alert_names_nobody_says_so() -> None:
    """An alert of a class without actors is compared by a person, who has to know whom to ask for."""
    named = RULE.model_copy(update={"actor": None})

    assert said(fit_of(named, {"user.name": None}))["actor_unasked"].startswith(
        "Register entry WRK-1 names the actor kim;"
    )
    assert said(fit_of(RULE, {"user.name": None}))["actor_untold"].endswith(SO)


def test_name_that_somebody_typed_is_told_apart_from_another_name() -> None:
    """It is the right name; what is missing is anybody who attests it."""
    typed = RULE.model_copy(update={"actor": "user.attempted_name"})
    notes = said(fit_of(typed, {"user.attempted_name": "kim"}))

    assert notes["actor_unattested"] == f"Register entry WRK-1 names the actor kim, which no sensor attests, {SO}"
    assert "actor_other" not in notes


def test_hostile_account_stays_one_literal() -> None:
    """A name that closes the quote must not become a path."""
    fit = fit_of(alert={"user.name": "kim' || true || @=='"})

    assert not fit.complete
    assert "actor_other" in said(fit)
