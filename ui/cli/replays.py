"""What `mcpsoc replay` and `mcpsoc compare` print."""

from collections.abc import Sequence
from typing import cast

from agent.models import Stability, Usage
from agent.replay.comparing import Comparison, Flip, Results
from agent.replay.difference import Change, Difference, Side
from agent.replay.variations import UNCHANGED
from agent.wording import Language
from agent.wording.retelling import retold
from ui.cli.catalogue import Catalogue
from ui.cli.output import say, write_line, write_table
from ui.cli.terms import inert, term
from ui.replays import Tell


def teller(t: Catalogue) -> Tell:
    """What a model will be sent is said on stderr, in the language of the catalogue."""
    return Tell(say, _language(t))


def print_difference(t: Catalogue, found: Difference) -> None:
    """A case then and now."""
    write_line(f"{found.case}  {inert(found.title)}")
    write_table(("", t("then"), t("now")), _sides(t, found.before, found.after))
    if (changed := found.playbook) is not None:
        write_line(t("the playbook is another one: {before}, now {after}", before=changed.before, after=changed.after))
    _print_list(t("findings that are gone"), found.findings_gone)
    _print_list(t("findings that are new"), found.findings_new)
    _print_list(t("questions that were not asked again"), found.questions_gone)
    _print_list(t("questions that were asked now and not then"), found.questions_new)
    _print_changes(t, t("decisions"), found.decisions)
    for item in found.unanswered:
        write_line(t("no stored answer: {question}", question=inert(f"{item.tool} {item.arguments}")))
    if not (found.verdict or found.findings_gone or found.findings_new):
        write_line(t("nothing is different: the same verdict on the same findings"))
    if found.stability is not None:
        print_stability(t, found.stability)


def print_stability(t: Catalogue, stability: Stability) -> None:
    """How every run ended."""
    headings = (t("changed"), t("verdict"), t("severity"), t("likely"), t("brain concluded"))
    rows = [
        (
            t("nothing") if item.changed == UNCHANGED else retold(item.changed, _language(t)),
            term(t, item.disposition),
            term(t, item.severity),
            f"{item.likelihood:.2f}",
            term(t, item.concluded),
        )
        for item in stability.variations
    ]
    write_table(headings, rows)
    count = len(stability.variations)
    if stability.stable:
        write_line(t("stable: {n} runs end the same way", n=count))
    else:
        write_line(
            t("not stable: {n} runs do not all end the same way; a verdict that closes goes to a person", n=count)
        )


def print_comparison(t: Catalogue, found: Comparison) -> None:
    """What flips, who is right, what it costs."""
    a, b = found.a, found.b
    write_line(t("{n} cases, {same} end in the same disposition", n=found.n, same=found.same))
    for flip in found.flips:
        _print_flip(t, flip, a.brain, b.brain)
    write_line("")
    if found.known:
        write_line(t("right end known of {n}: both right {both}, neither {neither}", n=found.known,
                     both=found.both_right, neither=found.neither_right))  # fmt: skip
        write_line(t("only A right (b): {b}; only B right (c): {c}", b=found.only_a_right, c=found.only_b_right))
        write_line(_lopsided(t, found))
    else:
        write_line(t("no right end is known: close cases with your own verdict to see who is right"))
    write_table(("", f"A {a.brain}", f"B {b.brain}"), _costs(t, a, b))
    if found.left_out:
        write_line(t("left out, since one side lacks them: {names}", names=inert(", ".join(found.left_out))))
    for name in found.attacks_closed_by_b:
        write_line(t("B closes a confirmed attack: {case}", case=inert(name)))


def _sides(t: Catalogue, before: Side, after: Side) -> list[tuple[str, str, str]]:
    language = _language(t)
    return [
        (t("brain"), _brain(t, before), _brain(t, after)),
        (t("verdict"), term(t, before.disposition), term(t, after.disposition)),
        (
            t("severity"),
            f"{term(t, before.severity)}, {before.priority}",
            f"{term(t, after.severity)}, {after.priority}",
        ),
        (t("likelihood"), f"{before.likelihood:.2f}", f"{after.likelihood:.2f}"),
        (t("outcome"), term(t, before.outcome), term(t, after.outcome)),
        (t("basis"), term(t, before.basis), term(t, after.basis)),
        (t("brain concluded"), term(t, before.concluded), term(t, after.concluded)),
        (t("what decided"), _decided(before.decided_by, language), _decided(after.decided_by, language)),
        (t("tool calls"), str(before.calls), str(after.calls)),
        (t("model"), _usage(t, before.usage), _usage(t, after.usage)),
        (t("seconds"), f"{before.seconds:.2f}", f"{after.seconds:.2f}"),
    ]


def _brain(t: Catalogue, side: Side) -> str:
    if not side.fell_back:
        return side.brain
    step, _, why = side.fell_back.partition(": ")
    return t("{brain}, from {step} on playbook: {why}", brain=side.brain, step=step, why=why)


def _print_flip(t: Catalogue, flip: Flip, a: str, b: str) -> None:
    """One case that ends otherwise, with both sides and what decided each."""
    expected = t("a person said: {verdict}", verdict=term(t, flip.expected)) if flip.expected else ""
    write_line(f"\n{flip.case}  {inert(flip.title)}{f' ({expected})' if expected else ''}")
    for name, verdict, decided in (
        (f"A {a}", flip.a, flip.a_decided_by),
        (f"B {b}", flip.b, flip.b_decided_by),
    ):
        why = f": {_decided(decided, _language(t))}" if decided else ""
        write_line(f"  {name}: {term(t, verdict)}{inert(why)}")


def _decided(text: str, language: Language) -> str:
    """A gate's name stays; its reason is told in the reader's language."""
    gate, mark, reason = text.partition(": ")
    return f"{gate}: {retold(reason, language)}" if mark and gate.isidentifier() else retold(text, language)


def _lopsided(t: Catalogue, found: Comparison) -> str:
    b, c = found.only_a_right, found.only_b_right
    if found.p_value is None:
        return t("neither is right where the other is wrong")
    who = "A" if b > c else "B"
    if b == c:
        return t("as often the one as the other")
    return t("{who} is right more often where they differ; chance alone gives a split like this with p = {p}",
             who=who, p=f"{found.p_value:.3g}")  # fmt: skip


def _costs(t: Catalogue, a: Results, b: Results) -> list[tuple[str, str, str]]:
    first, second = a.usage, b.usage
    return [
        (t("model calls"), str(first.calls), str(second.calls)),
        (t("tokens"), _tokens(t, first), _tokens(t, second)),
        (t("money"), _money(t, first), _money(t, second)),
        (t("seconds"), f"{sum(item.seconds for item in a.cases):.1f}", f"{sum(item.seconds for item in b.cases):.1f}"),
        (
            t("fell back to playbook"),
            str(sum(i.fell_back != "" for i in a.cases)),
            str(sum(i.fell_back != "" for i in b.cases)),
        ),
        (t("no stored answer"), str(sum(i.unanswered for i in a.cases)), str(sum(i.unanswered for i in b.cases))),
    ]


def _usage(t: Catalogue, usage: Usage) -> str:
    if not usage.calls:
        return t("not asked")
    return t("{calls} calls, {tokens} tokens, {money}", calls=usage.calls, tokens=_tokens(t, usage),
             money=_money(t, usage))  # fmt: skip


def _tokens(t: Catalogue, usage: Usage) -> str:
    return t("about {n}", n=usage.tokens) if usage.estimated else str(usage.tokens)


def _money(t: Catalogue, usage: Usage) -> str:
    return t("price unknown") if usage.money is None else f"{usage.money:.4f}"


def _print_list(title: str, names: Sequence[str]) -> None:
    if names:
        write_line(f"{title}: {inert(', '.join(names))}")


def _print_changes(t: Catalogue, title: str, changes: Sequence[Change]) -> None:
    if changes:
        write_table((title, t("then"), t("now")), [(item.what, item.before, item.after) for item in changes])


def _language(t: Catalogue) -> Language:
    return cast(Language, t.language)
