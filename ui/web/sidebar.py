"""The side of every page: where one can go, which world and language, light or dark, and who is signed in."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from agent.models import World
from ui.cli.catalogue import Catalogue
from ui.web.board import board
from ui.web.frame import PATHS, PageName, Visit, address_with
from ui.web.icons import icon
from ui.web.markup import Html, el, join

LANGUAGE_NAMES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}
"""Each language in its own words."""


def page_title(t: Catalogue, page: PageName) -> str:
    """Name of a page in the reader's language."""
    names: Mapping[PageName, str] = {
        "queue": t("Queue"),
        "case": t("Case"),
        "chat": t("Ask"),
        "servers": t("Servers"),
        "knowledge": t("Knowledge"),
    }
    return names[page]


def world_name(t: Catalogue, world: World) -> str:
    """A world as a person calls it."""
    return t("Your site") if world == "site" else t("Simulated enterprise")


def draw_sidebar(visit: Visit, page: PageName) -> None:
    """The side of the page `page`."""
    with st.sidebar:
        board(sidebar(visit, page), key="sidebar")


def sidebar(visit: Visit, page: PageName) -> Html:
    """Its markup."""
    return el("div", _brand(visit), _pages(visit, page), _worlds(visit), _foot(visit), class_="side")


def _brand(visit: Visit) -> Html:
    return el("a", icon("shield"), el("span", "MCPSoc"), href=visit.address("queue"), data_go=True, class_="brand")


def _pages(visit: Visit, page: PageName) -> Html:
    """A case is part of the queue; the page of one case has no entry of its own."""
    shown: tuple[PageName, ...] = ("queue", "chat", "servers", "knowledge")
    here = "queue" if page == "case" else page
    return el(
        "nav",
        *(
            el(
                "a",
                icon(name),
                el("span", page_title(visit.t, name)),
                el("b", str(visit.view.open), title=visit.t("cases that are not closed")) if name == "queue" else None,
                href=visit.address(name),
                data_go=True,
                aria_current="page" if name == here else None,
            )
            for name in shown
        ),
        class_="pages",
        aria_label=visit.t("Pages"),
    )


def _worlds(visit: Visit) -> Html:
    t = visit.t
    choices = (
        el(
            "a",
            el("span", world_name(t, view.world)),
            el("b", str(view.open)),
            href=f"{PATHS['queue']}?world={view.world}&lang={visit.language}",
            data_go=True,
            aria_current="true" if view.world == visit.world else None,
        )
        for view in visit.me.worlds
    )
    return el("nav", el("h2", t("World")), *choices, class_="worlds", aria_label=t("World"))


def _foot(visit: Visit) -> Html:
    t = visit.t
    return el("div", _languages(visit), _themes(t), _person(visit), class_="foot")


def _languages(visit: Visit) -> Html:
    choices = (
        el(
            "a",
            name,
            href=address_with(lang=code),
            data_go=True,
            lang=code,
            aria_current="true" if code == visit.language else None,
        )
        for code, name in LANGUAGE_NAMES.items()
    )
    return el("nav", *choices, class_="choice", aria_label=visit.t("Language"))


def _themes(t: Catalogue) -> Html:
    choices = {"Light": ("sun", t("Light")), "Dark": ("moon", t("Dark")), "System": ("auto", t("As the system has it"))}
    paths = " ".join(PATHS.values())
    buttons = (
        el(
            "button",
            icon(drawing),
            title=name,
            aria_label=name,
            data_theme_choice=choice,
            data_theme_paths=paths,
            type="button",
        )
        for choice, (drawing, name) in choices.items()
    )
    return el("div", *buttons, class_="choice themes", role="group", aria_label=t("Colours"))


def _person(visit: Visit) -> Html:
    t = visit.t
    return el(
        "div",
        icon("person"),
        el("span", el("b", visit.me.name), join(visit.me.roles, ", ")),
        el("a", icon("leave"), href="/leave", title=t("Sign out"), aria_label=t("Sign out"), class_="quiet"),
        class_="person",
    )
