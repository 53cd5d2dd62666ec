"""The page's way to the API: one client per visitor, with the session of the visitor's cookie."""

from typing import Final

import streamlit as st

from ui.api.client import ApiClient
from ui.web.entering import COOKIE

KEPT: Final = "api"


def session_secret() -> str | None:
    """The session of whoever looks at the page; None before signing in."""
    return st.context.cookies.get(COOKIE)


def client() -> ApiClient | None:
    """A client for the visitor; None before signing in. It lasts as long as the visitor's tab."""
    if (secret := session_secret()) is None:
        return None
    kept = st.session_state.get(KEPT)
    if not isinstance(kept, ApiClient):
        kept = ApiClient(service_url(), secret)
        st.session_state[KEPT] = kept
    return kept


def service_url() -> str:
    """Where the API listens."""
    return str(st.secrets["api_url"])
