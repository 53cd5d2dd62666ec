"""What an attacker can put into an alert, or around it, never lowers what is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.evidence.authorisation import AUTHORISED_BY, Fit
from agent.evidence.gates import judge, nothing_failed
from agent.investigation.opening import opening
from agent.investigation.values import alert_values, fill_arguments, question_values, spelt, window_of
from agent.investigation.verdict import Facts, decide, outcome
from agent.models import Alert, AlertField, Finding, Outcome, Provenance, Scalar
from agent.playbooks.format import Bind, Question, Window
from tests.agent.investigation.test_gates import ALERT, FITTING, INNOCENT, bench, finding, seen

T1, T2 = Provenance.SENSOR, Provenance.UNTRUSTED


def about(name: str, value: Scalar | tuple[Scalar, ...]) -> Alert:
    """The alert with one more attested field."""
    field = AlertField(name=name, value=value, provenance=T1, path="$")
    return ALERT.model_copy(update={"fields": (*ALERT.fields, field)})


def asked(value: Scalar | tuple[Scalar, ...]) -> object:
    """The arguments of a search for the account of such an alert."""
    question = Question(id="q", asks="?", tool="t", arguments={"filters": {"user.name": "{user.name}"}})
    return fill_arguments(question, question_values(about("user.name", value), "E0", question, {}))


def test_one_of_several_values_is_attested_by_nobody() -> None:
    """A harmless name in front must not vouch for the harmful one behind it; a claim shows the one that was asked."""
    value = alert_values(about("user.name", ("kim", "mallory")), "E0")["user.name"]
    assert (value.value, value.provenance) == ("kim", T2)
    assert value.ref is not None
    assert value.ref.path.endswith("[0]")
    assert alert_values(about("user.name", ("kim", "kim")), "E0")["user.name"].provenance is T1


@pytest.mark.parametrize("value", ["*", "k*m", "", "  ", ()])
def test_name_that_is_a_pattern_or_empty_is_not_asked_with(value: Scalar | tuple[Scalar, ...]) -> None:
    """`*` in a filter would count everybody's events, or hide the one that matters among them."""
    assert asked(value) is None


@pytest.mark.parametrize(
    ("name", "told", "meant"),
    [
        ("source.ip", "::ffff:198.51.100.7", "198.51.100.7"),
        ("source.ip", "2001:DB8::0:1", "2001:db8::1"),
        ("source.ip", "not an address", "not an address"),
        ("file.hash.sha256", " ABCDEF ", "abcdef"),
        ("dns.question.registered_domain", "Evil.Example", "evil.example"),
        ("user.name", "Kim ", "Kim"),
        ("count", 7, 7),
    ],
)
def test_value_is_asked_in_the_spelling_of_sensors(name: str, told: Scalar, meant: Scalar) -> None:
    """The other spelling of an address or a hash would find nothing."""
    assert spelt(name, told) == meant


@pytest.mark.parametrize("year", [1, 9999])
def test_time_at_the_end_of_the_calendar_costs_no_case(year: int) -> None:
    """A forged time ends in a person's hands, not in a crash."""
    moment = datetime(year, 1, 1, tzinfo=UTC) if year == 1 else datetime.max.replace(tzinfo=UTC)
    start, end = window_of(moment, Window(before=timedelta(days=1), after=timedelta(days=1)))
    assert start <= moment <= end


def test_binding_that_cannot_be_followed_binds_nothing() -> None:
    """A hostile answer to one question must not end the others."""
    question = Question(
        id="q",
        asks="?",
        tool="t",
        arguments={"account": "{found}"},
        bind={"found": Bind(question="look", path="$.events[?search(@.x, '(?i)(a|b|c|d|e|f|g|h|i|j)z')].y")},
    )
    hostile = seen().model_copy(update={"data": {"events": [{"x": "a" * 11_000_000, "y": "kim"}]}})
    assert "found" not in question_values(ALERT, "E0", question, {"look": hostile})


def authorised(*findings: Finding, fit: Fit = FITTING) -> Facts:
    """Facts with a register entry that fits entirely and covers T1021."""
    return replace(INNOCENT, findings=findings, fits=(fit,))


INSIDE = finding("bad", "c1", attack=3.0).model_copy(update={"techniques": ("T1021.002",)})


@pytest.mark.parametrize("provenance", [T1, T2])
def test_malice_outside_the_entry_keeps_the_case_open_whoever_wrote_it(provenance: Provenance) -> None:
    """A dropped program is named by its path, which is text; text may keep a case open."""
    outside = finding("dropped", "c1", provenance, attack=2.0).model_copy(update={"techniques": ("T1204.002",)})
    assert decide(authorised(outside)) == "needs_human"
    assert decide(authorised(outside.model_copy(update={"techniques": ("T1021",)}))) == "benign_true_positive"


def test_malice_without_a_technique_is_authorised_by_no_entry() -> None:
    """A device nobody manages is within no engagement."""
    assert decide(authorised(finding("device", "c1", attack=1.5))) == "needs_human"


def test_what_speaks_against_the_authorisation_is_not_explained_by_it() -> None:
    """An upload to the outside belongs to no migration, even when the entry names the technique."""
    upload = finding("upload", "c1", attack=2.0, allowed=-1.0).model_copy(update={"techniques": ("T1021",)})
    assert decide(authorised(upload)) == "needs_human"


def test_proof_of_malice_outside_the_entry_stands_however_little_each_part_weighs() -> None:
    """Small findings that prove an attack together are an attack."""
    small = finding("bad", "c1", attack=0.5).model_copy(update={"techniques": ("T1505.003",)})
    assert decide(authorised(small)) == "true_positive"


def test_written_malice_keeps_a_false_positive_open() -> None:
    """A registered hash does not excuse what the program's own command line shows."""
    assert decide(INNOCENT) == "false_positive"
    written = finding("bad-too", "c1", T2, attack=2.0)
    assert decide(replace(INNOCENT, findings=(*INNOCENT.findings, written))) == "needs_human"


def test_entry_that_does_not_explain_everything_lowers_no_likelihood() -> None:
    """An attacker beside authorised work must not be sorted to the end of the queue."""
    outside = INSIDE.model_copy(update={"techniques": ("T1505.003",)})
    entry = finding(f"{AUTHORISED_BY}CHG-1", "w1", allowed=6.0).model_copy(update={"question": "work"})
    assert authorised(outside, entry).weighed().likelihood == authorised(outside).weighed().likelihood
    assert authorised(INSIDE, entry).weighed().likelihood < authorised(INSIDE).weighed().likelihood


@pytest.mark.parametrize(
    ("provenance", "missing", "said", "expected"),
    [
        (T1, (), "unknown", "attempted"),
        (T2, (), "unknown", "unknown"),
        (T1, ("look: stale",), "unknown", "unknown"),
        (T1, (), "succeeded", "succeeded"),
        (T1, (), "blocked", "blocked"),
    ],
)
def test_failure_is_said_only_by_sensors_with_every_look_made(
    provenance: Provenance, missing: tuple[str, ...], said: Outcome, expected: Outcome
) -> None:
    """Severity falls with 'it was only tried'; neither text nor a missing look may say so."""
    tried = finding("tried", "c1", provenance).model_copy(update={"outcome": "attempted"})
    assert outcome(replace(INNOCENT, findings=(tried,), missing=missing), said) == expected


def test_success_may_be_told_by_text() -> None:
    """Text may raise."""
    worked = finding("worked", "c1", T2).model_copy(update={"outcome": "succeeded"})
    assert outcome(replace(INNOCENT, findings=(worked,), missing=("look: stale",)), "unknown") == "succeeded"


def test_missing_look_forbids_closing_and_is_named_in_the_opening() -> None:
    """Whoever takes the case is told what nobody has looked at."""
    partly = replace(INNOCENT, missing=("look: the answer was cut short",))
    disposition, results = judge("false_positive", bench(partly))
    assert disposition == "needs_human"
    assert [result.gate for result in results if not result.passed] == ["nothing_failed"]
    assert nothing_failed("true_positive", bench(partly))[0] == "true_positive"
    assert "cut short" in opening(partly, disposition, "unknown", (), ()).what_to_do_now
