"""What a person may do next: readings and questions to ask, and changes that go the way such a change always goes."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from agent.conversation.models import Answer, Proposal, Reading
from ui.api.models import ReasonCode
from ui.cli.catalogue import Catalogue
from ui.web.case.buttons import reason_name
from ui.web.chat.turns import draw_cite
from ui.web.evidence import place_name
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el

ASK: Final = "ask"
PERMISSIONS: Final[Mapping[str, str]] = {
    "take": "case.take",
    "note": "case.note",
    "close": "case.close",
    "reopen": "case.reopen",
    "hunt": "chat.ask",
    "action": "case.read",
}
"""What somebody needs for each kind of proposal."""


def draw_next(visit: Visit, answer: Answer) -> Html:
    """All that an answer offers."""
    return el(
        "div",
        _readings(visit.t, answer.readings),
        _proposals(visit, answer.proposals),
        _suggestions(visit.t, answer.suggestions),
        class_="next",
    )


def ask_button(question: str, label: str | None = None) -> Html:
    """A button that asks."""
    return el("button", label or question, type="button", data_do=ASK, value=question, class_="button")


def _readings(t: Catalogue, readings: Sequence[Reading]) -> Html | None:
    if not readings:
        return None
    buttons = (ask_button(reading.question, reading.label) for reading in readings)
    return el("div", el("h3", t("Which one is meant?")), *buttons, class_="readings", role="group")


def _suggestions(t: Catalogue, suggestions: Sequence[str]) -> Html | None:
    if not suggestions:
        return None
    buttons = (ask_button(question) for question in suggestions[:3])
    return el("div", el("h3", t("Next questions")), *buttons, class_="suggestions", role="group")


def _proposals(visit: Visit, proposals: Sequence[Proposal]) -> Html | None:
    allowed = [proposal for proposal in proposals if visit.may(PERMISSIONS[proposal.kind])]
    if not allowed:
        return None
    parts = (_proposal(visit.t, place, proposal) for place, proposal in enumerate(allowed))
    return el("div", el("h3", visit.t("Proposed")), *parts, class_="proposals", role="group")


def _proposal(t: Catalogue, place: int, proposal: Proposal) -> Html:
    if proposal.kind == "hunt":
        return ask_button(proposal.text or proposal.label, proposal.label)
    if proposal.kind == "take":
        return el(
            "button",
            icon("person"),
            proposal.label,
            type="button",
            data_do="take",
            value=proposal.case_id,
            class_="button",
        )
    bodies = {"note": _note, "close": _close, "reopen": _reopen, "action": _action}
    return el(
        "details",
        el("summary", icon("flag" if proposal.kind == "action" else "note"), proposal.label, class_="button"),
        bodies[proposal.kind](t, proposal),
        id=f"proposal-{place}",
    )


def _note(t: Catalogue, proposal: Proposal) -> Html:
    field = el("textarea", proposal.text, name="text", rows=3, required=True)
    return _form("note", proposal, el("label", t("Note"), field, class_="field"), _submit(t("Add the note")))


def _reopen(t: Catalogue, proposal: Proposal) -> Html:
    field = el("textarea", proposal.text, name="why", rows=2, required=True)
    return _form("reopen", proposal, el("label", t("Why"), field, class_="field"), _submit(t("Reopen the case")))


def _close(t: Catalogue, proposal: Proposal) -> Html:
    options = (
        el("option", reason_name(t, code), value=code, selected=code == proposal.reason_code)
        for code in get_args(ReasonCode)
    )
    reasons = el("select", *options, name="reason_code", required=True)
    field = el("textarea", proposal.text, name="note", rows=2)
    labels = (el("label", t("Reason"), reasons, class_="field"), el("label", t("Note"), field, class_="field"))
    return _form("close", proposal, *labels, _submit(t("Close the case")))


def _action(t: Catalogue, proposal: Proposal) -> Html:
    """A change at a product: what it would be called with, as handles into the evidence."""
    rows = (
        el("li", el("b", name), " = ", draw_cite(t, ref, f"{ref.evidence} {place_name(ref.path)}"))
        for name, ref in sorted(proposal.arguments.items())
    )
    return el(
        "div",
        el("code", proposal.tool or ""),
        el("ul", *rows),
        el("p", t("The values are read from the evidence when it is carried out, never from this text.")),
        el("p", t("This version proposes changes and carries none out: do it at the product itself.")),
        class_="action",
    )


def _form(name: str, proposal: Proposal, *fields: Html) -> Html:
    return el("form", *fields, data_do=name, data_value=proposal.case_id)


def _submit(label: str) -> Html:
    return el("button", label, class_="button primary")
