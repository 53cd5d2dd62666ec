"""What the SOC has written down, and what others have: search that opens at the section, the documents, one section."""

import streamlit as st

from ui.api.client import ApiError
from ui.web.board import board
from ui.web.frame import Visit
from ui.web.knowledge.asking import Asked, draw_asking
from ui.web.knowledge.listing import ROWS, draw_documents, draw_waiting
from ui.web.knowledge.reading import draw_section
from ui.web.knowledge.results import draw_hits
from ui.web.markup import Html, el
from ui.web.notices import empty


def draw(visit: Visit) -> None:
    """Draw the page for a visit."""
    asked = Asked.read(st.query_params.to_dict())
    parts = el(
        "div", el("h1", visit.t("Knowledge")), draw_asking(visit.t, asked), _body(visit, asked), class_="knowledge"
    )
    board(parts, "knowledge")


def _body(visit: Visit, asked: Asked) -> Html:
    """The section or document that is opened, what was searched for, or the list."""
    if visit.asked("section") or visit.asked("document"):
        return _opened(visit)
    if asked.query:
        found = visit.api.search_knowledge(
            visit.world, asked.query, 20, kind=asked.kind, language=asked.language, whose=asked.whose
        )
        return draw_hits(visit.t, asked.query, found)
    documents = visit.api.documents(
        visit.world, kind=asked.kind, language=asked.language, whose=asked.whose, limit=ROWS, offset=asked.start
    )
    listed = draw_documents(visit.t, asked, documents)
    return listed if asked.narrowed or asked.start else el("div", _waiting(visit), listed, class_="listing")


def _opened(visit: Visit) -> Html:
    """A section; of a document its first one."""
    try:
        section = visit.asked("section") or visit.api.document(visit.world, visit.asked("document")).sections[0].id
        return draw_section(visit.t, visit.api.section(visit.world, section))
    except ApiError as error:
        if error.status != 404:
            raise
        lead = visit.t("It was renamed or taken out, or you may not read it. Search for it, or look through the list.")
        return empty("knowledge", visit.t("There is no such section"), lead)


def _waiting(visit: Visit) -> Html | None:
    notes = visit.api.documents(visit.world, kind="note", whose="outside", limit=ROWS)
    return draw_waiting(visit.t, notes.documents)
