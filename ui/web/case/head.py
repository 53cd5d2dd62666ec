"""The head of a case: which one, what was concluded, the five lines it opens with, and whether all of it holds."""

from collections.abc import Mapping
from typing import Final

from agent.models import Verdict
from ui.api.models import CaseView, Proof
from ui.cli.catalogue import Catalogue
from ui.cli.terms import term
from ui.web.case.buttons import draw_buttons, reason_name
from ui.web.case.decided import draw_decided_line
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el
from ui.web.verdicts import disposition_mark, due_mark, likelihood_mark, priority_mark, severity_mark, span_text, stamp
from ui.web.verdicts import status_mark as standing

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "succeeded": ("alarm", "red"),
    "attempted": ("arrow", "amber"),
    "blocked": ("shield", "green"),
    "unknown": ("blind", ""),
}
"""Drawing and colour."""
BASES: Final[Mapping[str, int]] = {"full": 3, "partial": 2, "single_source": 1, "alert_only": 0}
"""How many of three squares are filled: how much the verdict stands on."""


def draw_head(visit: Visit, case: CaseView) -> Html:
    """Everything above the two columns."""
    t = visit.t
    return el(
        "header",
        _line(visit, case),
        el("div", el("h1", el("bdi", case.title)), draw_buttons(visit, case), class_="title"),
        _verdict(t, case.verdict) if case.verdict else None,
        draw_decided_line(t, case),
        _person(visit, case),
        _proof(t, case.proof),
        class_="case-head",
    )


def _line(visit: Visit, case: CaseView) -> Html:
    t = visit.t
    back = el("a", icon("back"), t("Queue"), href=visit.address("queue"), data_go=True, class_="back")
    owner = el("span", icon("person"), el("bdi", case.owner)) if case.owner else None
    age = el(
        "time", t("opened {span} ago", span=span_text(t, case.now - case.created_at)), title=stamp(case.created_at)
    )
    due = due_mark(t, case.due_at, case.now, case.status, overdue=case.overdue)
    waiting = el("span", icon("clock"), t("Due"), due) if case.status not in ("taken", "closed") else None
    return el("p", back, el("b", case.id), standing(t, case.status), owner, age, waiting, class_="line")


def _verdict(t: Catalogue, verdict: Verdict) -> Html:
    drawing, colour = OUTCOMES[verdict.outcome]
    outcome = el("span", icon(drawing), term(t, verdict.outcome), class_=f"mark {colour}")
    cells = (
        (t("Priority"), priority_mark(t, verdict.priority)),
        (t("Disposition"), disposition_mark(t, verdict.disposition)),
        (t("Severity"), severity_mark(t, verdict.severity)),
        (t("Likelihood"), likelihood_mark(t, verdict.likelihood)),
        (t("Outcome"), outcome),
        (t("Basis"), _basis(t, verdict.basis)),
    )
    return el("dl", *(el("div", el("dt", name), el("dd", mark)) for name, mark in cells), class_="verdict")


def _basis(t: Catalogue, basis: str) -> Html:
    squares = (el("i", class_="on" if step < BASES[basis] else None) for step in range(3))
    return el("span", el("span", *squares, class_="squares", aria_hidden="true"), term(t, basis), class_="mark")


def _person(visit: Visit, case: CaseView) -> Html | None:
    """How a person closed it: beside the machine's verdict, never in its place."""
    if case.human is None:
        return None
    t, human = visit.t, case.human
    said = t("Closed by {person} on {time}", person=human.author, time=stamp(human.at))
    note = el("bdi", human.note, class_="soft") if human.note else None
    return el(
        "p",
        icon("person"),
        el("span", said),
        disposition_mark(t, human.disposition),
        el("span", reason_name(t, human.reason_code), class_="chip line"),
        note,
        class_="human",
    )


def _proof(t: Catalogue, proof: Proof) -> Html:
    """What was found when everything was run again for this very page."""
    total = proof.claims - proof.struck
    claims = t("{verified} of {total} claims hold when run again", verified=proof.verified, total=total)
    hashes = t("{good} of {total} answers fit their hash", good=proof.hashes, total=proof.evidence)
    struck = el("span", t("{n} struck", n=proof.struck), class_="amber") if proof.struck else None
    broken = el("b", t("This case does not hold any more.")) if not proof.whole else None
    parts = (icon("check" if proof.whole else "alarm"), broken, el("span", claims), el("span", hashes), struck)
    return el("p", *parts, class_="proof" if proof.whole else "proof broken", role=None if proof.whole else "alert")


def draw_opening(visit: Visit, case: CaseView) -> Html:
    """The five lines, and the sentence that decided."""
    t, opening = visit.t, case.opening
    if opening is None or case.verdict is None:
        return el(
            "section", el("h2", t("Not investigated yet")), el("p", t("Nobody has looked at this.")), class_="panel"
        )
    rows = (
        (t("What happened"), opening.what_happened),
        (t("Did it work"), opening.did_it_work),
        (t("Who and where"), opening.who_and_where),
        (t("Still going on"), opening.still_going_on),
        (t("What to do now"), opening.what_to_do_now),
    )
    lines = el("dl", *(el("div", el("dt", name), el("dd", el("bdi", text))) for name, text in rows), class_="opening")
    because = el("p", el("b", t("Decided by")), " ", el("bdi", case.verdict.reason), class_="because")
    return el("section", lines, because, _authorised(t, case.verdict), class_="panel first")


def _authorised(t: Catalogue, verdict: Verdict) -> Html | None:
    if verdict.authorisation is None:
        return None
    text = t("Covered by entry {entry} of the register of authorised work.", entry=verdict.authorisation)
    return el("p", icon("check"), text, class_="authorised")
