"""How a case was decided, in words: by whom, at what cost, what was left out, and where model and evidence differ.

Every sentence here is ours. What a brain wrote itself (a gap, why it looks) stands in quotation marks, and whoever
shows it has to make it inert.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from agent.brain.protocol import Assessment, Challenge, Choice, Conclusion, Plan
from agent.cases.report.words import names, word
from agent.models import Decision, Disagreement, Hypothesis, Report, Stability, Usage
from agent.wording import Language, localised
from agent.wording.retelling import retold

EMBEDDED: Final = "playbook"
LISTED: Final = 6
"""Names that one line lists."""
_STEPS: Final[Mapping[str, str]] = {
    "plan": "Plan",
    "assess": "Weigh the evidence",
    "challenge": "Argue the other side",
    "conclude": "Conclude",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One decision in words."""

    title: str
    """What was decided."""
    by: str
    lines: tuple[str, ...]
    """What came out of it."""
    notes: tuple[str, ...]
    """What was struck, mended or refused of it, and why somebody else decided."""


def who_decided(report: Report, language: Language = "en") -> str:
    """The brains of the case, and from which step on the embedded one went on in a model's place."""
    by = list(dict.fromkeys(item.by for item in report.decisions)) or [report.brain]
    models = [name for name in by if name != EMBEDDED]
    if not models and report.brain != EMBEDDED:
        return _say("{other} instead of {brain}", language, other=EMBEDDED, brain=report.brain)
    last = [item for item in report.decisions if item.by != EMBEDDED][-1:]
    after = report.decisions[report.decisions.index(last[0]) + 1 :] if last else ()
    shown = _say(" and ", language).join(models or by)
    if not after:
        return shown
    return _say("{brain}, from '{step}' on {other}", language, brain=shown, step=after[0].step, other=EMBEDDED)


def what_it_cost(usage: Usage, language: Language = "en") -> str:
    """Calls, tokens, waiting and money; money whose price nobody knows is said to be unknown, never nothing."""
    if usage.calls == 0:
        return _say("no model was asked", language)
    price = (
        _say("price unknown", language)
        if usage.money is None
        else _say("{money} by the price table", language, money=f"{usage.money:.4f}")
    )
    tokens = f"{usage.tokens:,}"
    counted = _say("about {tokens}", language, tokens=tokens) if usage.estimated else tokens
    return _say(
        "model calls: {calls}, tokens: {tokens}, {seconds} s, {price}",
        language,
        calls=str(usage.calls),
        tokens=counted,
        seconds=f"{usage.seconds:.1f}",
        price=price,
    )


def summary(report: Report, language: Language = "en") -> tuple[tuple[str, str], ...]:
    """The facts of how a case was decided: name of a word of the report, and text."""
    return (
        ("decided_by", who_decided(report, language)),
        *([("models", what_it_cost(report.usage, language))] if report.usage.calls else []),
        *(("left_out", text) for text in what_was_cut(report, language)),
        *(("differs", text) for text in what_differs(report, language)),
        *([("stability", told)] if (told := how_stable(report.stability, language)) else []),
    )


def how_decided(report: Report, language: Language = "en") -> tuple[Told, ...]:
    """Every decision, in the order they were taken."""
    texts = {item.id: localised(item.text, language) for item in report.hypotheses}
    return tuple(_told(item, report.hypotheses, texts, language) for item in report.decisions)


def what_was_cut(report: Report, language: Language = "en") -> tuple[str, ...]:
    """What budgets and limits left out."""
    return tuple(retold(item, language) for item in report.cut)


def what_differs(report: Report, language: Language = "en") -> tuple[str, ...]:
    """Each disagreement between the model and the evidence, and what it means for the case."""
    texts = {item.id: localised(item.text, language) for item in report.hypotheses}
    return tuple(_differs(item, texts, language) for item in report.disagreements)


def how_stable(stability: Stability | None, language: Language = "en") -> str | None:
    """Whether the case ended the same when it was run again with changes; None when it was run once."""
    if stability is None:
        return None
    runs = str(len(stability.variations))
    if stability.stable:
        return _say("run {runs} times with changes: it ends the same every time", language, runs=runs)
    ends = ", ".join(
        f"{localised(item.changed, language)}: {_disposition(item.disposition, language)}"
        for item in stability.variations
    )
    return _say(
        "run {runs} times with changes: it does not always end the same ({ends})", language, runs=runs, ends=ends
    )


def _told(decision: Decision, hypotheses: Sequence[Hypothesis], texts: Mapping[str, str], language: Language) -> Told:
    lines = list(_lines(decision, hypotheses, texts, language))
    if decision.usage.calls:
        lines.append(what_it_cost(decision.usage, language))
    notes = [retold(problem, language) for problem in decision.problems]
    if decision.fell_back:
        why = retold(decision.fell_back, language)
        notes.append(_say("The embedded brain decided in the model's place: {why}", language, why=why))
    return Told(_say(_STEPS[decision.step], language), decision.by, tuple(lines), tuple(notes))


def _lines(
    decision: Decision, hypotheses: Sequence[Hypothesis], texts: Mapping[str, str], language: Language
) -> Iterator[str]:
    try:
        choice = _FORMS[decision.step].model_validate(decision.answer)
    except ValidationError:
        yield _say("What was decided is kept in a form that cannot be read any more.", language)
        return
    if isinstance(choice, Plan):
        yield _say("Looks first at: {names}", language, names=_listed(choice.order))
        yield from _reads(choice, language)
    elif isinstance(choice, Assessment):
        yield from _assessed(choice, hypotheses, language)
    elif isinstance(choice, Challenge):
        yield _say("Argues for: {rival}", language, rival=texts.get(choice.rival, choice.rival))
        yield _say("Claims that speak for it: {names}", language, names=_listed(choice.argument))
        yield from _asks(choice.ask, language)
    elif isinstance(choice, Conclusion):
        yield from _concluded(choice, texts, language)


_FORMS: Final[Mapping[str, type[Choice]]] = {
    "plan": Plan,
    "assess": Assessment,
    "challenge": Challenge,
    "conclude": Conclusion,
}


def _assessed(choice: Assessment, hypotheses: Sequence[Hypothesis], language: Language) -> Iterator[str]:
    if choice.gap is None:
        yield _say("Nothing is left that would tell the explanations apart.", language)
    else:
        yield _say("Still open, in its words: “{gap}”", language, gap=_gap(choice.gap, hypotheses, language))
    yield from _asks(choice.ask, language)
    yield from _reads(choice, language)
    if choice.extra:
        yield _say("Points out: {names}", language, names=_listed([f"brain.{item.claim.id}" for item in choice.extra]))
    if choice.weighed:
        count = str(len({item.claim for item in choice.weighed}))
        yield _say("Claims that it weighs by itself, which moves nothing: {count}", language, count=count)


def _concluded(choice: Conclusion, texts: Mapping[str, str], language: Language) -> Iterator[str]:
    yield _say("Concludes: {disposition}", language, disposition=_disposition(choice.disposition, language))
    if choice.hypothesis is not None:
        yield _say("Holds to be true: {text}", language, text=texts.get(choice.hypothesis, choice.hypothesis))
    if choice.second is not None:
        again = _disposition(choice.second, language)
        yield _say("Asked again with the roles swapped: {disposition}", language, disposition=again)


def _asks(names: Sequence[str], language: Language) -> Iterator[str]:
    if names:
        yield _say("Asks: {names}", language, names=_listed(names))


def _reads(choice: Plan | Assessment, language: Language) -> Iterator[str]:
    """The reads of its own, each with its reason as the brain gave it."""
    for read in choice.reads:
        why = _say(", in its words: “{why}”", language, why=read.why) if read.why else ""
        yield _say("Looks by itself: {tool}", language, tool=read.tool) + why


def _gap(gap: str, hypotheses: Sequence[Hypothesis], language: Language) -> str:
    """A gap between two hypotheses said in that language; any other as it was written."""
    for first in hypotheses:
        for second in hypotheses:
            if gap == f"'{first.text}' or '{second.text}'":
                one, other = localised(first.text, language), localised(second.text, language)
                return _say("'{first}' or '{second}'", language, first=one, second=other)
    return gap


def _differs(item: Disagreement, texts: Mapping[str, str], language: Language) -> str:
    model, evidence = item.model_says, item.evidence_says
    if item.about == "hypothesis":
        return _say(
            "The model holds “{model}” to be true; the evidence fits “{evidence}” best.",
            language,
            model=texts.get(model, model),
            evidence=texts.get(evidence, evidence),
        )
    words = {"model": _disposition(model, language), "evidence": _disposition(evidence, language)}
    if item.about == "second_look":
        return _say(
            "Asked again with the roles swapped, the model says {model}; the evidence says {evidence}.",
            language,
            **words,
        )
    return _say("The model concludes {model}; the evidence says {evidence}.", language, **words)


def _disposition(name: str, language: Language) -> str:
    return word(name, language) if name in names() else name


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    rest = len(names) - LISTED
    shown = ", ".join(names[:LISTED]) or "–"
    return shown + (f" (+{rest})" if rest > 0 else "")


def _say(template: str, language: Language, **values: str) -> str:
    return localised(template, language).format_map(values)
