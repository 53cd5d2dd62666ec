"""What every request has to pass before a route sees it: host, origin, rate, identity, size, depth, time.

A page that somebody visits may talk to 127.0.0.1 behind their back (DNS rebinding, forged forms): a foreign Host or
Origin is refused, and no cookie means anything here.
"""

import asyncio
import re
from collections.abc import Mapping
from itertools import accumulate
from math import ceil
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.intake.errors import InboxError
from agent.intake.inbox import Inbox
from agent.response.errors import NotAllowedError, UsersError
from ui.api import alerts, sessions
from ui.api.errors import Refusal, refused
from ui.api.intake import Intake
from ui.api.keyring import Keyring
from ui.api.rates import Rate
from ui.api.settings import Settings
from ui.home import Home
from ui.loopback import host_of

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
SIGNING_IN: Final = "/sessions"
"""Where whoever is not recognised may send something."""
SIGNING_IN_BYTES: Final = 4096
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
TEXT: Final = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
STEPS: Final[Mapping[int, int]] = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
OTHER: Final = bytes(byte for byte in range(256) if byte not in STEPS)


def guard(app: FastAPI, home: Home, settings: Settings, operator: str) -> None:
    """Everything about access and intake in one call: state (`keyring`, `intake`, `inbox`), routes, limits, refusals.

    `operator` is who the local token stands for. Whoever ends the application calls `app.state.inbox.close()`.

    Raises: UsersError, InboxError."""
    app.state.keyring = Keyring(home.make(), settings, operator)
    app.state.inbox = Inbox(home.work)
    app.state.intake = Intake(app.state.inbox, settings.inbox_max_waiting)
    app.state.lab = home.demo.lab
    app.include_router(sessions.router)
    app.include_router(alerts.router)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(NotAllowedError, sessions.not_allowed)
    app.add_exception_handler(InboxError, _out_of_order)
    app.add_exception_handler(UsersError, _out_of_order)
    app.add_middleware(Guard, settings=settings, keyring=app.state.keyring)


async def _out_of_order(_: Request, error: Exception) -> Response:
    """A file of ours cannot be used; its path is nobody's business but the log's."""
    code = "inbox_failed" if isinstance(error, InboxError) else "users_failed"
    headers = {"retry-after": "5"}
    return Refusal(503, code, "a file of this service cannot be used", "mcpsoc doctor", headers).response()


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, *, settings: Settings, keyring: Keyring) -> None:
        self._app = app
        self._settings = settings
        self._keyring = keyring
        self._rate = Rate(settings.api_rate_per_s, settings.api_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            async with asyncio.timeout(self._settings.api_timeout_s) as limit:
                answer.limit = limit
                self._check_headers(Headers(scope=scope))
                passed = receive if scope["method"] in READING else await self._body(scope, receive, self._most(scope))
                await self._app(scope, passed, answer.send)
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)
        except TimeoutError:
            if answer.began or not limit.expired():
                raise
            late = Refusal(504, "too_slow", "this took too long and was given up", "ask for less, or try again")
            await late.response()(scope, receive, send)

    def _check_headers(self, headers: Headers) -> None:
        """Raises: Refusal."""
        if (host := host_of(headers)) is None:
            raise Refusal(403, "wrong_host", "this service answers on loopback only", "use http://127.0.0.1")
        if not all(self._is_ours(origin, host) for origin in headers.getlist("origin")):
            raise Refusal(403, "wrong_origin", "another site's page may not use this service")
        if wait := self._rate.take(self._name(headers.get("authorization", ""))):
            later = {"retry-after": str(ceil(wait))}
            raise Refusal(429, "too_many_requests", "too many requests", "wait, then go on slower", later)

    def _is_ours(self, origin: str, host: str) -> bool:
        """Whether a page of ours made the request: the documentation of the API, or the page."""
        scheme, _, place = origin.partition("://")
        page = {f"{name}:{self._settings.page_port}" for name in LOOPBACK}
        return scheme == "http" and (place == host or place in page)

    def _name(self, authorization: str) -> str:
        """Whose bucket it is; whoever is not recognised shares one."""
        identity = self._keyring.find(authorization.partition(" ")[2].strip())
        return "nobody" if identity is None else f"{identity.kind}:{identity.name}"

    def _most(self, scope: Scope) -> int:
        """Bytes that this caller may send here: nobody else's are read before it is known whose they are.

        Raises: Refusal (401, 429) for whoever is not recognised and does not sign in."""
        most = self._settings.api_max_body_bytes
        if scope["path"] == SIGNING_IN:
            return min(most, SIGNING_IN_BYTES)
        sessions.identity_of(Request(scope))
        return most

    async def _body(self, scope: Scope, receive: Receive, most: int) -> Receive:
        """The whole body, read and measured, to be received again. Raises: Refusal."""
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > most:
            raise _too_long(most)
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise _too_long(most)
            more = message.get("more_body", False)
        body = b"".join(parts)
        if depth_exceeds(body, self._settings.api_max_depth):
            deepest = self._settings.api_max_depth
            raise Refusal(422, "too_deep", f"the body is nested deeper than {deepest} levels")
        return _Replayed(body, receive)


class _Answer:
    """Watches the answer begin: from then on it may take as long as it likes (a stream does)."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False
        self.limit: asyncio.Timeout | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = True
            if self.limit is not None:
                self.limit.reschedule(None)
        await self._send(message)


class _Replayed:
    """A body that was read already, then whatever else the client sends."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return await self._receive() if message is None else message


def depth_exceeds(body: bytes, most: int) -> bool:
    """Whether brackets outside of texts nest deeper than that; says nothing about whether it is JSON."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    brackets = TEXT.sub(b"", body).translate(None, OTHER)
    return max(accumulate(map(STEPS.__getitem__, brackets)), default=0) > most


def _too_long(most: int) -> Refusal:
    return Refusal(413, "too_long", f"the body is longer than {most} bytes", "send several smaller requests")
