"""What an eval hands back: one JSON object per suite, and the same as a Markdown table for people."""

import resource
import sys
from collections.abc import Sequence
from typing import Literal, TypeAlias

from agent.models import Disposition, Model, Usage
from agent.replay.comparing import Ended
from evals.measured import Interval, Measured
from evals.suites.chat_report import ChatReport, chat_table
from evals.suites.hunts import HuntsReport, hunts_table
from evals.suites.questions import DocsReport, docs_table
from evals.suites.retrieval import RetrievalReport, retrieval_table

DISPOSITIONS: tuple[Disposition, ...] = (
    "true_positive",
    "benign_true_positive",
    "false_positive",
    "needs_human",
    "not_evaluable",
)


class ClaimCount(Model):
    """Claims that reports still make, and how many of them held when they were run again."""

    total: int
    verified: int
    struck: int = 0
    """Struck by the pipeline before anybody read them; not in `total`."""


class Escalation(Model):
    """Escalated means true positive or needs a human; sensor-blind stories are left out: there it is always right."""

    recall: Measured
    precision: Measured


class Calls(Model):
    """Tool calls per case."""

    median: float | None
    p95: float | None
    total: int


class FamilyRow(Model):
    """How one story of one lab ended."""

    seed: int
    family: str
    kind: str
    disposition: Disposition
    as_expected: bool
    severity: str
    likelihood: float
    calls: int
    seconds: float
    concluded: Disposition | None = None
    """What the brain itself concluded, before the gates."""
    usage: Usage = Usage()
    """What its models cost; `seconds` of it were spent waiting for them."""
    fell_back: tuple[str, ...] = ()
    """Why the embedded brain stood in for the model, once for each decision it took."""
    cut: tuple[str, ...] = ()


class StoriesReport(Model):
    """Result of the suite `stories`: the brain against the lab's ground truth."""

    suite: Literal["stories"] = "stories"
    brain: str
    seeds: int
    first_seed: int
    n: int
    confusion: dict[str, dict[str, int]]
    """Story kind to disposition to count."""
    claims: ClaimCount
    worst: str | None
    """The story that ended furthest from the truth; null when all ended as expected."""
    seconds: float
    expected_rate: dict[str, Measured]
    """Story kind to the share that ended in one of its expected dispositions."""
    escalation: Escalation
    attacks_closed: int
    required_evidence: Measured
    """Evidence that the lab says must be found, over all cases."""
    calls: Calls
    case_seconds_p95: float | None
    cases_per_minute: float | None
    peak_rss_mb: float
    interrupted: bool = False
    usage: Usage = Usage()
    """What the models of all cases cost together."""
    fell_back: int = 0
    """Decisions that the embedded brain took in the model's place."""
    cases: tuple[FamilyRow, ...] = ()


class JudgedRow(Model):
    """How one labelled alert ended."""

    id: str
    label: Literal["TP", "FP"]
    disposition: Disposition
    severity: str
    likelihood: float
    concluded: Disposition | None = None
    usage: Usage = Usage()
    fell_back: tuple[str, ...] = ()


class TriageReport(Model):
    """Result of the suite `triage-labelled`: likelihood above one half against a TP/FP label."""

    suite: Literal["triage-labelled"] = "triage-labelled"
    brain: str
    n: int
    accuracy: float | None
    tpr: float | None
    fpr: float | None
    auc: float | None
    attacks_closed: int
    wilson: dict[str, Interval | None]
    dispositions: dict[str, dict[str, int]]
    """Label to disposition to count."""
    seconds: float
    broken: tuple[str, ...] = ()
    """`FILE:N: reason` of every line that could not be judged."""
    interrupted: bool = False
    usage: Usage = Usage()
    fell_back: int = 0
    cases: tuple[JudgedRow, ...] = ()


class FrozenRow(Ended):
    """How one frozen case ended now."""

    then: Disposition
    """How the machine had ended it when a person closed it."""


class FrozenReport(Model):
    """Result of the frozen cases of a folder: a brain against what people said."""

    suite: Literal["frozen"] = "frozen"
    folder: str
    brain: str
    n: int
    as_expected: Measured
    """The share that ended as the person said."""
    attacks_closed: int
    """Attacks a person confirmed, and the machine closes."""
    as_then: int
    """How many end as they did when they were closed."""
    confusion: dict[str, dict[str, int]]
    """What the person said to disposition to count."""
    unanswered: int
    """Questions that had no stored answer."""
    usage: Usage
    seconds: float
    interrupted: bool = False
    cases: tuple[FrozenRow, ...] = ()


Report: TypeAlias = (
    StoriesReport | TriageReport | ChatReport | FrozenReport | HuntsReport | DocsReport | RetrievalReport
)


def peak_rss_mb() -> float:
    """Most memory this process ever held, in MiB."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def markdown(report: Report) -> str:
    """The report as Markdown, ending with a line feed."""
    match report:
        case StoriesReport():
            return _stories(report)
        case TriageReport():
            return _triage(report)
        case FrozenReport():
            return _frozen(report)
        case HuntsReport():
            return hunts_table(report) + _interrupted(report.interrupted)
        case DocsReport():
            return docs_table(report) + _interrupted(report.interrupted)
        case RetrievalReport():
            return retrieval_table(report) + _interrupted(report.interrupted)
        case ChatReport():
            return chat_table(report) + _interrupted(report.interrupted)


def _stories(report: StoriesReport) -> str:
    lines = [
        f"# stories: {report.n} cases, {report.seeds} labs from seed {report.first_seed}, brain `{report.brain}`",
        "",
        *_table("story", report.confusion),
        "",
        f"- attacks closed: {report.attacks_closed}",
        f"- escalation recall: {report.escalation.recall}",
        f"- escalation precision: {report.escalation.precision}",
        *(f"- {kind} as expected: {rate}" for kind, rate in report.expected_rate.items()),
        f"- claims re-verified: {report.claims.verified} of {report.claims.total} ({report.claims.struck} struck)",
        f"- required evidence found: {report.required_evidence}",
        f"- calls per case: median {_number(report.calls.median)}, p95 {_number(report.calls.p95)}",
        f"- worst story: {report.worst or 'none'}",
        f"- {report.seconds:.1f} s, {_number(report.cases_per_minute)} cases per minute,"
        f" case p95 {_number(report.case_seconds_p95)} s, peak {report.peak_rss_mb:.0f} MiB",
        *_spent(report.usage, report.fell_back),
        *_models_table([(f"{row.family}/{row.kind}", row) for row in report.cases]),
    ]
    return "\n".join(lines) + _interrupted(report.interrupted)


def _triage(report: TriageReport) -> str:
    lines = [
        f"# triage-labelled: {report.n} alerts, brain `{report.brain}`",
        "",
        *_table("label", report.dispositions),
        "",
        *(
            f"- {name}: {_number(value)} (95 % {_span(report.wilson.get(name))})"
            for name, value in (("accuracy", report.accuracy), ("tpr", report.tpr), ("fpr", report.fpr))
        ),
        f"- auc: {_number(report.auc)}",
        f"- attacks closed: {report.attacks_closed}",
        f"- lines that could not be judged: {len(report.broken)}",
        f"- {report.seconds:.1f} s",
        *_spent(report.usage, report.fell_back),
        *_models_table([(f"{row.id} ({row.label})", row) for row in report.cases]),
    ]
    return "\n".join(lines) + _interrupted(report.interrupted)


def _spent(usage: Usage, fell_back: int) -> list[str]:
    """What models cost; nothing where none was asked."""
    if not usage.calls and not fell_back:
        return []
    money = "price unknown" if usage.money is None else f"{usage.money:.4f}"
    tokens = f"{usage.input_tokens} tokens read ({usage.cached_tokens} seen before), {usage.output_tokens} written"
    return [
        f"- models: {usage.calls} calls, {tokens}, {money}, {usage.seconds:.1f} s of waiting",
        f"- decisions that fell back to the embedded brain: {fell_back}",
    ]


def _models_table(rows: Sequence[tuple[str, FamilyRow | JudgedRow]]) -> list[str]:
    """What each case's model said and cost; nothing where none was asked."""
    if not any(row.usage.calls or row.fell_back for _, row in rows):
        return []
    head = ["", "| case | disposition | the brain said | calls | tokens | waited | fell back |", "|---" * 7 + "|"]
    return head + [
        f"| {name} | {row.disposition} | {row.concluded or ''} | {row.usage.calls} | {row.usage.tokens}"
        f" | {row.usage.seconds:.1f} s | {'; '.join(dict.fromkeys(row.fell_back))} |"
        for name, row in rows
    ]


def _frozen(report: FrozenReport) -> str:
    usage = report.usage
    lines = [
        f"# frozen: {report.n} cases of {report.folder}, brain `{report.brain}`",
        "",
        *_table("person said", report.confusion),
        "",
        f"- attacks closed: {report.attacks_closed}",
        f"- as the person said: {report.as_expected}",
        f"- as when the case was closed: {report.as_then} of {report.n}",
        f"- questions without a stored answer: {report.unanswered}",
        f"- {usage.tokens} tokens in {usage.calls} model calls, "
        + ("price unknown" if usage.money is None else f"money {usage.money:.4f}"),
        f"- {report.seconds:.1f} s",
        *(
            f"- {row.case}: {row.disposition}, a person said {row.expected} ({row.decided_by})"
            for row in report.cases
            if not row.right
        ),
    ]
    return "\n".join(lines) + _interrupted(report.interrupted)


def _table(what: str, counts: dict[str, dict[str, int]]) -> list[str]:
    head = f"| {what} | " + " | ".join(name.replace("_", " ") for name in DISPOSITIONS) + " |"
    rows = (
        f"| {key} | " + " | ".join(str(row.get(name, 0)) for name in DISPOSITIONS) + " |" for key, row in counts.items()
    )
    return [head, "|---" * (len(DISPOSITIONS) + 1) + "|", *rows]


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"


def _span(interval: Interval | None) -> str:
    return "not measured" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def _interrupted(interrupted: bool) -> str:
    return "\n\nInterrupted: only what was finished is counted.\n" if interrupted else "\n"
