"""The buttons of a case and the forms behind them. Which of them there are, the person's permissions say."""

from typing import Final, get_args

from agent.cases.lifecycle import REASONS
from ui.api.models import CaseView, ReasonCode
from ui.cli.catalogue import Catalogue
from ui.cli.terms import term
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el

LONGEST: Final = 10_000
"""Characters of a note; the API takes no more."""


def draw_buttons(visit: Visit, case: CaseView) -> Html:
    """What a person may do now: ask always, take what is not theirs, close what is open, reopen what is closed."""
    t = visit.t
    closed = case.status == "closed"
    take = el("button", icon("flag"), t("Take"), type="button", data_do="take", class_="button primary")
    question = el(
        "a",
        icon("chat"),
        t("Ask about this case"),
        href=visit.address("chat", case=case.id),
        data_go=True,
        class_="button",
    )
    return el(
        "div",
        take if visit.may("case.take") and not closed and case.owner is None else None,
        _closing(t) if visit.may("case.close") and not closed else None,
        _reopening(t) if visit.may("case.reopen") and closed else None,
        question,
        class_="doing",
        role="group",
        aria_label=t("What to do with this case"),
    )


def _closing(t: Catalogue) -> Html:
    reasons = (
        el("option", f"{reason_name(t, code)} ({term(t, REASONS[code])})", value=code) for code in get_args(ReasonCode)
    )
    first = el("option", t("Choose a reason"), value="")
    choices = (el("option", term(t, item), value=item) for item in dict.fromkeys(REASONS.values()))
    usual = el("option", t("as the reason says"), value="")
    form = el(
        "form",
        _field(t("Reason"), "closing-reason"),
        el("select", first, *reasons, name="reason_code", id="closing-reason", required=True),
        _field(t("Disposition"), "closing-disposition"),
        el("select", usual, *choices, name="disposition", id="closing-disposition"),
        _field(t("Note"), "closing-note"),
        el("textarea", name="note", id="closing-note", rows=3, maxlength=LONGEST),
        el("button", icon("check"), t("Close the case"), type="submit", class_="button primary"),
        data_do="close",
        id="closing",
    )
    return _unfolding("close", "check", t("Close with a reason"), form)


def _reopening(t: Catalogue) -> Html:
    form = el(
        "form",
        _field(t("Why"), "reopening-why"),
        el("textarea", name="why", id="reopening-why", rows=2, required=True, maxlength=LONGEST),
        el("button", icon("reopen"), t("Open it again"), type="submit", class_="button primary"),
        data_do="reopen",
        id="reopening",
    )
    return _unfolding("reopen", "reopen", t("Reopen"), form)


def _field(name: str, control: str) -> Html:
    return el("label", name, for_=control, class_="field")


def _unfolding(name: str, drawing: str, title: str, form: Html) -> Html:
    return el("details", el("summary", icon(drawing), title, class_="button"), form, id=f"do-{name}", class_="unfold")


def reason_name(t: Catalogue, code: str) -> str:
    """Why a case was closed, in words."""
    names = {
        "rule_logic": t("the rule is too broad"),
        "bad_data": t("the data was wrong"),
        "bad_intel": t("the intelligence was wrong"),
        "authorised_test": t("an authorised test"),
        "admin_work": t("administrators at work"),
        "business_software": t("business software"),
        "confirmed_attack": t("a confirmed attack"),
    }
    return names.get(code, code)
