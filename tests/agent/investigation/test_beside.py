"""Servers that a site may have beside those a playbook counts on: what they say can raise, and takes nothing away."""

from dataclasses import replace

import pytest

from agent.evidence.telemetry import Coverage
from agent.investigation.verdict import Facts, basis, decide
from agent.models import Contribution, Finding, Gap, Hypothesis, Provenance
from agent.playbooks.format import load_playbooks
from tests.agent.investigation.test_gates import INNOCENT, seen

PLAYBOOKS = load_playbooks()


def test_only_connected_servers_are_asked_beside() -> None:
    """A site without a product is not blind to it: the playbook never counted on it."""
    playbook = PLAYBOOKS["command_and_control"]

    none = playbook.joined(lambda tool: False)
    some = playbook.joined(lambda tool: tool.startswith("ids__"))

    assert none.questions == playbook.questions
    assert [question.id for question in some.questions] == [*(q.id for q in playbook.questions), "flow"]


def test_nothing_asked_beside_speaks_for_innocence() -> None:
    """A further product can raise, and takes nothing away, whatever it finds."""
    for playbook in PLAYBOOKS.values():
        malicious = {item.id for item in playbook.hypotheses if item.kind == "malicious"}
        readings = [reading for question in playbook.beside for reading in question.readings]
        raising = {name for reading in readings for name, weight in reading.weights.items() if weight > 0}
        closing = {name for proof in playbook.proofs if proof.hypothesis not in malicious for name in proof.readings}

        assert raising <= malicious, playbook.name
        assert not closing & {reading.id for reading in readings}, playbook.name


def test_answer_beside_takes_nothing_from_what_the_alert_proves() -> None:
    """A sensor that saw only the connection is nobody who looked at the host."""
    shown = Contribution(group="process_intent", weight=2.0, reason="r")
    alone = replace(INNOCENT, findings=(), evidence=(), contributions=(shown,))
    looked = replace(alone, evidence=INNOCENT.evidence)
    beside = replace(looked, beside=tuple(item.id for item in INNOCENT.evidence))

    assert [decide(facts) for facts in (alone, looked, beside)] == ["true_positive", "needs_human", "true_positive"]
    assert basis(beside) == "alert_only"


WITNESSES = {
    "peer_known": "intel",
    "peer_reputation": "reputation",
    "sinkhole": "unbound",
    "peers": "firewall",
    "flow": "suricata",
}
"""Question about a caller of orders to the sensor that its answer names, or the server where it names none."""


def facts_of(*questions: str) -> Facts:
    """An alert about a caller of orders at a site without sensors, and what these looks find: the first reading of
    each, and its answer where it is of a server beside the playbook."""
    playbook = PLAYBOOKS["command_and_control"]
    joined = playbook.joined(lambda tool: True)
    asked = [joined.question(name) for name in questions]
    findings = [
        Finding(
            claim=name,
            question=name,
            reading=question.readings[0].id,
            weights=question.readings[0].weights,
            provenance=Provenance.SENSOR,
            sensors=(WITNESSES[name],),
        )
        for name, question in zip(questions, asked, strict=True)
    ]
    evidence = [
        seen(f"E-{question.id}").model_copy(
            update={"server": question.tool.partition("__")[0], "sensor": WITNESSES[question.id]}
        )
        for question in asked
    ]
    return replace(
        INNOCENT,
        playbook=joined,
        hypotheses=tuple(Hypothesis(id=each.id, kind=each.kind, text=each.text) for each in joined.hypotheses),
        findings=tuple(findings),
        evidence=tuple(evidence),
        beside=tuple(f"E-{question.id}" for question in playbook.beside),
        coverage=Coverage(gaps=tuple(Gap(sensor=name, reason="down", required=True) for name in ("edr", "firewall"))),
        required=(),
    )


@pytest.mark.parametrize(
    ("questions", "disposition", "told"),
    [
        (("peer_known", "peer_reputation", "sinkhole"), "needs_human", "alert_only"),
        (("peer_known", "peer_reputation", "sinkhole", "peers"), "true_positive", "single_source"),
        (("peer_reputation", "sinkhole", "peers"), "true_positive", "single_source"),
        (("peer_known", "flow"), "true_positive", "single_source"),
        (("peer_reputation", "flow"), "true_positive", "single_source"),
        (("peers", "flow"), "needs_human", "partial"),
    ],
)
def test_lists_and_what_we_set_ourselves_confirm_no_sensor(
    questions: tuple[str, ...], disposition: str, told: str
) -> None:
    """Lists copy one another and feed the resolver: all that they name together is one list, and nobody who looked.
    What a list and a sensor prove together stands."""
    facts = facts_of(*questions)

    assert (decide(facts), basis(facts)) == (disposition, told)
