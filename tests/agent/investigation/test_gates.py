"""Each gate alone: the one thing it is there to stop, and that it lets the rest pass."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.brain.protocol import Conclusion
from agent.evidence import gates
from agent.evidence.authorisation import Fit
from agent.evidence.gates import GATES, Bench, judge
from agent.evidence.telemetry import Coverage
from agent.investigation.verdict import Facts, basis, decide
from agent.models import (
    CLOSING,
    Absent,
    Alert,
    AlertField,
    Contribution,
    Disposition,
    Evidence,
    Finding,
    Gap,
    Hypothesis,
    Provenance,
    Ref,
    Rule,
)
from agent.playbooks.format import Playbook, PlaybookHypothesis, Proof, Question, Reading

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HYPOTHESES = (
    Hypothesis(id="attack", kind="malicious", text="an attack"),
    Hypothesis(id="allowed", kind="authorised", text="allowed work"),
    Hypothesis(id="habit", kind="benign", text="a habit"),
)
PLAYBOOK = Playbook(
    name="test",
    version=1,
    classes=("test",),
    title="A class for tests",
    hypotheses=tuple(PlaybookHypothesis(id=item.id, kind=item.kind, text=item.text) for item in HYPOTHESES),
    contract=(),
    questions=(
        Question(
            id="look",
            asks="What is there?",
            tool="siem__siem_search_events",
            arguments={},
            readings=(
                Reading(id="bad", count="$.bad[*]", at_least=1, sentence="bad"),
                Reading(id="good", count="$.good[*]", at_least=1, sentence="good"),
            ),
        ),
    ),
    proofs=(Proof(hypothesis="attack", readings=("bad",)), Proof(hypothesis="habit", readings=("good",))),
)
ALERT = Alert(
    alert_id="a-1",
    format="generic",
    product="test",
    title="Something",
    time=NOON,
    rule=Rule(id="r", name="Something"),
    fields=(AlertField(name="host.name", value="ws-1", provenance=Provenance.SENSOR, path="$.host"),),
    raw={},
    fingerprint="f",
    world="lab",
)


def seen(evidence_id: str = "E1", status: str = "success", *, synthetic: bool = True) -> Evidence:
    """One answer of a sensor."""
    return Evidence.model_validate(
        {
            "id": evidence_id,
            "server": "siem",
            "tool": "siem_search_events",
            "arguments": {},
            "asked_at": NOON,
            "status": status,
            "summary": "",
            "sha256": "",
            "sensor": "edr",
            "backend": "embedded",
            "synthetic": synthetic,
        }
    )


def finding(reading: str, claim: str, provenance: Provenance = Provenance.SENSOR, **weights: float) -> Finding:
    """A finding of the test playbook's one question."""
    return Finding(
        claim=claim, question="look", reading=reading, weights=weights, provenance=provenance, sensors=("edr",)
    )


def claim(claim_id: str, status: str = "verified") -> Absent:
    """A claim as the checker left it."""
    return Absent.model_validate(
        {"id": claim_id, "template": "t", "ref": Ref(evidence="E1", path="$.x"), "status": status}
    )


INNOCENT = Facts(
    alert=ALERT,
    playbook=PLAYBOOK,
    hypotheses=HYPOTHESES,
    contributions=(),
    findings=(finding("good", "c1", habit=2.0),),
    claims=(claim("c1"),),
    evidence=(seen(),),
    coverage=Coverage(),
    fits=(),
    required=("E1",),
)
GUILTY = replace(INNOCENT, findings=(finding("bad", "c1", attack=3.0),))
FITTING = Fit("CHG-1", ("T1021",), (claim("w1"),), ())


def bench(facts: Facts, concluded: Disposition = "false_positive") -> Bench:
    """What the gates judge by, with a brain that agrees with closing."""
    return Bench(facts=facts, contributions_without_text=(), conclusion=Conclusion(disposition=concluded))


def failed(draft: Disposition, judged: Bench) -> list[str]:
    """Names of the gates that changed the disposition."""
    return [result.gate for result in judge(draft, judged)[1] if not result.passed]


def test_clean_false_positive_passes_every_gate() -> None:
    """Gates that stop everything would be no gates."""
    assert decide(INNOCENT) == "false_positive"
    assert judge("false_positive", bench(INNOCENT))[0] == "false_positive"


def test_verdict_on_a_struck_claim_goes_to_a_person() -> None:
    """A closing verdict must not outlive the claim it rests on."""
    struck = replace(INNOCENT, claims=(claim("c1", "struck"),))
    assert failed("false_positive", bench(struck)) == ["claims_hold"]
    assert judge("false_positive", bench(struck))[0] == "needs_human"


def test_proven_malice_overrules_a_draft_that_missed_it() -> None:
    """No path may end below true positive when verified evidence proves malice."""
    assert gates.malice_stands("false_positive", bench(GUILTY))[0] == "true_positive"
    assert gates.malice_stands("needs_human", bench(GUILTY))[0] == "true_positive"
    assert gates.malice_stands("needs_human", bench(INNOCENT))[0] == "needs_human"


def test_missing_telemetry_forbids_closing() -> None:
    """Not looking is never clean."""
    blind = replace(INNOCENT, coverage=Coverage(gaps=(Gap(sensor="edr", reason="down", required=True),)))
    assert failed("false_positive", bench(blind)) == ["telemetry_covered"]
    assert gates.telemetry_covered("true_positive", bench(blind))[0] == "true_positive"


@pytest.mark.parametrize("status", ["error", "refused", "stale"])
def test_unanswered_required_question_forbids_closing(status: str) -> None:
    """An error is never nothing found."""
    deaf = replace(INNOCENT, evidence=(seen(status=status), seen("E2")))
    assert failed("false_positive", bench(deaf)) == ["nothing_failed"]


def test_closing_that_rests_on_untrusted_text_falls() -> None:
    """Innocence an attacker could have written is not innocence."""
    written = replace(INNOCENT, findings=(finding("good", "c1", Provenance.UNTRUSTED, habit=2.0),))
    assert failed("false_positive", bench(written)) == ["survives_without_text"]


def test_authorised_without_a_fitting_entry_falls() -> None:
    """A near miss in the register authorises nothing."""
    near = replace(INNOCENT, fits=(replace(FITTING, misses=("actor",)),))
    assert gates.authorisation_fits("benign_true_positive", bench(near))[0] == "needs_human"
    fitting = replace(INNOCENT, fits=(FITTING,))
    assert gates.authorisation_fits("benign_true_positive", bench(fitting))[0] == "benign_true_positive"


def test_silenced_sensor_forbids_closing_and_not_evaluable() -> None:
    """A sensor that was switched off around the alert is evidence, not a gap."""
    silenced = bench(replace(INNOCENT, coverage=Coverage(silenced=("edr",))))
    assert gates.sensor_not_silenced("false_positive", silenced)[0] == "needs_human"
    assert gates.sensor_not_silenced("not_evaluable", silenced)[0] == "needs_human"
    assert gates.sensor_not_silenced("true_positive", silenced)[0] == "true_positive"


def test_alert_alone_is_never_closed() -> None:
    """The alert cannot vouch for itself."""
    alone = bench(replace(INNOCENT, evidence=(), required=()))
    assert gates.somebody_looked("false_positive", alone)[0] == "needs_human"
    assert gates.somebody_looked("true_positive", alone)[0] == "true_positive"


def test_registers_and_feeds_are_no_sensors() -> None:
    """A site without sensors has a register all the same: its answer closes nothing and spoils no capability."""
    told = tuple(
        seen(f"E{number}").model_copy(update={"server": server, "sensor": None})
        for number, server in enumerate(("assets", "intel", "kb"), start=1)
    )
    only_told = replace(INNOCENT, evidence=told)
    capability = (Contribution(group="process_intent", weight=2.0, reason="dumps credentials"),)

    assert basis(only_told) == "alert_only"
    assert basis(replace(INNOCENT, evidence=(*told, seen("E4")))) == "full"
    assert gates.somebody_looked("benign_true_positive", bench(only_told))[0] == "needs_human"
    assert decide(replace(only_told, findings=(), contributions=capability)) == "true_positive"


def test_simulated_evidence_decides_no_real_case() -> None:
    """Lab and site never mix."""
    mixed = bench(replace(INNOCENT, alert=ALERT.model_copy(update={"world": "site"})))
    assert gates.one_world("false_positive", mixed)[0] == "needs_human"
    assert gates.one_world("false_positive", bench(INNOCENT))[0] == "false_positive"


def test_brain_that_would_keep_the_case_open_is_heeded() -> None:
    """A brain may raise."""
    assert failed("false_positive", bench(INNOCENT, "true_positive")) == ["brain_only_raises"]


def test_brain_that_would_close_an_attack_is_not_heeded() -> None:
    """A brain may not lower."""
    assert judge("true_positive", bench(GUILTY, "false_positive"))[0] == "true_positive"


def test_two_looks_that_differ_close_nothing() -> None:
    """A brain that concludes otherwise with the roles swapped has not made up its mind."""
    torn = Conclusion(disposition="false_positive", second="needs_human")
    assert failed("false_positive", replace(bench(INNOCENT), conclusion=torn)) == ["second_look"]
    sure = torn.model_copy(update={"second": "false_positive"})
    assert failed("false_positive", replace(bench(INNOCENT), conclusion=sure)) == []


def test_no_gate_turns_an_open_verdict_into_a_closing_one() -> None:
    """Whatever the bench, gates only keep or raise."""
    for facts in (INNOCENT, replace(INNOCENT, fits=(FITTING,)), GUILTY):
        for draft in ("true_positive", "needs_human", "not_evaluable"):
            for _, gate in GATES:
                assert gate(draft, bench(facts))[0] not in CLOSING


def test_authorisation_does_not_cover_techniques_outside_the_entry() -> None:
    """A penetration test of the sign-in does not authorise a web shell."""
    shell = finding("bad", "c1", attack=3.0).model_copy(update={"techniques": ("T1505.003",)})
    assert decide(replace(GUILTY, findings=(shell,), fits=(FITTING,))) == "true_positive"
    inside = shell.model_copy(update={"techniques": ("T1021.002",)})
    assert decide(replace(GUILTY, findings=(inside,), fits=(FITTING,))) == "benign_true_positive"


def test_capability_in_the_event_itself_is_true_without_any_server() -> None:
    """One LSASS dump is one, whoever else can be asked."""
    capability = (Contribution(group="process_intent", weight=2.0, reason="dumps credentials"),)
    alone = replace(INNOCENT, evidence=(), findings=(), contributions=capability, required=())
    assert decide(alone) == "true_positive"
    assert decide(replace(alone, contributions=())) == "needs_human"
