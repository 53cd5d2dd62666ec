"""What the verdict stands on: what was not seen, the gates it had to pass, parts of its likelihood, every answer."""

from agent.models import Contribution, Gap, GateResult, Verdict
from agent.wording.retelling import retold
from ui.api.models import ActionView, CaseView, EvidenceLine
from ui.cli.catalogue import Catalogue, spoken
from ui.cli.terms import term
from ui.web.case.claims import cite
from ui.web.case.decided import draw_decided
from ui.web.evidence import status_name
from ui.web.frame import address_with
from ui.web.icons import icon
from ui.web.markup import Html, el, join


def draw_gaps(t: Catalogue, case: CaseView) -> Html | None:
    """What was not seen, and the one query that would settle it."""
    if case.verdict is None:
        return None
    gaps = case.verdict.gaps
    if not gaps:
        none = el("p", icon("eye"), t("Every sensor that this kind of alert needs could look."), class_="seen")
        return el("section", el("header", el("h2", t("What was not seen"))), none, class_="panel", id="gaps")
    rows = (_gap(t, gap) for gap in gaps)
    title = el("header", el("h2", t("What was not seen")))
    return el("section", title, el("ul", *rows, class_="gaps"), class_="panel", id="gaps")


def _gap(t: Catalogue, gap: Gap) -> Html:
    required = el("span", t("required"), class_="chip amber") if gap.required else None
    name = el("p", icon("blind"), el("b", gap.sensor), required, el("span", gap.reason, class_="soft"))
    if gap.query is None:
        return el("li", name)
    copy = t("Copy")
    button = el(
        "button", icon("copy"), type="button", data_copy=gap.query, title=copy, aria_label=copy, class_="button plain"
    )
    asked = el(
        "p", el("span", t("would settle it"), class_="soft small"), el("code", gap.query), button, class_="query"
    )
    return el("li", name, asked)


def draw_actions(t: Catalogue, case: CaseView, opened: str) -> Html | None:
    """Changes that are proposed. Nothing was done."""
    if not case.actions:
        return None
    rows = (_action(t, action, opened) for action in case.actions)
    note = el("span", t("proposed; nothing was done"), class_="soft")
    title = el("header", el("h2", t("Containment")), note)
    return el("section", title, el("ul", *rows, class_="actions"), class_="panel", id="containment")


def _action(t: Catalogue, action: ActionView, opened: str) -> Html:
    targets = (
        el("span", *(el("bdi", leaf.text, class_="mono") for leaf in ref.values), cite(t, ref, opened))
        for ref in action.arguments
    )
    tool = el("code", action.tool.partition("__")[2] or action.tool, class_="soft")
    return el("li", icon("shield"), el("b", action.rationale), *targets, tool)


def draw_grounds(t: Catalogue, case: CaseView) -> Html | None:
    """The likelihood, the gates and the decisions, folded."""
    if case.verdict is None:
        return None
    parts = (_likelihood(t, case.verdict, case.evidence_weight), _gates(t, case.verdict), draw_decided(t, case))
    return el("section", el("header", el("h2", t("How the verdict was reached"))), *parts, class_="panel", id="grounds")


def _likelihood(t: Catalogue, verdict: Verdict, weight: float) -> Html:
    rows = [_part(item) for item in verdict.contributions]
    rows.append(_part(Contribution(group=t("evidence"), weight=weight, reason=t("all findings together"))))
    body = el("table", el("tbody", *rows), class_="parts")
    title = t("Likelihood, part by part: {n}", n=len(rows))
    return el("details", el("summary", title), el("div", body, class_="wide"), id="likelihood")


def _part(item: Contribution) -> Html:
    size = min(100, round(abs(item.weight) / 4 * 100))
    bar = el("span", el("i", width_pct=size), class_="plus" if item.weight > 0 else "minus")
    reason = join((el("bdi", item.reason), el("code", item.field, class_="soft") if item.field else None), " ")
    number = el("td", f"{item.weight:+.2f}", class_="number")
    return el("tr", el("th", item.group, scope="row"), number, el("td", bar, class_="bar"), el("td", reason))


def _gates(t: Catalogue, verdict: Verdict) -> Html:
    held = sum(not gate.passed for gate in verdict.gates)
    title = t("Gates: {passed} passed, {held} held back", passed=len(verdict.gates) - held, held=held)
    rows = el("ul", *(_gate(t, gate) for gate in verdict.gates), class_="gates")
    return el("details", el("summary", title), rows, id="gates", open=bool(held))


def _gate(t: Catalogue, gate: GateResult) -> Html:
    state = t("passed") if gate.passed else t("held back")
    changed = gate.before != gate.after
    became = t("{before} became {after}", before=term(t, gate.before), after=term(t, gate.after)) if changed else None
    return el(
        "li",
        icon("check" if gate.passed else "cross"),
        el("span", state, class_="unseen"),
        el("code", gate.gate),
        el("bdi", gate.reason),
        el("b", became) if became else None,
        class_="passed" if gate.passed else "held",
    )


def draw_evidence_list(t: Catalogue, case: CaseView, opened: str) -> Html:
    """Every question that was asked and how it was answered."""
    rows = (_evidence(t, item, opened) for item in case.evidence)
    note = t(
        "{n} questions in {rounds} rounds, {seconds} s", n=case.calls, rounds=case.rounds, seconds=f"{case.seconds:.2f}"
    )
    head = el("header", el("h2", t("Evidence")), el("span", note, class_="soft"))
    return el("section", head, el("ol", *rows, class_="evidence"), class_="panel", id="evidence")


def _evidence(t: Catalogue, item: EvidenceLine, opened: str) -> Html:
    link = el(
        "a",
        el("b", item.id, class_="cite"),
        el("code", item.tool),
        el("bdi", retold(item.error or item.summary, spoken(t)), class_="summary"),
        href=address_with(evidence=item.id, path=None),
        data_go=True,
        aria_current="true" if item.id == opened else None,
    )
    broken = el("span", icon("alarm"), t("hash does not fit"), class_="red") if not item.hash_fits else None
    status = el("span", status_name(t, item.status), class_=f"status {item.status}")
    return el("li", link, el("span", item.sensor or "", class_="soft sensor"), broken, status)
