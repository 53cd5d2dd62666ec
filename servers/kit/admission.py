"""What requests that were let in still have to keep to: so many at once, and a body that can be read.

They are counted behind the check of the token: whoever has none takes no place from those who have one.
"""

import json
from typing import Final

from pydantic import JsonValue
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_REQUESTS: Final = 256
"""Requests over HTTP that are under way at once, open streams among them; further ones are told to come back."""
DEEPEST: Final = 100
"""Levels of lists and objects within each other in a body."""
_AGAIN_S: Final = 1
_PARSE_ERROR: Final = -32700


class AtMost:
    """An application that answers so many requests at once."""

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or say when to come back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._most:
            full = PlainTextResponse("too many requests at once", 503, headers={"Retry-After": str(_AGAIN_S)})
            await full(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1


class Readable:
    """An application that gets no body on which a parser would fail rather than complain. It stands behind whatever
    bounds the size, which hands on a body in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or say that it cannot be read."""
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        first: list[Message] = [await receive()]
        if not _readable(first[0].get("body", b"")):
            error: JsonValue = {"code": _PARSE_ERROR, "message": "Parse error: no text, or nested too deeply"}
            await JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 400)(scope, receive, send)
            return

        async def replay() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, replay, send)


def _readable(body: bytes) -> bool:
    """Whether it is no JSON, of which the library says so, or JSON that is not too deep."""
    try:
        level = [json.loads(body)]
    except json.JSONDecodeError:
        return True
    except (ValueError, RecursionError):
        return False
    for _ in range(DEEPEST + 1):
        lists = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [inner for each in lists for inner in each]
        if not level:
            return True
    return False
