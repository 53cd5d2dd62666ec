"""What every page shares: who visits, in which language, which world, and the frame around the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast
from urllib.parse import urlencode, urlsplit

import streamlit as st

from agent.models import World, utc_now
from agent.wording import Language
from ui.api.client import ApiClient
from ui.api.models import Me, WorldView
from ui.cli.catalogue import LANGUAGES, Catalogue

PageName = Literal["queue", "case", "chat", "servers", "knowledge"]
PATHS: Final[Mapping[PageName, str]] = {
    "queue": "/",
    "case": "/case",
    "chat": "/chat",
    "servers": "/servers",
    "knowledge": "/knowledge",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at the page: made anew for every run of the script, from the cookie and the address."""

    api: ApiClient
    me: Me
    world: World
    t: Catalogue

    @property
    def language(self) -> Language:
        return cast(Language, self.t.language)

    @property
    def view(self) -> WorldView:
        """The world that is looked at, with its clock."""
        return next(view for view in self.me.worlds if view.world == self.world)

    def now(self) -> datetime:
        """Wall time: what the page measures its own waiting with."""
        return utc_now()

    def may(self, permission: str) -> bool:
        """Whether the visitor has a permission, such as `case.close`. The API decides; this only hides buttons."""
        return permission in self.me.permissions

    def asked(self, name: str) -> str:
        """A parameter of the address; empty when it is not there."""
        return st.query_params.get(name, "")

    def address(self, page: PageName, **parameters: str | None) -> str:
        """The address of a page in this world and language."""
        given = {"lang": self.language, "world": self.world, **parameters}
        return f"{PATHS[page]}?{urlencode({name: value for name, value in given.items() if value})}"


Showing = Callable[[Visit], None]
"""A page: draws itself for a visit."""


def address_with(**parameters: str | None) -> str:
    """The address that is looked at now with some parameters changed; those of None are taken away."""
    given = {**st.query_params.to_dict(), **parameters}
    path = urlsplit(st.context.url or "").path or "/"
    return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def elsewhere(page: PageName, **parameters: str) -> str:
    """The address of another page in the world and language that are looked at now."""
    kept = {name: st.query_params.get(name, "") for name in ("lang", "world")}
    return f"{PATHS[page]}?{urlencode({name: value for name, value in {**kept, **parameters}.items() if value})}"


def visitor_language() -> str:
    """The language of the address, else of the browser, else English."""
    asked = (st.query_params.get("lang", ""), (st.context.locale or "")[:2])
    return next((language for language in asked if language in LANGUAGES), "en")
