"""What the frame has to say above a page: that the world is simulated, what was just done, what went wrong."""

import logging
from typing import Final

import streamlit as st

from ui.api.client import ApiError
from ui.cli.catalogue import Catalogue, load
from ui.web.board import board
from ui.web.frame import Visit, visitor_language
from ui.web.icons import icon
from ui.web.inert import inert
from ui.web.markup import Html, el

log = logging.getLogger(__name__)

NOTICE: Final = "notice"
"""Key of the board that stands where a page would."""
SAID: Final = "said"
"""Where the session keeps what to say once, after something was done."""


def say(text: str) -> None:
    """Say something once, with the next drawing of the page. `text` is from a catalogue, its values inert."""
    st.session_state[SAID] = text


def draw(visit: Visit) -> None:
    """What stands above every page."""
    t = visit.t
    if visit.view.synthetic:
        told = t("Simulated enterprise: nothing here happened.")
        board(el("p", icon("flag"), told, class_="synthetic", role="note"), "world")
    tell()


def tell() -> None:
    """Say what was left to say; a part of a page that is drawn by itself asks for it by itself."""
    if (said := st.session_state.pop(SAID, None)) is not None:
        st.toast(inert(str(said)))


def signed_out(t: Catalogue) -> None:
    """Nobody is signed in."""
    board(
        empty(
            "shield",
            t("Sign in to MCPSoc"),
            t("Open the link that mcpsoc ui printed, or paste your token."),
            el("a", t("Sign in"), href="/enter", class_="button primary"),
        ),
        NOTICE,
    )


def failed(t: Catalogue, error: ApiError) -> None:
    """The API refused, or did not answer."""
    if error.status == 401:
        signed_out(t)
        return
    if error.code == "unreachable":
        lead = t("The service does not answer. Is `mcpsoc ui` still running?")
        board(empty("alarm", t("No answer"), lead), NOTICE)
        return
    board(empty("alarm", t("That did not work"), error.message, el("p", error.hint) if error.hint else None), NOTICE)


def broken(error: BaseException) -> bool:
    """A fault of ours while a page was drawn: the log has it, the page says that it is one. Returns True: it is dealt
    with."""
    log.error("page failed", exc_info=error)
    t = load(visitor_language())
    board(
        empty("alarm", t("This page has a fault"), t("The log of the page says which. Nothing was changed by it.")),
        NOTICE,
    )
    return True


def empty(drawing: str, title: str, lead: str, *more: Html | None) -> Html:
    """A place with nothing in it, and what to do about that."""
    return el("section", icon(drawing), el("h1", title), el("p", lead), *more, class_="empty")
