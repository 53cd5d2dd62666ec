"""The page's way to the API: one client per visitor, with the session of the visitor's cookie."""

from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from ui.api.client import ApiClient
from ui.web.entering import COOKIE

KEPT: Final = "api"


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: str = field(repr=False)
    api: ApiClient


def session_secret() -> str | None:
    """The session of whoever looks at the page; None before signing in."""
    return st.context.cookies.get(COOKIE)


def client() -> ApiClient | None:
    """A client for the visitor; None before signing in. It lasts as long as the visitor's tab.

    A tab that comes back with another cookie is another visitor's: nothing of the one before is left to it."""
    if (secret := session_secret()) is None:
        return None
    kept = st.session_state.get(KEPT)
    if not isinstance(kept, _Kept) or kept.secret != secret:
        if kept is not None:
            st.session_state.clear()
        kept = st.session_state[KEPT] = _Kept(secret, ApiClient(service_url(), secret))
    return kept.api


def service_url() -> str:
    """Where the API listens."""
    return str(st.secrets["api_url"])
