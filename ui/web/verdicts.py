"""The vocabulary of a verdict as marks: each has a shape and a word; its colour only repeats them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from agent.models import SEVERITIES, CaseStatus, Disposition, Priority, Severity
from ui.cli.catalogue import Catalogue
from ui.cli.terms import term
from ui.web.icons import icon
from ui.web.markup import Html, el

SHAPES: Final[Mapping[Priority, str]] = {
    "P1": "M10 1.5L18.5 10 10 18.5 1.5 10z",
    "P2": "M10 2.5l8.5 15h-17z",
    "P3": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
    "P4": "M3 8.5h14v3H3z",
}
"""A diamond, a triangle, a circle, a bar."""
DISPOSITIONS: Final[Mapping[Disposition, tuple[str, str]]] = {
    "true_positive": ("alarm", "red"),
    "needs_human": ("person", "amber"),
    "benign_true_positive": ("check", "teal"),
    "false_positive": ("cross", "green"),
    "not_evaluable": ("blind", "grey"),
}
"""Drawing and colour."""


def priority_mark(t: Catalogue, priority: Priority | None) -> Html:
    """The priority's shape and name."""
    if priority is None:
        return el("span", "–", class_="priority", title=t("not judged yet"))
    shape = el("svg", el("path", d=SHAPES[priority]), viewBox="0 0 20 20", class_="shape", aria_hidden="true")
    return el("span", shape, priority, class_=f"priority {priority}")


def disposition_mark(t: Catalogue, disposition: Disposition | None) -> Html:
    """The disposition's drawing and name."""
    if disposition is None:
        return el("span", t("not judged yet"), class_="chip")
    drawing, colour = DISPOSITIONS[disposition]
    return el("span", icon(drawing), term(t, disposition), class_=f"chip {colour}")


def severity_mark(t: Catalogue, severity: Severity) -> Html:
    """The severity's name, with as many bars as it is high."""
    height = SEVERITIES.index(severity)
    steps = (el("i", class_="on" if step <= height else None) for step in range(len(SEVERITIES)))
    bars = el("span", *steps, class_="bars", aria_hidden="true")
    return el("span", bars, term(t, severity), class_=f"severity {severity}")


def likelihood_mark(t: Catalogue, likelihood: float | None) -> Html:
    """The likelihood of malice in percent, with a bar as long."""
    if likelihood is None:
        return el("span", "–", title=t("not judged yet"))
    bar = el("span", el("i", width_pct=round(likelihood * 100)), class_="meter", aria_hidden="true")
    return el("span", el("span", percent(likelihood), class_="number"), bar, class_="likelihood")


def percent(likelihood: float) -> str:
    """A likelihood as people say it: nothing is certain."""
    if likelihood > 0.99:
        return "> 99 %"
    return "< 1 %" if likelihood < 0.01 else f"{round(likelihood * 100)} %"


def status_mark(t: Catalogue, status: CaseStatus) -> Html:
    """The status, with a circle that fills up."""
    return el("span", el("i", class_=f"state {status}", aria_hidden="true"), term(t, status), class_="standing")


def span_text(t: Catalogue, span: timedelta) -> str:
    """A length of time, rounded down to one unit."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 60:
        return t("{n} min", n=minutes)
    if minutes < 48 * 60:
        return t("{n} h", n=minutes // 60)
    return t("{n} d", n=minutes // (24 * 60))


def age_mark(t: Catalogue, since: datetime, now: datetime) -> Html:
    """How long ago something was."""
    return el("time", span_text(t, now - since), datetime=since.isoformat(), title=stamp(since))


def due_mark(t: Catalogue, due: datetime | None, now: datetime, status: CaseStatus, *, overdue: bool) -> Html:
    """Until when somebody has to take the case; overdue is said, not only shown."""
    if due is None or status in ("taken", "closed"):
        return el("span", "–", class_="soft", title=t("waits for nobody"))
    if overdue:
        text = t("{span} overdue", span=span_text(t, now - due))
        return el("time", icon("alarm"), text, class_="overdue", datetime=due.isoformat(), title=stamp(due))
    return el("time", t("in {span}", span=span_text(t, due - now)), datetime=due.isoformat(), title=stamp(due))


def stamp(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
