"""What a request of the page has to pass first: the cookie goes along with whatever a browser sends to this machine,
also from the pages of others and from other ports.

Another site's page may link to ours. It may not fetch, post, frame or open a socket.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ui.loopback import host_of, is_elsewhere, is_navigation

ALWAYS: Final = {"x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
"""Of every answer that does not say otherwise."""


class Guard:
    """ASGI middleware in front of everything the page answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what our own page, a link or a program asks for."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not is_ours(Headers(scope=scope)):
            refusal = Response(status_code=403) if scope["type"] == "http" else WebSocketClose(1008)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _marking(send))


def is_ours(headers: Headers) -> bool:
    """Whether the request names this machine, and no foreign page is behind it."""
    if (host := host_of(headers)) is None:
        return False
    if is_elsewhere(headers) and not is_navigation(headers):
        return False
    return all(_is_own(origin, host, headers) for origin in headers.getlist("origin"))


def _is_own(origin: str, host: str, headers: Headers) -> bool:
    """A form of ours whose address must not be told sends `null`, and the browser that it is our own."""
    return origin == f"http://{host}" or (origin == "null" and headers.get("sec-fetch-site") == "same-origin")


def _marking(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
        await send(message)

    return marked
