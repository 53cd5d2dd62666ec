"""What the suite `chat` hands back: rates with their intervals, and every miss with what was expected and said."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from agent.models import Model
from agent.wording import Language
from evals.measured import Measured
from evals.suites.chat_tables import IntentName, Split

SuiteName: TypeAlias = Literal["chat", "chat-model"]
Cause: TypeAlias = Literal["failed", "understanding", "answer", "honesty", "citation", "invention", "language"]


class Latency(Model):
    """Seconds from the question to the first step, and to the end."""

    first_step_p95: float | None
    p50: float | None
    p95: float | None
    most: float | None


class Length(Model):
    """Sentences of an answer."""

    p50: float | None
    p95: float | None
    most: float | None


class Rates(Model):
    """How often answers were what they have to be."""

    n: int
    right: Measured
    """The expected values are said, and no forbidden one."""
    cited: Measured
    """Every sentence about the world opens, and the cited place holds the value; of answers that say something."""
    honest: Measured
    """The kind of sentence is the one that truth demands."""
    in_language: Measured
    all_good: Measured
    """Right, cited, honest, in the language of the question, nothing uncited and nothing invented."""
    uncited: int
    """Sentences about the world without a citation."""
    invented: int
    """Names of things that are nowhere."""


class Miss(Model):
    """One question whose answer is not all it has to be."""

    id: str
    split: Split
    seed: int
    language: Language
    intent: IntentName
    taken_for: str | None
    """The intent the chat took it for."""
    cause: Cause
    question: str
    expected: str
    said: tuple[str, ...]
    """Sentences with their kind, readings and proposals."""
    reasons: tuple[str, ...]


class Exchange(Model):
    """One question and all that was said to it, for people to read."""

    id: str
    question: str
    brain: str | None
    """Who answered; null when nobody did."""
    said: tuple[str, ...]
    expected: str
    good: bool
    seconds: float


class ChatReport(Model):
    """Result of the suites `chat` and `chat-model`."""

    suite: SuiteName = "chat"
    brain: str
    n: int
    worlds: int
    overall: Rates
    splits: dict[str, Rates]
    intents: dict[str, Rates]
    languages: dict[str, Rates]
    demands: dict[str, Rates]
    """By what truth demands: a fact, `found nothing`, `could not look` and so on."""
    latency: Latency
    length: Length
    """How long answers are: one that says everything is right about everything."""
    seconds: float
    misses: tuple[Miss, ...]
    transcript: tuple[Exchange, ...] = ()
    """Of `chat-model` only."""
    interrupted: bool = False


def chat_table(report: ChatReport) -> str:
    """The report as Markdown."""
    lines = [
        f"# {report.suite}: {report.n} questions over {report.worlds} labs, brain `{report.brain}`",
        "",
        "| questions | n | right | cited | honest | language | all good | uncited | invented |",
        "|---|---|---|---|---|---|---|---|---|",
        _row("all", report.overall),
        *(_row(name.replace("_", " "), rates) for part in _parts(report) for name, rates in part.items()),
        "",
        f"- right: {report.overall.right}",
        f"- cited: {report.overall.cited}",
        f"- honest: {report.overall.honest}",
        f"- first step p95 {_s(report.latency.first_step_p95)}, answer p50 {_s(report.latency.p50)},"
        f" p95 {_s(report.latency.p95)}, most {_s(report.latency.most)}",
        f"- sentences of an answer: p50 {_number(report.length.p50)}, p95 {_number(report.length.p95)},"
        f" most {_number(report.length.most)}",
        f"- {report.seconds:.1f} s in all",
        *(("", "## Misses", "") if report.misses else ()),
        *(line for miss in report.misses for line in _told(miss)),
        *(("", "## Transcript", "") if report.transcript else ()),
        *(line for exchange in report.transcript for line in _exchange(exchange)),
    ]
    return "\n".join(lines)


def _parts(report: ChatReport) -> Sequence[dict[str, Rates]]:
    return report.splits, report.languages, report.demands, report.intents


def _row(name: str, rates: Rates) -> str:
    shares = (rates.right, rates.cited, rates.honest, rates.in_language, rates.all_good)
    return f"| {name} | {rates.n} | {' | '.join(map(_share, shares))} | {rates.uncited} | {rates.invented} |"


def _share(measured: Measured) -> str:
    return "not measured" if measured.value is None else f"{measured.value:.2f} ({measured.hits}/{measured.n})"


def _told(miss: Miss) -> list[str]:
    return [
        f"- {miss.id} (seed {miss.seed}, {miss.language}, {miss.intent}, taken for {miss.taken_for}): {miss.cause}",
        f"  - asked: `{miss.question}`",
        f"  - expected: `{miss.expected}`",
        *(f"  - said: `{text}`" for text in miss.said or ("nothing",)),
        *(f"  - {reason}" for reason in miss.reasons),
    ]


def _exchange(exchange: Exchange) -> list[str]:
    mark = "good" if exchange.good else "not good"
    return [
        f"- {exchange.id}, {exchange.brain or 'nobody'}, {exchange.seconds:.1f} s, {mark}: `{exchange.question}`",
        *(f"  - `{text}`" for text in exchange.said),
        f"  - expected: `{exchange.expected}`",
    ]


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"


def _s(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds:.2f} s"
