"""Servers that a site may have beside those a playbook counts on: what they say can raise, and takes nothing away."""

from dataclasses import replace

from agent.investigation.verdict import basis, decide
from agent.models import Contribution
from agent.playbooks.format import load_playbooks
from tests.agent.investigation.test_gates import INNOCENT

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
