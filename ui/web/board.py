"""A board: markup with links, buttons and forms that react without loading the page again.

The markup comes from `ui.web.markup`; board.js knows only the `data-` attributes listed at its top. Links are real,
so they can be opened in another tab, and everything is reached by the keyboard.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from agent.models import Model
from ui.web.markup import Html, el

SCRIPT: Final = Path(__file__).with_name("board.js")
PENDING: Final = "going_to"
"""Where the session keeps an address of another page until the script can go there."""


class Act(Model):
    """What a person did on a board."""

    name: str
    """`data-do` of the button or form."""
    value: str = ""
    """Value of the button."""
    fields: dict[str, str] = {}
    """What was filled into the form."""
    picked: tuple[str, ...] = ()
    """Rows that were picked on the board."""


Doing = Callable[[Act], None]


def board(html: Html, key: str, doing: Doing | None = None, escape: str | None = None) -> None:
    """Show markup; `doing` is told what a person does on it, before the page is drawn again.

    `escape` is the address the Escape key goes to."""
    if not isinstance(html, Html):
        raise TypeError("only what `el` built is markup")
    if PENDING in st.session_state:
        st.rerun()  # a part that draws itself alone cannot change the page: the whole script has to
    _component()(
        key=key,
        data={"html": str(html), "escape": escape},
        on_go_change=partial(_went, key),
        on_act_change=partial(_did, key, doing),
    )


@cache
def _component() -> ComponentRenderer:
    """The component, known to Streamlit under one name."""
    return st.components.v2.component(
        "mcpsoc_board", html=str(el("div", class_="board")), js=SCRIPT.read_text(encoding="utf-8"), isolate_styles=False
    )


def go(address: str) -> None:
    """Go to an address of this page: its parameters at once, another page as soon as the script draws."""
    place = urlsplit(address)
    here = urlsplit(st.context.url or "").path.rstrip("/") or "/"
    if (place.path.rstrip("/") or "/") == here:
        st.query_params.from_dict(dict(parse_qsl(place.query)))
    else:
        st.session_state[PENDING] = address


def _went(key: str) -> None:
    go(str(st.session_state[key]["go"]))


def _did(key: str, doing: Doing | None) -> None:
    if doing is not None:
        doing(Act.model_validate(st.session_state[key]["act"]))
