"""From judged answers to the report of the suite `chat`: pure counting."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.conversation.models import Answer
from agent.wording import Language
from evals.measured import Measured
from evals.statistics import Rate, percentile
from evals.suites.chat_expected import Expected
from evals.suites.chat_report import Cause, ChatReport, Exchange, Latency, Length, Miss, Rates, SuiteName
from evals.suites.chat_scoring import Heard, Scored
from evals.suites.chat_tables import IntentName, Split


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with all that became of it."""

    id: str
    split: Split
    seed: int
    question: str
    language: Language
    intent: IntentName
    expected: Expected
    heard: Heard
    scored: Scored

    @property
    def all_good(self) -> bool:
        """Whether nothing is wrong with the answer."""
        scored = self.scored
        return (
            scored.right and scored.honest and scored.cited is not False and scored.in_language and not _loose(scored)
        )


def report_of(
    judged: Sequence[Judged],
    *,
    brain: str,
    worlds: int,
    seconds: float,
    interrupted: bool = False,
    suite: SuiteName = "chat",
) -> ChatReport:
    """The report over `judged`; `chat-model` keeps the transcript."""
    return ChatReport(
        suite=suite,
        brain=brain,
        n=len(judged),
        worlds=worlds,
        overall=rates(judged),
        splits=_by(judged, [item.split for item in judged]),
        intents=_by(judged, [item.intent for item in judged]),
        languages=_by(judged, [item.language for item in judged]),
        demands=_by(judged, [item.expected.demand for item in judged]),
        latency=_latency([item.heard for item in judged]),
        length=_length([item.heard.answer for item in judged if item.heard.answer is not None]),
        seconds=round(seconds, 1),
        misses=tuple(_miss(item) for item in judged if not item.all_good),
        transcript=transcript(judged) if suite == "chat-model" else (),
        interrupted=interrupted,
    )


def rates(judged: Sequence[Judged]) -> Rates:
    """The rates over some of the questions."""
    cited = [item.scored.cited for item in judged if item.scored.cited is not None]
    return Rates(
        n=len(judged),
        right=_share(item.scored.right for item in judged),
        cited=_share(cited),
        honest=_share(item.scored.honest for item in judged),
        in_language=_share(item.scored.in_language for item in judged),
        all_good=_share(item.all_good for item in judged),
        uncited=sum(len(item.scored.uncited) for item in judged),
        invented=sum(len(item.scored.invented) for item in judged),
    )


def transcript(judged: Sequence[Judged]) -> tuple[Exchange, ...]:
    """What was asked and said, in order."""
    return tuple(
        Exchange(
            id=item.id,
            question=item.question,
            brain=None if item.heard.answer is None else item.heard.answer.brain,
            said=tuple(said(item.heard.answer)),
            expected=str(item.expected),
            good=item.all_good,
            seconds=round(item.heard.seconds, 2),
        )
        for item in judged
    )


def said(answer: Answer | None) -> Iterator[str]:
    """What an answer says, in lines that a report can show."""
    if answer is None:
        return
    for sentence in answer.sentences:
        cites = " ".join(f"[{ref.evidence} {ref.path}]" for ref in sentence.cites)
        yield f"{sentence.kind}: {sentence.text} {cites}".rstrip()
    for struck in answer.struck:
        yield f"struck: {struck.text} ({struck.struck_because})"
    for reading in answer.readings:
        yield f"reading: {reading.label}: {reading.question}"
    for proposal in answer.proposals:
        yield f"proposal: {proposal.kind} {proposal.tool or ''} {proposal.label}"


def _by(judged: Sequence[Judged], keys: Sequence[str]) -> dict[str, Rates]:
    pairs = list(zip(keys, judged, strict=True))
    return {key: rates([item for other, item in pairs if other == key]) for key in sorted(set(keys))}


def _share(hits: Iterable[bool]) -> Measured:
    counted = list(hits)
    return Measured.of(Rate(sum(counted), len(counted)))


def _latency(heard: Sequence[Heard]) -> Latency:
    first, whole = [item.first_step_s for item in heard], [item.seconds for item in heard]
    return Latency(
        first_step_p95=_rounded(percentile(first, 0.95)),
        p50=_rounded(percentile(whole, 0.5)),
        p95=_rounded(percentile(whole, 0.95)),
        most=_rounded(max(whole, default=None)),
    )


def _length(answers: Sequence[Answer]) -> Length:
    lengths = [float(len(answer.sentences)) for answer in answers]
    return Length(p50=percentile(lengths, 0.5), p95=percentile(lengths, 0.95), most=max(lengths, default=None))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _miss(item: Judged) -> Miss:
    answer = item.heard.answer
    return Miss(
        id=item.id,
        split=item.split,
        seed=item.seed,
        language=item.language,
        intent=item.intent,
        taken_for=None if answer is None else answer.intent,
        cause=_cause(item),
        question=item.question,
        expected=str(item.expected),
        said=tuple(said(answer)),
        reasons=(
            *item.scored.reasons,
            *(f"uncited: {text}" for text in item.scored.uncited),
            *(f"nowhere: {name}" for name in item.scored.invented),
        ),
    )


def _cause(item: Judged) -> Cause:
    """The first thing that went wrong."""
    scored, answer = item.scored, item.heard.answer
    if answer is None:
        return "failed"
    if not (scored.right and scored.honest) and answer.intent != item.intent:
        return "understanding"
    if not scored.right:
        return "answer"
    if not scored.honest:
        return "honesty"
    if scored.cited is False or scored.uncited:
        return "citation"
    return "invention" if scored.invented else "language"


def _loose(scored: Scored) -> bool:
    return bool(scored.uncited or scored.invented)
