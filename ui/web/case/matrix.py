"""The hypotheses against the findings: what speaks for which explanation, and by how much."""

from collections.abc import Mapping
from typing import Final

from agent.models import HypothesisKind
from ui.api.models import CaseView, Cell, FindingView, HypothesisView
from ui.cli.catalogue import Catalogue
from ui.web.evidence import class_mark
from ui.web.markup import Html, el

COLOURS: Final[Mapping[HypothesisKind, str]] = {"malicious": "red", "authorised": "teal", "benign": "green"}


def draw_matrix(t: Catalogue, case: CaseView) -> Html | None:
    """The table; None without findings."""
    if not case.findings or not case.hypotheses:
        return None
    head = el("tr", el("th", t("Finding"), scope="col"), *(_column(t, item) for item in case.hypotheses))
    body = (_row(t, finding) for finding in case.findings)
    totals = (el("td", f"{item.score:+.1f}", class_="leading" if item.leading else None) for item in case.hypotheses)
    foot = el("tr", el("th", t("Sum"), scope="row"), *totals)
    table = el("table", el("thead", head), el("tbody", *body), el("tfoot", foot), class_="matrix")
    note = el("span", t("+ speaks for it, − against it; text an attacker may have written never lowers"), class_="soft")
    wide = el("div", table, class_="wide", tabindex=0, role="region", aria_label=t("Hypotheses"))
    return el("section", el("header", el("h2", t("Hypotheses")), note), wide, class_="panel", id="hypotheses")


def _column(t: Catalogue, item: HypothesisView) -> Html:
    kinds: Mapping[HypothesisKind, str] = {
        "malicious": t("malicious"),
        "authorised": t("authorised"),
        "benign": t("benign"),
    }
    kind = el("small", kinds[item.kind], class_=COLOURS[item.kind])
    leads = el("small", t("fits best"), class_="chip blue") if item.leading else None
    return el("th", kind, el("bdi", item.text), leads, scope="col", class_="leading" if item.leading else None)


def _row(t: Catalogue, finding: FindingView) -> Html:
    text = el("del", el("bdi", finding.text)) if finding.struck else el("bdi", finding.text)
    under = el("span", class_mark(t, finding.provenance), el("span", ", ".join(finding.sensors)), class_="under")
    return el("tr", el("th", text, under, scope="row"), *(_cell(t, cell) for cell in finding.cells))


def _cell(t: Catalogue, cell: Cell) -> Html:
    if cell.tone == "none":
        given = el("s", f"{cell.given:+.1f}", title=t("given by the playbook, not counted")) if cell.given else "·"
        return el("td", given, class_="zero")
    decides = el("small", t("decides")) if cell.decides else None
    return el("td", f"{cell.weight:+.1f}", decides, class_=cell.tone)
