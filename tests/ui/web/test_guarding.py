"""Who may ask the page for anything: itself, a link, a program; never the page of somebody else."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ui.web.guarding import Guard

HOST = "127.0.0.1:8501"
OWN = f"http://{HOST}"


@pytest.fixture
def visitor() -> TestClient:
    """A browser in front of something that answers everybody."""

    async def answer(_: Request) -> PlainTextResponse:
        return PlainTextResponse("shown")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [Route("/", answer, methods=["GET", "POST"]), WebSocketRoute("/socket", talk)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard)]), base_url=OWN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": OWN},
        {"origin": OWN, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"origin": "null", "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_our_own_page_links_and_programs_may_ask(visitor: TestClient, headers: dict[str, str]) -> None:
    """A form whose address is told to nobody says that it comes from nowhere."""
    assert visitor.post("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://localhost:8501"},
        {"origin": f"https://{HOST}"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"host": "evil.example"},
        {"host": "[::1].evil.example"},
        {"host": ""},
    ],
)
def test_the_page_of_somebody_else_may_not(visitor: TestClient, headers: dict[str, str]) -> None:
    """Cookies know no ports: what another program on this machine serves is as foreign as any site."""
    assert visitor.post("/", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/socket", headers={"host": HOST, **headers}):
        pass


def test_our_own_page_opens_its_socket(visitor: TestClient) -> None:
    """Everything that is shown comes through it."""
    with visitor.websocket_connect("/socket", headers={"host": HOST, "origin": OWN}):
        pass


def test_no_answer_can_be_framed(visitor: TestClient) -> None:
    """A button under an invisible frame is pressed by whoever presses what lies above."""
    assert visitor.get("/").headers["x-frame-options"] == "DENY"
