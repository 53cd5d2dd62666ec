"""What a closed case teaches, proposed as a note: what decided it, what was missing, and what to ask first next time.

A note decides nothing until a person makes it the operator's own. Only verified claims are told as what decided; words
that somebody else wrote stand as text, secrets are masked, and names are replaced when that is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agent.cases.report.markdown import plain
from agent.cases.report.words import word
from agent.cases.telling import told
from agent.models import Case, Claim, Finding, HumanVerdict, Report
from agent.playbooks.format import Playbook, Question
from agent.wording import Language, localised
from knowledge.trust.masking import mask_secrets

MOST_LINES: Final = 12
"""Of one list of the note."""
LONGEST: Final = 500
"""Characters of one text that is quoted."""
_LOOKED: Final = frozenset({"success", "no_data"})
Rename = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A note about a closed case, as Markdown."""

    case_id: str
    tenant: str
    language: Language
    text: str


def lesson(
    case: Case, playbooks: Mapping[str, Playbook], language: Language = "en", rename: Rename | None = None
) -> Lesson | None:
    """The note; None for a case that is not closed or was never investigated. `rename` replaces names in a text."""
    if case.human is None or case.report is None:
        return None
    say = _Words(language, rename)
    shown = told(case, language).report or case.report
    playbook = playbooks.get(case.report.playbook)
    parts = (
        say.line("# What {case} taught: {title}", case=case.id, title=say.quoted(case.title)),
        *_decided(shown, case.human, say),
        *_missing(case, shown, say),
        *_better(case.report, case.human, playbook, say),
    )
    return Lesson(case.id, case.tenant, language, "\n".join(parts) + "\n")


@dataclass(frozen=True, slots=True)
class _Words:
    """How the note speaks."""

    language: Language
    rename: Rename | None

    def line(self, template: str, **values: object) -> str:
        """One sentence of ours."""
        return localised(template, self.language).format(**values)

    def quoted(self, text: str) -> str:
        """A text of the case: masked, renamed, clipped, and nothing but text."""
        shown = mask_secrets(" ".join(text.split()))
        if self.rename is not None:
            shown = self.rename(shown)
        return plain(shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…")

    def term(self, name: str) -> str:
        """A word of the report, such as a disposition."""
        return word(name, self.language)


def _decided(report: Report, human: HumanVerdict, say: _Words) -> Iterator[str]:
    verdict = report.verdict
    yield "\n" + say.line("## What decided it") + "\n"
    yield say.line(
        "A person closed it as {human} ({code}); the machine had said {machine}.",
        human=say.term(human.disposition),
        code=human.reason_code,
        machine=say.term(verdict.disposition),
    )
    if human.note:
        yield "\n" + say.line("In that person's words: {note}", note=say.quoted(human.note))
    facts = (report.alert_class, *verdict.techniques)
    yield "\n" + say.line("Class and techniques: {facts}", facts=say.quoted(", ".join(facts))) + "\n"
    told_claims = [claim.text for claim, _ in _telling(report)][:MOST_LINES]
    yield from (f"- {say.quoted(text)}" for text in told_claims)
    if not told_claims:
        yield "- " + say.line("No claim that could be verified spoke for or against anything.")


def _telling(report: Report) -> list[tuple[Claim, Finding]]:
    """The verified claims that moved something, those that settled it first, then the heaviest."""
    claims = {claim.id: claim for claim in report.claims if claim.status == "verified" and claim.text}
    moved = [
        item for item in report.findings if item.claim in claims and (item.decisive_for or any(item.weights.values()))
    ]
    order = sorted(moved, key=lambda item: (item.decisive_for is None, -_heaviest(item)))
    first: dict[str, Finding] = {}
    for item in order:
        first.setdefault(item.claim, item)
    return [(claims[item.claim], item) for item in first.values()]


def _heaviest(finding: Finding) -> float:
    return max(map(abs, finding.weights.values()), default=0.0)


def _missing(case: Case, report: Report, say: _Words) -> Iterator[str]:
    yield "\n" + say.line("## What was missing") + "\n"
    lines = [*_gaps(report, say), *_failed(case, say), *_struck(report, say)]
    yield from lines[:MOST_LINES]
    if not lines:
        yield "- " + say.line("Nothing: every look was made, and every claim held.")


def _gaps(report: Report, say: _Words) -> Iterator[str]:
    for gap in report.verdict.gaps:
        yield "- " + say.line(
            "{sensor} could not look: {reason}.", sensor=say.quoted(gap.sensor), reason=say.quoted(gap.reason)
        )


def _failed(case: Case, say: _Words) -> Iterator[str]:
    for item in case.evidence:
        if item.status not in _LOOKED:
            why = item.error or item.summary
            yield "- " + say.line(
                "The look {tool} gave no answer ({status}): {why}",
                tool=say.quoted(item.tool),
                status=item.status,
                why=say.quoted(why),
            )


def _struck(report: Report, say: _Words) -> Iterator[str]:
    for claim in report.claims:
        if claim.status == "struck":
            yield "- " + say.line(
                "Struck, because it did not hold: {claim} ({why})",
                claim=say.quoted(claim.text or claim.template),
                why=say.quoted(claim.struck_because or ""),
            )


def _better(report: Report, human: HumanVerdict, playbook: Playbook | None, say: _Words) -> Iterator[str]:
    yield "\n" + say.line("## What to ask first next time") + "\n"
    lines = list(dict.fromkeys(_questions(report, human, playbook, say)))[:MOST_LINES]
    yield from lines
    if not lines:
        yield "- " + say.line("The questions of the playbook {playbook}, as they are.", playbook=report.playbook)


def _questions(report: Report, human: HumanVerdict, playbook: Playbook | None, say: _Words) -> Iterator[str]:
    """What settled it, what was not seen, and where person and machine differ."""
    questions: Mapping[str, Question] = {item.id: item for item in playbook.questions} if playbook else {}
    for claim, finding in _telling(report):
        asked = questions.get(finding.question)
        if asked is not None and (finding.decisive_for or _heaviest(finding) >= 2):
            yield "- " + say.line(
                "{question} The answer was: {claim}",
                question=localised(asked.asks, say.language),
                claim=say.quoted(claim.text),
            )
    for gap in report.verdict.gaps:
        if gap.query:
            yield "- " + say.line(
                "What does {sensor} say to {query}?", sensor=say.quoted(gap.sensor), query=say.quoted(gap.query)
            )
    if human.disposition != report.verdict.disposition:
        yield "- " + say.line(
            "What would have shown {human} where the machine saw {machine}? Nothing that was asked did.",
            human=say.term(human.disposition),
            machine=say.term(report.verdict.disposition),
        )
