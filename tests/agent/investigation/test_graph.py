"""The graph: code asks what must be asked, keeps the limits, and takes from a brain only what raises."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, CaseView, Challenge, Conclusion, ExtraFinding, Plan
from agent.errors import BrainError
from agent.evidence.ledger import Ledger
from agent.investigation.graph import investigate
from agent.investigation.state import Deps, Limits, Step
from agent.models import (
    SEVERITIES,
    Alert,
    AlertField,
    Claim,
    Count,
    Evidence,
    JsonObject,
    Provenance,
    Ref,
    Report,
    Rule,
    World,
)
from agent.playbooks.format import load_playbooks
from agent.testing import ScriptedBrain

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)
SOURCE = "198.51.100.7"
PLAYBOOKS = load_playbooks()


def spray(world: World = "lab") -> Alert:
    """Many failed sign-ins from one source."""
    fields = {"source.ip": SOURCE, "host.name": "gw-1", "@timestamp": NOON.isoformat()}
    return Alert(
        alert_id="a-1",
        format="elastic",
        product="siem",
        title="Many failures",
        time=NOON,
        rule=Rule(id="r-1", name="Many failures"),
        techniques=("T1110.003",),
        fields=tuple(
            AlertField(name=name, value=value, provenance=Provenance.SENSOR, path=f"$['{name}']")
            for name, value in fields.items()
        ),
        raw=dict(fields),
        fingerprint="f",
        world=world,
    )


class Answers:
    """A read door that answers each tool from a table and keeps what it was asked."""

    def __init__(self, table: dict[str, JsonObject], ledger: Ledger) -> None:
        self.table = table
        self.ledger = ledger
        self.asked: list[tuple[str, JsonObject]] = []

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """One evidence per call, `no_data` where the table has nothing."""
        return [self._one(tool, arguments) for tool, arguments in calls]

    def _one(self, tool: str, arguments: JsonObject) -> Evidence:
        self.asked.append((tool, arguments))
        data = self.table.get(_key(tool, arguments))
        server, _, name = tool.partition("__")
        return self.ledger.add(
            server=server,
            tool=name,
            arguments=arguments,
            asked_at=LATER,
            status="no_data" if data is None else "success",
            summary="",
            backend="embedded",
            data=data,
            provenance=dict.fromkeys(_LEAVES, Provenance.SENSOR) | dict.fromkeys(_REGISTER, Provenance.OPERATOR),
            sensor=None,
        )


_LEAVES = (
    "$.buckets[*].count",
    "$.events[*]['user.name']",
    "$.events[*]['@timestamp']",
    "$.events[*]['device.managed']",
    "$.events[*]['cloud.api']",
    "$.coverage[*].covered",
    "$.coverage[*].state",
    "$.coverage[*].sensor",
)
_REGISTER = ("$.work[*]",)


def _key(tool: str, arguments: JsonObject) -> str:
    return f"{tool} {arguments['source']}" if "source" in arguments else tool


COVERED: JsonObject = {
    "coverage": [{"sensor": name, "covered": True, "state": "covered"} for name in ("idp", "cloud-audit")]
}
FAILURES: JsonObject = {"buckets": [{"key": {"user.attempted_name": f"u{n}"}, "count": 1} for n in range(12)]}
SUCCESS: JsonObject = {"events": [{"user.name": "kim", "@timestamp": "2026-03-02T12:03:00Z", "device.managed": False}]}
RULES: JsonObject = {"events": [{"user.name": "kim", "cloud.api": "New-InboxRule"}]}
TAKEOVER: dict[str, JsonObject] = {
    "siem__siem_check_coverage": COVERED,
    "siem__siem_count_events idp": FAILURES,
    "siem__siem_search_events idp": SUCCESS,
    "siem__siem_search_events cloud-audit": RULES,
}


async def run(
    table: dict[str, JsonObject], brain: object = None, limits: Limits | None = None, alert: Alert | None = None
) -> tuple[Report, Answers, list[Step]]:
    """One investigation over those answers."""
    about = alert or spray()
    ledger = Ledger()
    subject = ledger.from_alert(about)
    door = Answers(table, ledger)
    steps: list[Step] = []
    embedded = PlaybookBrain()
    deps = Deps("C-1", embedded, embedded, door, PLAYBOOKS, lambda: NOON, subject, limits=limits or Limits())
    if brain is not None:
        deps = replace(deps, brain=brain)
    report = await investigate(about, "password_attack", deps, steps.append)
    return report, door, steps


async def test_takeover_is_proved_and_every_claim_stands() -> None:
    """The whole way on one alert: claims, proof, verdict, opening."""
    report, _, _ = await run(TAKEOVER)
    assert report.verdict.disposition == "true_positive"
    assert report.verdict.outcome == "succeeded"
    assert {claim.status for claim in report.claims} == {"verified"}
    assert "kim" in report.opening.what_happened
    assert report.opening.still_going_on.startswith("Yes.")
    assert [finding.reading for finding in report.findings if finding.decisive_for == "takeover"]


async def test_question_that_needs_an_earlier_answer_is_asked_in_a_later_round() -> None:
    """Who was signed in to is only known after the first answers."""
    report, door, _ = await run(TAKEOVER)
    assert report.rounds > 1
    follow_up = next(arguments for tool, arguments in door.asked if arguments.get("source") == "cloud-audit")
    assert follow_up["filters"] == {"user.name": "kim"}


async def test_two_runs_say_the_same() -> None:
    """Without a model nothing may depend on chance."""
    first, _, _ = await run(TAKEOVER)
    second, _, _ = await run(TAKEOVER)
    assert first.model_copy(update={"seconds": 0.0}) == second.model_copy(update={"seconds": 0.0})


async def test_steps_are_streamed_in_the_order_of_the_work() -> None:
    """Whoever watches sees plan before calls before findings before the verdict."""
    _, _, steps = await run(TAKEOVER)
    names = [step.step for step in steps]
    first = [names.index(name) for name in ("recall", "plan", "call", "finding", "challenge", "conclude", "gates")]
    assert first == sorted(first)
    assert all(step.evidence for step in steps if step.step == "call")


async def test_brain_cannot_leave_out_a_required_look() -> None:
    """A brain that plans nothing, closes its eyes and calls it benign changes no verdict."""
    blind = ScriptedBrain(
        plan_answer=Plan(order=()),
        challenge_answer=Challenge(against="takeover", rival="own_mistake"),
        disposition=Conclusion(disposition="false_positive"),
    )
    report, door, _ = await run(TAKEOVER, blind)
    assert report.verdict.disposition == "true_positive"
    assert {tool for tool, _ in door.asked} >= {"siem__siem_check_coverage", "siem__siem_search_events"}


async def test_brain_may_not_ask_what_the_playbook_does_not_have() -> None:
    """The set of calls is fixed before any attacker's text is read."""
    curious = ScriptedBrain(
        plan_answer=Plan(order=("firewall__firewall_block_address", "no_such_question")),
        assess_answers=(Assessment(gap="everything", ask=("rm -rf", "coverage")),),
    )
    _, door, _ = await run(TAKEOVER, curious)
    assert not [tool for tool, _ in door.asked if "block" in tool]
    assert [tool for tool, _ in door.asked].count("siem__siem_check_coverage") == 1


class FailingBrain:
    """A brain whose endpoint is down."""

    name = "failing"

    async def plan(self, view: CaseView) -> Plan:
        """Fails."""
        raise BrainError("endpoint down")

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """Fails."""
        raise BrainError("endpoint down")

    async def challenge(self, view: CaseView) -> Challenge:
        """Fails."""
        raise BrainError("endpoint down")

    async def conclude(self, view: CaseView) -> Conclusion:
        """Fails."""
        raise BrainError("endpoint down")


async def test_failing_brain_is_replaced_by_the_embedded_one() -> None:
    """Degraded, not down: the verdict is the playbook brain's."""
    expected, _, _ = await run(TAKEOVER)
    report, _, _ = await run(TAKEOVER, FailingBrain())
    assert report.verdict == expected.verdict


class ForgetfulBrain(ScriptedBrain):
    """A brain that answers in another form than asked."""

    async def plan(self, view: CaseView) -> Plan:
        """Not a plan."""
        answer: object = Conclusion(disposition="false_positive")
        return answer


async def test_answer_in_another_form_is_replaced_too() -> None:
    """A model that talks nonsense is a model that failed."""
    expected, _, _ = await run(TAKEOVER)
    report, _, _ = await run(TAKEOVER, ForgetfulBrain())
    assert report.verdict.disposition == expected.verdict.disposition


@pytest.mark.parametrize("limits", [Limits(calls=0), Limits(rounds=0), Limits(seconds=0.0)])
async def test_spent_budget_ends_in_a_persons_hands(limits: Limits) -> None:
    """A case that could not be looked at is never closed."""
    report, door, _ = await run(TAKEOVER, limits=limits)
    assert door.asked == []
    assert report.verdict.disposition == "needs_human"
    assert report.verdict.basis == "alert_only"


async def test_calls_stay_within_the_limit() -> None:
    """Three calls are three calls, whatever is still open."""
    report, door, _ = await run(TAKEOVER, limits=Limits(calls=3))
    assert len(door.asked) == 3 == report.calls
    assert report.verdict.disposition == "needs_human"


def noticed(claim: Claim, *, raises: bool) -> ScriptedBrain:
    """A brain that brings one finding of its own."""
    extra = ExtraFinding(claim=claim, raises=raises)
    return ScriptedBrain(
        assess_answers=(Assessment(extra=(extra, extra)),), disposition=Conclusion(disposition="needs_human")
    )


TRUE = Count(id="x", template="Failures by name: {value}.", ref=Ref(evidence="E4", path="$.buckets[*]"), value=12)


async def test_finding_of_a_brain_is_rerun_and_weighs_little() -> None:
    """What a model noticed may raise a little, once, as class T3."""
    plain, _, _ = await run(TAKEOVER, noticed(TRUE, raises=False))
    raised, _, _ = await run(TAKEOVER, noticed(TRUE, raises=True))
    added = [finding for finding in raised.findings if finding.question == "brain"]
    assert [finding.provenance for finding in added] == [Provenance.MODEL]
    assert raised.verdict.likelihood >= plain.verdict.likelihood
    assert raised.verdict.disposition == plain.verdict.disposition


async def test_false_finding_of_a_brain_is_dropped() -> None:
    """An invented number never reaches the report."""
    report, _, _ = await run(TAKEOVER, noticed(TRUE.model_copy(update={"value": 99}), raises=True))
    assert not [claim for claim in report.claims if claim.id.startswith("brain.")]


async def test_class_without_a_playbook_gets_the_general_one() -> None:
    """A new kind of alert is looked at, not dropped."""
    about = spray()
    ledger = Ledger()
    subject = ledger.from_alert(about)
    embedded = PlaybookBrain()
    deps = Deps("C-1", embedded, embedded, Answers({}, ledger), PLAYBOOKS, lambda: NOON, subject)
    report = await investigate(about, "never_heard_of", deps)
    assert report.playbook.startswith("general@")
    assert report.verdict.disposition == "needs_human"


def authorised(**changes: object) -> dict[str, JsonObject]:
    """A spray without success, and a register entry that fits but for `changes`."""
    entry: JsonObject = {
        "id": "W-1",
        "kind": "pentest",
        "window_start": "2026-03-02T10:00:00Z",
        "window_end": "2026-03-02T16:00:00Z",
        "hosts": ["gw-1"],
        "accounts": [],
        "source_addresses": [SOURCE],
        "techniques": ["T1110.003"],
        "revoked": False,
    }
    entry.update(changes)
    return {
        "siem__siem_check_coverage": COVERED,
        "siem__siem_count_events idp": FAILURES,
        "assets__assets_list_authorised_work": {"work": [entry]},
        "assets__assets_resolve": {"asset": {"name": "gw-1"}},
    }


async def test_authorised_test_is_named_with_its_entry() -> None:
    """The owner of the engagement is told what was seen."""
    report, _, _ = await run(authorised())
    assert report.verdict.disposition == "benign_true_positive"
    assert report.verdict.authorisation == "W-1"
    assert "W-1" in report.opening.what_to_do_now


@pytest.mark.parametrize(
    "change",
    [
        {"hosts": ["gw-2"]},
        {"source_addresses": ["198.51.100.8"]},
        {"window_end": "2026-03-02T11:59:00Z"},
        {"window_start": "2026-03-02T12:01:00Z"},
        {"techniques": ["T1190"]},
        {"revoked": True},
    ],
)
async def test_register_entry_that_misses_one_dimension_authorises_nothing(change: dict[str, object]) -> None:
    """Wrong host, source, hour or technique, or a revoked entry: no authorisation."""
    report, _, _ = await run(authorised(**change))
    assert report.verdict.disposition == "needs_human"
    assert report.verdict.authorisation is None


async def test_gap_names_the_query_that_would_settle_it() -> None:
    """A person is told what to look for, where and when."""
    blind: JsonObject = {"coverage": [{"sensor": "idp", "covered": False, "state": "down"}]}
    report, _, _ = await run({**TAKEOVER, "siem__siem_check_coverage": blind})
    gap = next(gap for gap in report.verdict.gaps if gap.sensor == "idp")
    assert gap.query is not None
    assert SOURCE in gap.query
    assert report.verdict.basis != "full"


@pytest.mark.parametrize(("provenance", "lowered"), [(Provenance.SENSOR, True), (Provenance.UNTRUSTED, False)])
async def test_host_that_only_text_names_lowers_no_severity(provenance: Provenance, *, lowered: bool) -> None:
    """Whoever can write a host's name would write that of the least important one."""
    about = spray()
    fields = [f.model_copy(update={"provenance": provenance}) if f.name == "host.name" else f for f in about.fields]
    about = about.model_copy(update={"fields": tuple(fields)})
    unknown, _, _ = await run(TAKEOVER, alert=about)
    for criticality, expected in (("low", lowered), ("high", False)):
        asset: JsonObject = {"asset": {"name": "gw-1", "criticality": criticality}}
        report, _, _ = await run({**TAKEOVER, "assets__assets_resolve": asset}, alert=about)
        is_lower = SEVERITIES.index(report.verdict.severity) < SEVERITIES.index(unknown.verdict.severity)
        assert is_lower == expected


async def test_alert_without_a_class_or_a_name_is_still_judged() -> None:
    """An alert about nobody and nothing is a person's, with the reason."""
    bare = spray().model_copy(update={"fields": (), "techniques": ()})
    report, _, _ = await run({}, alert=bare)
    assert report.verdict.disposition == "needs_human"
    assert report.proposed == ()
