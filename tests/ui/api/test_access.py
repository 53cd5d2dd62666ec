"""Who gets in: every route of the description refuses without a token and without the permission."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from agent.response.users import add_user
from tests.ui.api.conftest import URL, Api
from ui.api import alerts, sessions
from ui.api.app import ROUTERS, build_api
from ui.api.settings import Settings
from ui.home import Home

Route = tuple[str, str]
NO_TOKEN: set[Route] = {("GET", "/health"), ("POST", "/sessions")}
"""What says that we live, and what takes a token."""
NO_PERMISSION: set[Route] = {*NO_TOKEN, ("GET", "/me"), ("DELETE", "/sessions")}
"""What whoever is recognised may do."""


def described(router: APIRouter) -> Iterator[Route]:
    for route in router.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            yield from ((method, route.path_format) for method in sorted(route.methods))


ROUTES = [route for router in (*ROUTERS, sessions.router, alerts.router) for route in described(router)]


@pytest.fixture(scope="module")
def place(triaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for all tests of refusals."""
    return Home(Path(shutil.copytree(triaged, tmp_path_factory.mktemp("access") / "home")))


@pytest.fixture(scope="module")
def door(place: Home) -> Iterator[FastAPI]:
    """The application as far as its doors: whoever is refused meets nothing that has to be started."""
    app = build_api(place, Settings(), "ana")
    yield app
    app.state.inbox.close()
    app.state.cases.close()


@pytest.fixture(scope="module")
def tokens(place: Home) -> dict[str, str | None]:
    """A sensor's, a reader's, and two that are none."""
    known = {role: add_user(place.users, f"some-{role}", (role,)) for role in ("service", "viewer")}
    return {**known, "none": None, "wrong": "not-a-token"}


async def send(app: FastAPI, route: Route, secret: str | None) -> httpx.Response:
    method, path = route
    place = re.sub(r"{[^}]+}", "1", path.replace("{format}", "wazuh").replace("{name}", "timeline"))
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, headers=headers) as client:
        return await client.request(method, place, json=None if method == "GET" else {})


async def test_every_described_route_is_tried(api: Api) -> None:
    """The list below is the description, neither more nor less."""
    paths = (await api.ana.get("/openapi.json")).json()["paths"]

    assert sorted(ROUTES) == sorted((method.upper(), path) for path in paths for method in paths[path])


@pytest.mark.parametrize("secret", ["none", "wrong"])
@pytest.mark.parametrize("route", sorted(set(ROUTES) - NO_TOKEN), ids=" ".join)
async def test_without_a_token_nothing_is_told(
    door: FastAPI, tokens: dict[str, str | None], route: Route, secret: str
) -> None:
    """Loopback is shared by everybody on the machine."""
    answer = await send(door, route, tokens[secret])

    assert answer.status_code in (401, 429), answer.text
    assert set(answer.json()["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize("route", sorted(set(ROUTES) - NO_PERMISSION), ids=" ".join)
async def test_without_the_permission_nothing_is_told(
    door: FastAPI, tokens: dict[str, str | None], route: Route
) -> None:
    """A sensor's token reads no case, a reader's token posts no alert; 404 would already tell what there is."""
    role = "viewer" if route[0] == "POST" and route[1].startswith("/alerts") else "service"
    answer = await send(door, route, tokens[role])

    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == "not_allowed"


@pytest.mark.parametrize(
    "path, body",
    [
        ("/cases/C-1/take", None),
        ("/cases/take", {"ids": ["C-1"]}),
        ("/cases/C-1/notes", {"text": "x"}),
        ("/cases/C-1/close", {"reason_code": "admin_work"}),
        ("/cases/C-1/reopen", {"why": "x"}),
        ("/threads", {"world": "lab"}),
    ],
)
async def test_viewers_change_nothing(api: Api, path: str, body: dict[str, object] | None) -> None:
    """Reading is one thing; deciding, and asking a chat, is another."""
    async with api.user("reader") as reader:
        assert (await reader.get("/cases", params={"world": "lab"})).status_code == 200
        answer = await reader.post(path, params={"world": "lab"}, json=body)

    assert answer.status_code == 403, answer.text


async def test_me_says_who_asks_and_where_there_is_something_to_see(api: Api) -> None:
    """The page shows buttons by permission and opens on the world that has cases."""
    mine = (await api.ana.get("/me")).json()
    async with api.user("reader") as reader:
        theirs = (await reader.get("/me")).json()

    assert (mine["name"], mine["roles"], mine["default_world"]) == ("ana", ["admin"], "site")
    assert [(world["world"], world["cases"], world["synthetic"]) for world in mine["worlds"]] == [
        ("site", 1, False),
        ("lab", 4, True),
    ]
    assert "case.close" in mine["permissions"]
    assert theirs["permissions"] == ["case.read", "server.read", "knowledge.read", "metrics.read"]


async def test_errors_have_one_form(api: Api) -> None:
    """A client needs one way to read what went wrong, whoever found it."""
    wrong = [
        await api.ana.get("/nothing"),
        await api.ana.put("/cases"),
        await api.ana.get("/cases", params={"world": "mars"}),
        await api.ana.get("/cases/C-99"),
        await api.ana.post("/cases/C-1/notes", content=b"{", headers={"content-type": "application/json"}),
    ]

    assert [answer.status_code for answer in wrong] == [404, 405, 422, 404, 422]
    assert all(set(answer.json()) == {"error"} for answer in wrong)
    assert all(set(answer.json()["error"]) == {"code", "message", "hint"} for answer in wrong)
