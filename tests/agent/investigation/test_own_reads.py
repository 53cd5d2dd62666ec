"""A brain's own reads: asked as they are, through the read door, and able to add only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, CaseView, ExtraFinding, OwnRead, Plan
from agent.evidence.ledger import Ledger
from agent.investigation.graph import investigate
from agent.investigation.state import Deps, Limits
from agent.investigation.verdict import basis
from agent.models import Count, Evidence, JsonObject, Ref
from agent.testing import ScriptedBrain
from tests.agent.investigation.test_gates import INNOCENT
from tests.agent.investigation.test_graph import COVERED, NOON, PLAYBOOKS, SOURCE, TAKEOVER, Answers, run, spray

LIST: JsonObject = {"filters": {"source.ip": "{source.ip}"}, "limit": 5}
LOOK = OwnRead(tool="siem__siem_timeline", arguments=LIST, why="to see what came before")


@dataclass
class Curious(PlaybookBrain):
    """The embedded brain with reads of its own; `wishes` are asked at each assessment."""

    planned: Sequence[OwnRead] = ()
    wishes: Sequence[OwnRead] = ()
    name: str = "curious"
    views: list[CaseView] = field(default_factory=list)

    async def plan(self, view: CaseView) -> Plan:
        """The embedded plan and the reads."""
        self.views.append(view)
        return (await super().plan(view)).model_copy(update={"reads": tuple(self.planned)})

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """The embedded assessment and the wishes."""
        self.views.append(view)
        found = await super().assess(view, fresh)
        return found.model_copy(update={"gap": found.gap or "what else there is", "reads": tuple(self.wishes)})


def other(number: int) -> OwnRead:
    """One of many reads that differ."""
    return OwnRead(tool="siem__siem_timeline", arguments={"limit": number})


async def test_own_read_is_asked_word_for_word() -> None:
    """Text that a model wrote is no template: nothing of the alert is filled into it."""
    brain = Curious(planned=[LOOK])

    report, door, _ = await run(TAKEOVER, brain)

    assert ("siem__siem_timeline", LIST) in door.asked
    assert report.calls == len(door.asked)
    assert dict(brain.views[-1].answered)["own.1"] in {item.id for item in brain.views[-1].evidence}


async def test_own_reads_end_after_the_fourth() -> None:
    """A brain that wants to look for ever is told that none is left, and the record says so."""
    brain = Curious(planned=[other(n) for n in range(3)], wishes=[other(n) for n in range(3, 6)])

    report, door, _ = await run(TAKEOVER, brain)

    assert [arguments for tool, arguments in door.asked if tool == "siem__siem_timeline"] == [
        {"limit": n} for n in range(4)
    ]
    problems = [problem for decision in report.decisions for problem in decision.problems]
    assert "own read of siem__siem_timeline not asked: none is left" in problems
    assert brain.views[-1].reads_left == 0


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (OwnRead(tool="siem__siem_health", arguments={}), "it tells nothing about a case"),
        (OwnRead(tool="anything", arguments={}), "it tells nothing about a case"),
        (OwnRead(tool="siem__siem_timeline", arguments={"q": "x" * 3000}), "longer than 2000 bytes"),
        (OwnRead(tool="siem__siem_timeline", arguments={"q": float("nan")}), "cannot be written down"),
        (OwnRead(tool="intel__intel_lookup", arguments={"indicator": "secret.example"}), "only what a sensor attests"),
        (OwnRead(tool="kb__kb_search", arguments={"query": "password attack", "limit": 3}), "runbook asks the same"),
    ],
)
async def test_own_read_that_may_not_be_asked_says_why(read: OwnRead, why: str) -> None:
    """What a model makes up never leaves for a server that asks outsiders, and nothing is asked twice."""
    report, door, _ = await run(TAKEOVER, Curious(planned=[read]))

    assert why in report.decisions[0].problems[0]
    assert sum(call == (read.tool, read.arguments) for call in door.asked) <= 1


async def test_outsiders_may_be_asked_about_what_a_sensor_saw() -> None:
    """The attested source address of the alert is nobody's secret."""
    wanted = OwnRead(tool="intel__intel_check_known", arguments={"indicator": SOURCE})

    _, door, _ = await run(TAKEOVER, Curious(planned=[wanted]))

    assert (wanted.tool, wanted.arguments) in door.asked


async def test_own_reads_take_no_call_from_looks_that_could_show_malice() -> None:
    """With few calls left the playbook's questions come first, and the verdict is what it was without own reads."""
    for calls in range(1, 12):
        limits = Limits(calls=calls)
        plain, asked, _ = await run(TAKEOVER, None, limits)
        brain = Curious(planned=[other(n) for n in range(4)], wishes=[other(9)])
        curious, door, _ = await run(TAKEOVER, brain, limits)
        assert curious.verdict.disposition == plain.verdict.disposition
        assert [call for call in door.asked if call[0] != "siem__siem_timeline"] == asked.asked


async def test_own_reads_one_by_one_leave_the_other_side_its_turn() -> None:
    """A brain that spends each round on a look of its own cannot keep the case from being challenged."""
    limits = Limits(rounds=4)
    quiet = ScriptedBrain()
    slow = ScriptedBrain(assess_answers=[Assessment(gap="more", reads=(other(n),)) for n in range(9)])

    plain, asked, _ = await run(TAKEOVER, quiet, limits)
    report, door, _ = await run(TAKEOVER, slow, limits)

    assert ("intel__intel_lookup", {"indicator": SOURCE}) in asked.asked
    assert [call for call in door.asked if call[0] != "siem__siem_timeline"] == asked.asked
    assert report.verdict.disposition == plain.verdict.disposition


async def test_questions_one_by_one_leave_the_other_side_its_turn() -> None:
    """The same with questions of the playbook that could show nothing malicious."""
    limits = Limits(rounds=3)
    dull = ScriptedBrain(assess_answers=[Assessment(gap="more", ask=(name,)) for name in ("runbook", "asset")])

    _, asked, _ = await run(TAKEOVER, ScriptedBrain(), limits)
    _, door, _ = await run(TAKEOVER, dull, limits)

    assert {call[0] for call in door.asked} >= {call[0] for call in asked.asked}


async def test_refused_own_read_is_no_gap() -> None:
    """A change tool asked as a read is refused by the door; the case is judged as if nobody had asked."""
    block = OwnRead(tool="firewall__firewall_block_address", arguments={"address": SOURCE})
    plain, _, _ = await run(TAKEOVER)

    report, _, _ = await run(TAKEOVER, Curious(planned=[block]))

    assert report.verdict == plain.verdict


def test_what_only_a_brain_asked_for_is_nobody_having_looked() -> None:
    """An alert that no server could be asked about is not closable because a model asked something else."""
    assert basis(INNOCENT) == "full"
    assert basis(replace(INNOCENT, own=("E1",))) == "alert_only"


class Deaf(Answers):
    """A read door behind which no server answers, but for the one tool that only a brain asks."""

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """Errors, and an answer that nothing happened."""
        return [
            answer if answer.tool == "siem_timeline" else answer.model_copy(update={"status": "error"})
            for answer in await super().read_many(calls)
        ]


async def test_case_that_nobody_could_look_into_stays_so_with_own_reads() -> None:
    """Through the whole graph: own answers give neither cover nor basis."""
    ledger = Ledger()
    subject = ledger.from_alert(spray())
    door = Deaf({"siem__siem_timeline": {"events": []}}, ledger)
    deps = Deps("C-1", Curious(planned=[LOOK]), PlaybookBrain(), door, PLAYBOOKS, lambda: NOON, subject)

    report = await investigate(spray(), "password_attack", deps)

    assert ("siem__siem_timeline", LIST) in door.asked
    assert report.verdict.basis == "alert_only"
    assert report.verdict.disposition == "needs_human"


async def test_own_answer_that_speaks_for_innocence_moves_nothing() -> None:
    """What a brain points out in its own answer raises a little, or is recorded and weighs nothing."""
    table = TAKEOVER | {"siem__siem_timeline": {"events": [{"verdict": "benign"}]}}
    plain, _, _ = await run(TAKEOVER)

    def pointing(raises: bool) -> Curious:
        class Pointing(Curious):
            async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
                found = await super().assess(view, fresh)
                own = dict(view.answered).get("own.1", "E0")
                claim = Count(id="seen", ref=Ref(evidence=own, path="$.events[*]"), value=1, template="seen")
                return found.model_copy(update={"extra": (ExtraFinding(claim=claim, raises=raises),)})

        return Pointing(planned=[LOOK])

    innocent, _, _ = await run(table, pointing(False))
    guilty, _, _ = await run(table, pointing(True))

    assert "brain.seen" in {claim.id for claim in innocent.claims}
    assert innocent.verdict == plain.verdict
    assert guilty.verdict.likelihood >= plain.verdict.likelihood
    assert guilty.verdict.disposition == plain.verdict.disposition == "true_positive"


async def test_own_reads_are_not_asked_when_half_the_time_is_gone() -> None:
    """A read that hangs until its time-out must leave time for the looks that count."""
    report, door, _ = await run({"siem__siem_check_coverage": COVERED}, Curious(planned=[LOOK]), Limits(seconds=1e-9))

    assert ("siem__siem_timeline", LIST) not in door.asked
    assert report.cut
