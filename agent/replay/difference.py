"""What a second run of a case did otherwise: verdict, findings, questions, decisions, cost."""

from collections.abc import Mapping, Sequence

from agent.investigation.retrace import retrace
from agent.models import Case, Decision, Disposition, Evidence, Finding, JsonObject, Model, Report, Stability, Usage
from agent.playbooks.format import Playbook
from agent.replay.replay import Replayed, brain_said
from agent.replay.stored import Stored


class Side(Model):
    """How one run ended, and what it took."""

    brain: str
    disposition: Disposition
    severity: str
    priority: str
    likelihood: float
    outcome: str
    basis: str
    fell_back: str = ""
    """From which step the embedded brain decided in a model's place, and why; empty where none had to."""
    concluded: Disposition
    """What the brain itself said, before the gates."""
    decided_by: str
    """What settled the disposition, in words."""
    calls: int
    rounds: int
    seconds: float
    """Of this run; reading stored answers takes next to none."""
    usage: Usage


class Change(Model):
    """One thing that is no longer what it was."""

    what: str
    before: str
    after: str


class Unanswered(Model):
    """A question that was asked now and never then: the replay has no answer to it."""

    tool: str
    arguments: JsonObject


class Difference(Model):
    """A case as it was investigated, beside the same case run again."""

    case: str
    title: str
    before: Side
    after: Side
    playbook: Change | None = None
    """The playbook then and now, where it is no longer the same."""
    verdict: tuple[Change, ...] = ()
    findings_gone: tuple[str, ...] = ()
    """`question.reading` of findings that only the first run has."""
    findings_new: tuple[str, ...] = ()
    questions_gone: tuple[str, ...] = ()
    questions_new: tuple[str, ...] = ()
    decisions: tuple[Change, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    stability: Stability | None = None

    @property
    def same_verdict(self) -> bool:
        """Whether both ended in the same disposition."""
        return self.before.disposition == self.after.disposition


COMPARED = ("disposition", "severity", "priority", "likelihood", "outcome", "basis", "techniques", "authorisation")
"""Parts of a verdict that are held against each other."""


def difference(stored: Stored, replayed: Replayed, playbooks: Mapping[str, Playbook]) -> Difference:
    """The stored run beside the replayed one. Raises: NotReplayableError when it never ended."""
    before, after = stored.ended, replayed.report
    names = _names(replayed.case, playbooks) | _names(_case(stored, before), playbooks)
    asked_then, asked_now = _asked(stored.answers, names), _asked(replayed.evidence, names)
    then, now = _findings(before.findings), _findings(after.findings)
    return Difference(
        case=stored.case_id,
        title=stored.alert.title,
        before=side_of(before),
        after=side_of(after),
        playbook=_playbook(before.playbook, after.playbook),
        verdict=tuple(_verdict_changes(before, after)),
        findings_gone=_without(then, now),
        findings_new=_without(now, then),
        questions_gone=_without(asked_then, asked_now),
        questions_new=_without(asked_now, asked_then),
        decisions=tuple(_decision_changes(before.decisions, after.decisions)),
        unanswered=tuple(
            Unanswered(tool=f"{item.server}__{item.tool}", arguments=item.arguments) for item in replayed.unanswered
        ),
    )


def side_of(report: Report) -> Side:
    """One run in short."""
    verdict = report.verdict
    return Side(
        brain=report.brain,
        disposition=verdict.disposition,
        severity=verdict.severity,
        priority=verdict.priority,
        likelihood=verdict.likelihood,
        outcome=verdict.outcome,
        basis=verdict.basis,
        fell_back=fell_back(report),
        concluded=brain_said(report),
        decided_by=decided_by(report),
        calls=report.calls,
        rounds=report.rounds,
        seconds=report.seconds,
        usage=report.usage,
    )


def fell_back(report: Report) -> str:
    """The first decision that a model should have taken and did not, with the reason."""
    return next((f"{item.step}: {item.fell_back}" for item in report.decisions if item.fell_back), "")


def decided_by(report: Report) -> str:
    """The last gate that changed the disposition, with its reason; else the verdict's own reason."""
    stopped = next((gate for gate in reversed(report.verdict.gates) if gate.before != gate.after), None)
    return f"{stopped.gate}: {stopped.reason}" if stopped is not None else report.verdict.reason


def _playbook(before: str, after: str) -> Change | None:
    return None if before == after else Change(what="playbook", before=before, after=after)


def _verdict_changes(before: Report, after: Report) -> list[Change]:
    pairs = [(name, _word(getattr(before.verdict, name)), _word(getattr(after.verdict, name))) for name in COMPARED]
    pairs.append(("decided by", decided_by(before), decided_by(after)))
    return [Change(what=name, before=then, after=now) for name, then, now in pairs if then != now]


def _word(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"


def _findings(findings: Sequence[Finding]) -> list[str]:
    return [finding.claim for finding in findings]


def _asked(answers: Sequence[Evidence], names: Mapping[str, str]) -> list[str]:
    """Question ids in the order they were asked; the tool where no question of the playbook made the call."""
    return [names.get(item.id, f"{item.server}__{item.tool} ({item.id})") for item in answers]


def _names(case: Case, playbooks: Mapping[str, Playbook]) -> dict[str, str]:
    """Evidence id to the question it answers; none for a playbook that there is no longer.

    Both runs share the ids of the stored answers, so that one knows them where the other does not."""
    retraced = retrace(case, playbooks)
    return {} if retraced is None else {answer.id: name for name, answer in retraced.answers.items()}


def _case(stored: Stored, report: Report) -> Case:
    return Replayed(stored, report, stored.answers, ()).case


def _without(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _decision_changes(before: Sequence[Decision], after: Sequence[Decision]) -> list[Change]:
    """Decisions that came out otherwise, each step's n-th beside the other's n-th; unknown where one kept none."""
    if not before or not after:
        return []
    then, now = _numbered(before), _numbered(after)
    changes = []
    for name in dict.fromkeys((*then, *now)):
        said, says = then.get(name, "not asked"), now.get(name, "not asked")
        if said != says:
            changes.append(Change(what=name, before=said, after=says))
    return changes


def _numbered(decisions: Sequence[Decision]) -> dict[str, str]:
    """`assess 2` to what was decided, in short."""
    counted: dict[str, int] = {}
    named: dict[str, str] = {}
    for decision in decisions:
        counted[decision.step] = counted.get(decision.step, 0) + 1
        named[f"{decision.step} {counted[decision.step]}"] = in_short(decision)
    return named


SAID = {
    "plan": ("order", "reads"),
    "assess": ("gap", "ask", "reads", "extra"),
    "challenge": ("rival", "ask"),
    "conclude": ("disposition", "hypothesis", "second"),
}
"""What of each decision is held against the other's."""


def in_short(decision: Decision) -> str:
    """A decision on one line: what it asks for, or what it concludes."""
    parts = [f"{name}: {_value(value)}" for name in SAID[decision.step] if (value := decision.answer.get(name))]
    return "; ".join(parts) or "nothing"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(
            str(item.get("tool", item.get("claim", ""))) if isinstance(item, dict) else str(item) for item in value
        )
    return str(value)
