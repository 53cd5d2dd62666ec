"""Servers over HTTP under load: nobody takes the place of those who are let in."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import anyio
import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from servers.kit import protocol
from servers.kit.access import Access, Shared
from servers.kit.admission import MOST_REQUESTS, AtMost
from servers.kit.guarded import guarded
from servers.kit.protocol import Sessions
from servers.kit.web import Web
from tests.servers.kit.test_access import ACCEPT, HELLO, TOKEN, server, serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
ONE_TOKEN = Access(Shared(SecretStr(TOKEN)))


@asynccontextmanager
async def listening(app: ASGIApp, silent_s: float, most_silent: int) -> AsyncIterator[tuple[str, int]]:
    """The address of this application."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        web = Web(app, silent_s, most_silent)
        running = asyncio.create_task(web.run_on(listener))
        try:
            yield listener.getsockname()[:2]
        finally:
            web.should_exit = True
            await running


async def closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up."""
    try:
        return await asyncio.get_running_loop().sock_recv(connection, 1) == b""
    except ConnectionError:
        return True


def opened(address: tuple[str, int], held: ExitStack) -> socket.socket:
    """A connection that says nothing."""
    connection = held.enter_context(socket.create_connection(address))
    connection.setblocking(False)
    return connection


async def test_connections_without_a_token_lock_nobody_out() -> None:
    """Opening a connection costs an attacker nothing: it must not cost those who have a token their place."""
    app = server().http_app(ONE_TOKEN)
    async with listening(app, 60.0, 1000) as address, httpx.AsyncClient(headers={**ACCEPT, **BEARER}) as client:
        with ExitStack() as held:
            for _ in range(MOST_REQUESTS + 4):
                opened(address, held)
            answer = await client.post(f"http://127.0.0.1:{address[1]}/mcp", json=HELLO)

    assert answer.status_code == 200


async def test_connection_that_says_no_whole_request_is_closed() -> None:
    """Each one holds a file of this process, also when it begins a request, or begins a second one."""

    async def hello(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await PlainTextResponse("hello")(scope, receive, send)

    begun = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    async with listening(hello, 0.1, 1000) as address:
        with ExitStack() as held, anyio.fail_after(10):
            mute, half, second = (opened(address, held) for _ in range(3))
            half.sendall(begun)
            second.sendall(begun + b"\r\n" + begun)
            assert (await asyncio.get_running_loop().sock_recv(second, 1000)).startswith(b"HTTP/1.1 200")
            assert [await closed(each) for each in (mute, half, second)] == [True, True, True]


async def test_too_many_silent_connections_are_closed_and_requests_stay() -> None:
    """Somebody who opens them faster than they are closed must not use up the files of this process."""
    leave = asyncio.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await leave.wait()
            await PlainTextResponse("hello")(scope, receive, send)

    async with listening(waits, 60.0, 1) as address, httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(f"http://127.0.0.1:{address[1]}/"))
        with ExitStack() as held, anyio.fail_after(10):
            silent = [asyncio.create_task(closed(opened(address, held))) for _ in range(2)]
            done, open_still = await asyncio.wait(silent, return_when=asyncio.FIRST_COMPLETED)
            leave.set()
            answer = await asked
            for each in open_still:
                each.cancel()

    assert (len(done), len(open_still)) == (1, 1)
    assert answer.text == "hello"


async def test_requests_at_once_are_counted_behind_the_token() -> None:
    """Whoever has none is told so, however much is going on, and takes no place."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            entered.set()
            await leave.wait()
            await PlainTextResponse("hello")(scope, receive, send)

    async with serving(guarded(AtMost(waits, 1), ONE_TOKEN, "127.0.0.1")) as client:
        first = asyncio.create_task(client.post("/mcp", headers=BEARER))
        await entered.wait()
        stranger = await client.post("/mcp")
        full = await client.post("/mcp", headers=BEARER)
        leave.set()
        answers = [(await first).status_code, (await client.post("/mcp", headers=BEARER)).status_code]

    assert (stranger.status_code, full.status_code, full.headers["retry-after"]) == (401, 503, "1")
    assert answers == [200, 200]


async def test_sessions_are_bounded_and_end_when_nobody_uses_them() -> None:
    """A client that never says goodbye must not fill the memory for ever."""
    ours = server()
    app = protocol.http_app(ours.wire, ours.sweeping, sessions=Sessions(most=2, idle_s=0.5))
    async with serving(app) as client:
        codes = [(await client.post("/mcp", json=HELLO)).status_code for _ in range(3)]
        with anyio.fail_after(10):
            while codes[-1] == 503:
                codes.append((await client.post("/mcp", json=HELLO)).status_code)

    assert codes[:3] == [200, 200, 503]


@pytest.mark.parametrize(
    "body", [b"[" * 50_000, b"[" * 200 + b"]" * 200, b'{"a":' * 960 + b"1" + b"}" * 960, b'"\xff"']
)
async def test_body_that_a_parser_fails_on_is_a_bad_request(body: bytes) -> None:
    """An error of the server's own would be looked for in the server."""
    async with serving(server().http_app()) as client:
        opening = await client.post("/mcp", json=HELLO)
        session = {"Mcp-Session-Id": opening.headers["mcp-session-id"], "Content-Type": "application/json"}
        answer = await client.post("/mcp", content=body, headers=session)
        after = await client.post("/mcp", json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=session)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)
    assert after.status_code == 200
