"""How a case was decided, made from its report."""

from agent.cases.report.deciding import Told, how_decided, what_differs
from agent.models import Decision, Report
from agent.wording import Language
from ui.api.models import DecisionView, DisagreementView


def decision_views(report: Report, language: Language) -> tuple[DecisionView, ...]:
    """Every decision in words, in the order they were taken."""
    told = how_decided(report, language)
    return tuple(_decision(item, words) for item, words in zip(report.decisions, told, strict=True))


def disagreement_views(report: Report, language: Language) -> tuple[DisagreementView, ...]:
    """Each disagreement, in words too."""
    texts = what_differs(report, language)
    return tuple(
        DisagreementView(about=item.about, model_says=item.model_says, evidence_says=item.evidence_says, text=text)
        for item, text in zip(report.disagreements, texts, strict=True)
    )


def _decision(item: Decision, words: Told) -> DecisionView:
    return DecisionView(
        step=item.step,
        title=words.title,
        by=item.by,
        prompt=item.prompt,
        lines=words.lines,
        notes=words.notes,
        answer=item.answer,
        problems=item.problems,
        fell_back=item.fell_back,
        usage=item.usage,
    )
