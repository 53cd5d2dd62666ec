"""One tab, one visitor: whoever comes back with another cookie is somebody else."""

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest


def _script(secret: str | None) -> None:
    import streamlit as st

    from ui.web import client

    client.session_secret = lambda: secret
    client.service_url = lambda: "http://127.0.0.1:9"
    api = client.client()
    st.text("nobody" if api is None else str(id(api)))
    st.text(str(st.session_state.setdefault("queue_seen", f"what {secret} saw")))


def shown(app: AppTest, secret: str | None) -> list[str]:
    """Which client is used, and what the session remembers."""
    app.args = (secret,)
    return [text.value for text in app.run().text]


def test_tab_with_another_cookie_gets_nothing_of_the_visitor_before() -> None:
    """A socket that reconnects keeps its session; the cookie may be another person's by then."""
    app = AppTest.from_function(_script, args=("kim",))
    app._bidi_component_manager = BidiComponentManager()  # without searching all packages for components

    first, again, other, gone = (shown(app, secret) for secret in ("kim", "kim", "lee", None))

    assert first == again
    assert first[1] == "what kim saw"
    assert other[0] != first[0]
    assert other[1] == "what lee saw"
    assert gone[0] == "nobody"
