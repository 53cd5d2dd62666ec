"""The script Streamlit runs for every look at the page: who is it, which world and language, which page."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from agent.models import World
from ui.api.client import ApiClient, ApiError
from ui.api.models import Me
from ui.cli.catalogue import Catalogue, load
from ui.web import notices
from ui.web.board import PENDING
from ui.web.client import client
from ui.web.frame import PATHS, PageName, Showing, Visit, visitor_language
from ui.web.looks import ICON, STYLES
from ui.web.pages import case, chat, knowledge, queue, servers
from ui.web.sidebar import draw_sidebar, page_title

PAGES: Final[Mapping[PageName, Showing]] = {
    "queue": queue.draw,
    "case": case.draw,
    "chat": chat.draw,
    "servers": servers.draw,
    "knowledge": knowledge.draw,
}


def main() -> None:
    """Draw the page that was asked for."""
    st.set_page_config(page_icon=str(ICON), layout="wide", menu_items={})
    for sheet in STYLES:
        st.html(sheet)
    t = load(visitor_language())
    pages: dict[PageName, st.Page] = {
        name: st.Page(
            partial(_draw, name, t), title=f"{page_title(t, name)} · MCPSoc", url_path=name, default=name == "queue"
        )
        for name in PAGES
    }
    chosen = st.navigation(list(pages.values()), position="hidden")
    if (address := st.session_state.pop(PENDING, None)) is not None:
        _switch(pages, str(address))
    chosen.run()


def _draw(name: PageName, t: Catalogue) -> None:
    """One page, or why there is none."""
    api = client()
    if api is None:
        notices.signed_out(t)
        return
    try:
        visit = _visit(api, t)
        draw_sidebar(visit, name)
        notices.draw(visit)
        PAGES[name](visit)
    except ApiError as error:
        notices.failed(t, error)


def _switch(pages: Mapping[PageName, st.Page], address: str) -> None:
    place = urlsplit(address)
    name: PageName = next((name for name, path in PATHS.items() if path == place.path), "queue")
    st.switch_page(pages[name], query_params=dict(parse_qsl(place.query)))


def _visit(api: ApiClient, t: Catalogue) -> Visit:
    me = api.me()
    return Visit(api, me, _world(me), t)


def _world(me: Me) -> World:
    asked = st.query_params.get("world", "")
    return next((view.world for view in me.worlds if view.world == asked), me.default_world)


if __name__ == "__main__":
    main()
