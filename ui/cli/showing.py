"""How cases are printed for a person."""

from collections.abc import Sequence

from agent.cases.queries import CaseSummary
from agent.cases.report.deciding import how_stable, what_differs, what_it_cost, what_was_cut, who_decided
from agent.cases.resemblance import ending, reasons
from agent.cases.similar import Similar
from agent.cases.telling import told
from agent.models import Case, Evidence, Report
from agent.wording.retelling import retold
from ui.cli.catalogue import Catalogue, spoken
from ui.cli.output import write_json, write_line, write_table
from ui.cli.terms import inert, term
from ui.rows import queue_row


def print_queue(t: Catalogue, cases: tuple[CaseSummary, ...]) -> None:
    """The queue as a table."""
    if not cases:
        write_line(t("no cases"))
        return
    headings = (t("case"), t("prio"), t("verdict"), t("severity"), t("likely"), t("status"), t("alerts"), t("title"))
    write_table(
        headings,
        [
            (
                case.id,
                case.priority or "",
                term(t, case.human_disposition or case.disposition),
                term(t, case.severity),
                "" if case.likelihood is None else f"{case.likelihood:.2f}",
                term(t, case.status),
                str(case.alerts + case.repeats),
                case.title,
            )
            for case in cases
        ],
    )


def print_change(t: Catalogue, case: Case, *, as_json: bool) -> None:
    """A case after somebody changed it."""
    if as_json:
        write_json(queue_row(case))
    else:
        owner = case.owner or t("nobody")
        write_line(t("{id} is {status}, with {owner}", id=case.id, status=term(t, case.status), owner=inert(owner)))


def print_case(t: Catalogue, case: Case, alike: Sequence[Similar] = ()) -> None:
    """All that matters about one case, on one or two screens, in the language of the catalogue."""
    kept, case = case.report, told(case, spoken(t))
    if case.synthetic:
        write_line(t("SYNTHETIC: this case is about the simulated enterprise"))
    write_line(f"{case.id}  {inert(case.title)}")
    write_line(t("status: {status}, owner: {owner}", status=term(t, case.status), owner=inert(case.owner or "-")))
    if case.report is None or kept is None:
        write_line(t("not investigated yet"))
    else:
        _print_report(t, case.report)
        _print_asked(t, case.evidence)
        _print_decided(t, kept)
    for note in case.notes:
        write_line(t("note, {at}, {author}: {text}", at=f"{note.at:%Y-%m-%d %H:%M}", author=inert(note.author),
                     text=inert(note.text)))  # fmt: skip
    if case.human is not None:
        verdict, reason = term(t, case.human.disposition), case.human.reason_code
        write_line(t("closed by {author}: {verdict} ({reason})", author=inert(case.human.author), verdict=verdict,
                     reason=reason))  # fmt: skip
    _print_similar(t, alike)


def _print_similar(t: Catalogue, alike: Sequence[Similar]) -> None:
    """Cases like this one, why, and how they ended."""
    if not alike:
        return
    language = spoken(t)
    write_line("")
    write_line(t("similar cases (context, never evidence)"))
    for item in alike:
        write_line(f"  {item.score:.2f}  {item.id}  {inert(item.title)}")
        write_line(f"        {ending(item, language)}")
        write_line(f"        {'; '.join(reasons(item, language))}")


def _print_report(t: Catalogue, report: Report) -> None:
    verdict, opening = report.verdict, report.opening
    for name, text in (
        (t("what happened"), opening.what_happened),
        (t("did it work"), opening.did_it_work),
        (t("who and where"), opening.who_and_where),
        (t("still going on"), opening.still_going_on),
        (t("what to do now"), opening.what_to_do_now),
    ):
        write_line(f"{name}: {inert(text)}")
    write_line("")
    for name, text in (
        (t("verdict"), term(t, verdict.disposition)),
        (t("severity"), f"{term(t, verdict.severity)}, {verdict.priority}"),
        (t("likelihood"), f"{verdict.likelihood:.2f}"),
        (t("outcome"), term(t, verdict.outcome)),
        (t("basis"), term(t, verdict.basis)),
        (t("techniques"), " ".join(verdict.techniques)),
        (t("reason"), verdict.reason),
    ):
        write_line(f"{name}: {inert(text)}")
    _print_reasons(t, report)


def _print_reasons(t: Catalogue, report: Report) -> None:
    write_line("")
    write_line(t("hypotheses"))
    for hypothesis in report.hypotheses:
        weight = sum(finding.weights.get(hypothesis.id, 0.0) for finding in report.findings)
        write_line(f"  {weight:+5.1f}  {inert(hypothesis.text)}")
    write_line(t("claims"))
    marks = {"verified": "+", "struck": "-", "unchecked": "?"}
    for claim in report.claims:
        why = f" ({claim.struck_because})" if claim.struck_because else ""
        write_line(f"  {marks[claim.status]} {claim.id}  {inert(claim.text + why)}")
    for gate in report.verdict.gates:
        if not gate.passed:
            write_line(t("gate {gate}: {reason}", gate=gate.gate, reason=inert(gate.reason)))
    for gap in report.verdict.gaps:
        write_line(t("gap, {sensor}: {reason}", sensor=inert(gap.sensor), reason=inert(gap.reason)))
        if gap.query:
            write_line(f"  {inert(gap.query)}")


def _print_asked(t: Catalogue, evidence: Sequence[Evidence]) -> None:
    """Every question and what came of it: what a product said, and which one could not be asked."""
    write_line("")
    write_line(t("what was asked"))
    for item in evidence:
        said = retold(item.error or item.summary, spoken(t))
        write_line(f"  {item.id:>3} {inert(item.tool)}  {term(t, item.status)}: {inert(said)}")


def _print_decided(t: Catalogue, report: Report) -> None:
    """Who decided, at what cost, what was left out, and what the model saw otherwise."""
    language = spoken(t)
    write_line("")
    write_line(t("decided by: {brain}", brain=inert(who_decided(report, language))))
    if report.usage.calls:
        write_line(t("models: {cost}", cost=what_it_cost(report.usage, language)))
    for why in dict.fromkeys(item.fell_back for item in report.decisions if item.fell_back):
        write_line(t("the embedded brain stood in: {why}", why=inert(retold(why, language))))
    for cut in what_was_cut(report, language):
        write_line(t("left out: {what}", what=inert(cut)))
    for text in what_differs(report, language):
        write_line(t("differs: {what}", what=inert(text)))
    if (stable := how_stable(report.stability, language)) is not None:
        write_line(t("stability: {what}", what=inert(stable)))
