"""Nothing is closed over a look that was not made, not in full, or at something else."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agent.investigation.context import ACCOUNT, ASSET, COVERAGE
from agent.investigation.looks import missing_looks
from agent.models import Alert, AlertField, Evidence, Hypothesis, JsonObject, Provenance, Rule, Scalar
from agent.playbooks.format import Bind, Question, Reading
from knowledge.trust.canonical import sha256_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HYPOTHESES = (
    Hypothesis(id="attack", kind="malicious", text="an attack"),
    Hypothesis(id="habit", kind="benign", text="a habit"),
)
BAD = Reading(id="bad", count="$.events[*]", at_least=1, sentence="bad", weights={"attack": 2})
LOGONS = Question(
    id="logons",
    asks="?",
    tool="siem__siem_search_events",
    arguments={"filters": {"user.name": "{user.name}"}},
    required=True,
    sensor="idp",
    readings=(BAD,),
)
OWNER = Question(id="owner", asks="?", tool="assets__assets_resolve", arguments={}, required=True)
AFTER = Question(
    id="after",
    asks="?",
    tool="siem__siem_search_events",
    arguments={"filters": {"host.name": "{next}"}},
    bind={"next": Bind(question="logons", path="$.events[0].host")},
    required=True,
    sensor="edr",
    readings=(BAD.model_copy(update={"id": "worse"}),),
)
KIM: JsonObject = {"account": {"name": "kim"}}


def alert(**fields: Scalar | tuple[Scalar, ...]) -> Alert:
    """An alert about kim unless told otherwise; `_` in a keyword stands for a dot."""
    told: dict[str, Scalar | tuple[Scalar, ...]] = {"user_name": "kim", **fields}
    return Alert(
        alert_id="a-1",
        format="generic",
        product="test",
        title="Something",
        time=NOON,
        rule=Rule(id="r", name="Something"),
        fields=tuple(
            AlertField(name=name.replace("_", "."), value=value, provenance=Provenance.SENSOR, path="$")
            for name, value in told.items()
        ),
        raw={},
        fingerprint="f",
        world="lab",
    )


def said(data: JsonValue, status: str = "success", *, truncated: bool = False) -> Evidence:
    """An answer."""
    return Evidence.model_validate(
        {
            "id": "E1",
            "server": "siem",
            "tool": "t",
            "arguments": {},
            "asked_at": NOON,
            "status": status,
            "summary": "",
            "data": data,
            "sha256": sha256_of(data),
            "backend": "embedded",
            "truncated": truncated,
        }
    )


def missing(
    *questions: Question,
    about: Alert | None = None,
    blind: Collection[str] = (),
    held: Collection[str] = (),
    **answers: Evidence,
) -> tuple[str, ...]:
    """What is missing, with kim in the directory unless told otherwise."""
    given = {ACCOUNT: said(KIM), **answers}
    return missing_looks(questions, about or alert(), given, HYPOTHESES, blind, held)


def test_whole_answer_to_every_question_misses_nothing() -> None:
    """Ordinary cases can be closed."""
    assert missing(LOGONS, logons=said({"events": []})) == ()
    assert missing(LOGONS, logons=said(None, "no_data")) == ()


@pytest.mark.parametrize("status", ["error", "stale", "refused"])
def test_optional_look_that_failed_is_missing(status: str) -> None:
    """A question that could have spoken for malice counts even when the playbook does not require it."""
    optional = LOGONS.model_copy(update={"required": False})
    assert missing(optional, logons=said(None, status)) == (f"logons: {status}",)
    harmless = optional.model_copy(update={"readings": ()})
    assert missing(harmless, logons=said(None, status)) == ()


def test_flood_that_cuts_an_answer_hides_nothing() -> None:
    """Two hundred harmless events before the harmful one must not close a case."""
    assert missing(LOGONS, logons=said({"events": []}, truncated=True)) == ("logons: the answer was cut short",)
    assert missing(LOGONS, held={"bad"}, logons=said({"events": [1]}, truncated=True)) == ()
    assert missing(OWNER, owner=said({"asset": {}}, truncated=True)) == ()


def test_answer_of_a_blind_sensor_is_missing() -> None:
    """Nothing seen by one who was not there is nothing."""
    assert missing(LOGONS, blind={"idp"}, logons=said({"events": []})) == ("logons: idp did not cover the event",)


def test_question_left_out_for_the_budget_is_missing() -> None:
    """An attacker who makes looking expensive gains nothing."""
    assert missing(LOGONS) == ("logons: not asked within the budget",)


def test_required_question_the_alert_cannot_fill_is_missing() -> None:
    """An alert without the account says nothing about the account."""
    nameless = alert().model_copy(update={"fields": ()})
    assert missing(LOGONS, about=nameless) == ("logons: the alert does not say user.name",)
    assert missing(LOGONS.model_copy(update={"required": False}), about=nameless) == ()


def test_wildcard_in_a_name_is_asked_nowhere() -> None:
    """A filter would match everybody, or nobody."""
    starred = alert(user_name="k*")
    assert missing(LOGONS, about=starred) == ("logons: the alert names a pattern, not a value",)


@pytest.mark.parametrize("spelling", ["KIM", "CORP\\kim", "kim@evil.example"])
def test_account_spelt_otherwise_than_the_directory_has_it_is_not_looked_at(spelling: str) -> None:
    """A register may forgive a spelling; a search by it finds nothing and proves nothing."""
    (why,) = missing(LOGONS, about=alert(user_name=spelling), logons=said({"events": []}))
    assert "user.name" in why


def test_account_nobody_knows_is_not_looked_at() -> None:
    """No directory, no innocence."""
    assert missing(LOGONS, account=said(None, "no_data"), logons=said({"events": []}))
    assert missing(LOGONS, account=said(["kim"]), logons=said({"events": []}))


def test_coverage_of_a_host_no_inventory_has_covers_nothing() -> None:
    """Every source is up for a machine that does not exist."""
    coverage = Question(id=COVERAGE, asks="?", tool="siem__c", arguments={"host": "{host.name}"}, required=True)
    about = alert(host_name="ws-1.evil.example")
    rows = said({"coverage": []})
    assert missing(coverage, about=about, coverage=rows, **{ASSET: said({"asset": {"name": "ws-1"}})})
    assert not missing(coverage, about=alert(host_name="ws-1"), coverage=rows, asset=said({"asset": {"name": "ws-1"}}))


def test_trail_that_a_seeing_sensor_found_empty_is_followed_to_its_end() -> None:
    """No success, no account to follow: that is an answer."""
    assert missing(LOGONS, AFTER, logons=said({"events": []})) == ()


@pytest.mark.parametrize(
    ("answer", "blind"),
    [
        (said({"events": []}), {"idp"}),
        (said(None, "error"), set()),
        (said({"events": []}, truncated=True), set()),
    ],
    ids=["blind", "failed", "cut"],
)
def test_trail_lost_by_a_sensor_that_did_not_see_is_missing(answer: Evidence, blind: set[str]) -> None:
    """Where the first look failed, the second was never possible."""
    assert "after: the alert does not say next" in missing(LOGONS, AFTER, blind=blind, held={"bad"}, logons=answer)
    assert "after: the alert does not say next" in missing(LOGONS, AFTER, held={"bad"})


def test_trail_lost_in_an_inventory_is_missing() -> None:
    """A source host nobody knows is where an intruder sits."""
    source = OWNER.model_copy(update={"id": "logons"})
    assert missing(source, AFTER, logons=said(None, "no_data")) == ("after: the alert does not say next",)


def test_answer_that_cannot_be_read_is_missing() -> None:
    """A text too long for a pattern, or a value the reading compares with and does not have."""
    slow = BAD.model_copy(update={"count": "$.events[?search(@.x, '(?i)(a|b|c|d|e|f|g|h|i|j)z')]"})
    hostile = said({"events": [{"x": "a" * 11_000_000}]})
    unreadable = ("logons: the answer cannot be read",)
    assert missing(LOGONS.model_copy(update={"readings": (slow,)}), logons=hostile) == unreadable
    lacking = BAD.model_copy(update={"count": "$.events[?@.c != {source.country}]"})
    assert missing(LOGONS.model_copy(update={"readings": (lacking,)}), logons=said({"events": []})) == unreadable
