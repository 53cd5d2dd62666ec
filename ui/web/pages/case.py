"""One case: what happened, how sure that is and why, what was not seen, and what a person does about it."""

from functools import partial

import streamlit as st

from ui.api.client import ApiError
from ui.api.models import CaseView, SimilarCase
from ui.web import notices
from ui.web.board import board
from ui.web.case.claims import draw_claims
from ui.web.case.doing import do
from ui.web.case.grounds import draw_actions, draw_evidence_list, draw_gaps, draw_grounds
from ui.web.case.head import draw_head, draw_opening
from ui.web.case.matrix import draw_matrix
from ui.web.case.pictures import draw_entities, draw_timeline
from ui.web.case.rail import draw_rail
from ui.web.evidence import closed_address, draw_evidence
from ui.web.frame import Visit
from ui.web.markup import Html, el


def draw(visit: Visit) -> None:
    """Draw the case that the address names."""
    case_id = visit.asked("case")
    if not case_id:
        board(_none(visit), notices.NOTICE)
        return
    case = visit.api.case(visit.world, case_id, visit.language)
    doing = partial(do, visit, case.id)
    board(draw_head(visit, case), "head", doing)
    main, rail = st.columns([2.7, 1], gap="medium")
    with main:
        board(draw_main(visit, case), "main")
    with rail:
        board(draw_rail(visit, case, _similar(visit, case.id)), "rail", doing)
    _panel(visit, case.id)


def draw_main(visit: Visit, case: CaseView) -> Html:
    """The wide column, from the conclusion down to what it stands on."""
    t, opened = visit.t, visit.asked("evidence")
    parts = (
        draw_opening(visit, case),
        draw_gaps(t, case),
        draw_claims(t, case, opened),
        draw_actions(t, case, opened),
        draw_timeline(visit, case),
        draw_entities(visit, case),
        draw_matrix(t, case),
        draw_grounds(t, case),
        draw_evidence_list(t, case, opened),
    )
    return el("div", *parts, class_="stack case")


def _similar(visit: Visit, case_id: str) -> tuple[SimilarCase, ...]:
    return visit.api.similar(visit.world, case_id).similar


def _panel(visit: Visit, case_id: str) -> None:
    """The evidence that the address names, beside the page."""
    if not (evidence := visit.asked("evidence")):
        return
    try:
        view = visit.api.case_evidence(visit.world, case_id, evidence, visit.asked("path") or None)
    except ApiError as error:
        notices.failed(visit.t, error)
        return
    board(draw_evidence(visit.t, view), "panel", escape=closed_address())


def _none(visit: Visit) -> Html:
    t = visit.t
    link = el("a", t("To the queue"), href=visit.address("queue"), class_="button primary")
    return notices.empty("case", t("Which case?"), t("Choose one in the queue."), link)
