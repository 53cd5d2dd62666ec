"""What no request gets past: host, origin, size, depth, rate, time."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from ui.api.keyring import local_token
from ui.api.limits import depth_exceeds, guard
from ui.api.rates import Rate
from ui.api.settings import Settings
from ui.home import Home

URL = "http://127.0.0.1:8642"
Client = Callable[[Settings], httpx.AsyncClient]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
async def client(home: Home) -> AsyncIterator[Client]:
    """Makes clients of an application that echoes."""
    apps = []

    def make(settings: Settings) -> httpx.AsyncClient:
        app = echoing(home, settings)
        apps.append(app)
        headers = {"authorization": f"Bearer {local_token(home)}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, headers=headers)

    yield make
    for app in apps:
        app.state.inbox.close()


def echoing(home: Home, settings: Settings) -> FastAPI:
    app = FastAPI()
    guard(app, home, settings, "ana")

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.Event().wait()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"a"
            await asyncio.sleep(0.2)
            yield b"b"

        return StreamingResponse(parts())

    @app.get("/broken")
    async def broken() -> None:
        raise TimeoutError("of somebody else")

    return app


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.5:8642",
        "",
        "[::1",
        "localhost.",
        "[::1].evil.example",
        "127.0.0.1:80@evil.example",
        "127.0.0.1, evil.example",
        "127.0.0.1:x",
    ],
)
async def test_foreign_host_is_refused(client: Client, host: str) -> None:
    """A name of the attacker's that leads to 127.0.0.1 makes a page of theirs the same origin."""
    async with client(Settings()) as http:
        answer = await http.post("/echo", headers={"host": host})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_host")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9", "localhost:8642", "LOCALHOST", "[::1]:8642"])
async def test_loopback_by_any_name_is_fine(client: Client, host: str) -> None:
    """The port may be another one when somebody forwards it."""
    async with client(Settings()) as http:
        assert (await http.post("/echo", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://127.0.0.1:8642", 200),
        ("http://localhost:8501", 200),
        ("http://127.0.0.1:9999", 403),
        ("https://127.0.0.1:8642", 403),
        ("http://evil.example", 403),
        ("null", 403),
    ],
)
async def test_only_our_own_pages_may_ask(client: Client, origin: str | None, status: int) -> None:
    """Any page a browser has open can send a request to this machine."""
    async with client(Settings()) as http:
        answer = await http.post("/echo", headers={} if origin is None else {"origin": origin})

    assert answer.status_code == status


async def test_two_hosts_are_none(client: Client) -> None:
    """A proxy in front may believe the one, and we the other."""
    async with client(Settings()) as http:
        answer = await http.post("/echo", headers=[("host", "127.0.0.1"), ("host", "evil.example")])

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_host")


async def test_nothing_is_read_from_whoever_is_not_recognised(client: Client) -> None:
    """Megabytes of strangers, sent slowly over many connections, would be our memory; a token to sign in is short."""
    read = []

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            read.append(1)
            yield b"x" * 1000

    async with client(Settings()) as http:
        http.headers["authorization"] = "Bearer wrong"
        stranger = await http.post("/echo", content=parts())
        unread = list(read)
        signing_in = await http.post("/sessions", content=parts())

    assert (stranger.status_code, unread) == (401, [])
    assert (signing_in.status_code, len(read)) == (413, 5)


async def test_long_body_is_refused_whether_or_not_it_says_so(client: Client) -> None:
    """A length can be left out, or come in parts."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1000

    async with client(Settings(api_max_body_bytes=2048)) as http:
        fits = await http.post("/echo", content=b"x" * 2048)
        said = await http.post("/echo", content=b"x" * 2049)
        unsaid = await http.post("/echo", content=parts())

    assert (fits.status_code, fits.json()) == (200, 2048)
    assert [answer.status_code for answer in (said, unsaid)] == [413, 413]
    assert said.json()["error"]["code"] == "too_long"


async def test_deep_body_is_refused(client: Client) -> None:
    """Whatever walks through it later would have to be careful; so nothing has to."""
    async with client(Settings()) as http:
        fits = await http.post("/echo", content="[" * 64 + "]" * 64)
        deep = await http.post("/echo", content='{"a":' * 65 + "1" + "}" * 65)
        wide = await http.post("/echo", content=json.dumps([[1]] * 1000))
        quoted = await http.post("/echo", content=json.dumps(["[" * 1000]))

    assert [answer.status_code for answer in (fits, deep, wide, quoted)] == [200, 422, 200, 200]


DEEP = st.recursive(
    st.text(alphabet='[]{}"\\a'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


def depth(value: JsonValue) -> int:
    """How many containers lie inside one another."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((depth(item) for item in inner), default=0)


@given(DEEP, st.integers(0, 8))
def test_depth_is_that_of_the_parsed_value(value: JsonValue, most: int) -> None:
    """The measure works on bytes; brackets and quotes inside of texts must not fool it."""
    assert depth_exceeds(json.dumps(value).encode(), most) == (depth(value) > most)


async def test_slow_answer_is_given_up(client: Client) -> None:
    """Nobody holds a connection for ever; a fault of that name is not taken for our limit."""
    async with client(Settings(api_timeout_s=0.05)) as http:
        answer = await http.get("/slow")
        with pytest.raises(TimeoutError, match="somebody else"):
            await http.get("/broken")

    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "too_slow")


async def test_stream_may_last_longer_than_the_limit(client: Client) -> None:
    """The limit is for the beginning of an answer."""
    async with client(Settings(api_timeout_s=0.1)) as http:
        answer = await http.get("/stream")

    assert (answer.status_code, answer.text) == (200, "ab")


async def test_whoever_asks_too_often_waits(client: Client) -> None:
    """Per identity: one sender's storm does not lock the others out."""
    async with client(Settings(api_rate_per_s=0.5, api_burst=3)) as http:
        mine = [await http.post("/echo") for _ in range(5)]
        http.headers.pop("authorization")
        nobody = await http.get("/stream")

    assert [answer.status_code for answer in mine] == [200, 200, 200, 429, 429]
    assert 1 <= int(mine[-1].headers["retry-after"]) <= 2
    assert nobody.status_code == 200


def test_rate_refills_with_time_and_never_above_its_burst() -> None:
    """A quiet night is no credit for a storm."""
    now = [0.0]
    rate = Rate(per_s=2.0, burst=2.0, clock=lambda: now[0])

    first = [rate.take("a") for _ in range(3)]
    now[0] += 0.5
    later = [rate.take("a") for _ in range(2)]
    now[0] += 3600
    much_later = [rate.take("a") == 0 for _ in range(3)]

    assert first == [0, 0, 0.5]
    assert later == [0, 0.5]
    assert much_later == [True, True, False]


def test_rates_of_many_names_take_bounded_room() -> None:
    """Names come from outside."""
    rate = Rate(per_s=1.0, burst=1.0, clock=lambda: 0.0)
    for number in range(10_000):
        rate.take(str(number))

    assert rate.take("9999") > 0
    assert rate.take("0") == 0


async def test_inbox_that_cannot_be_used_is_an_answer_without_its_path(client: Client, home: Home) -> None:
    """The sender keeps the alert and tries again."""
    async with client(Settings()) as http:
        with closing(sqlite3.connect(home.work)) as other:
            other.execute("DROP TABLE inbox")
        answer = await http.get("/inbox")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "inbox_failed")
    assert str(home.root) not in answer.text
