"""The API over a home with cases in both worlds, triaged once by the real analyst and copied for every test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from agent.intake.parsing import parse
from agent.response.users import add_user
from tests.labs import home_at, lab_at
from ui.api.app import build_api
from ui.api.settings import Settings
from ui.compose import open_desk
from ui.demo import new_alerts
from ui.home import Home

STORIES = (
    ("password_spray", "attack"),
    ("phishing_macro", "attack"),
    ("web_shell", "benign_twin"),
    ("impossible_travel", "attack"),
)
URL = "http://127.0.0.1:8642"
OPERATOR = "ana"
PEOPLE = {"ben": "analyst", "reader": "viewer", "feed": "service"}
"""Users and their roles."""
SITE_ALERT = {
    "id": "BKP-1",
    "time": "2026-11-18T22:30:00Z",
    "severity": "high",
    "title": "Sign-in from an unfamiliar place",
    "host": "vpn-site-7",
    "src_ip": "203.0.113.9",
    "user": "t.vale",
}


@dataclass(frozen=True)
class Api:
    """The application, and a client for everybody who matters."""

    home: Home
    app: FastAPI
    ana: httpx.AsyncClient
    """The person who runs it."""
    tokens: dict[str, str]
    """Of PEOPLE."""

    def as_(self, secret: str | None) -> httpx.AsyncClient:
        """A client that shows another secret, or none."""
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL, headers=headers)

    def user(self, name: str) -> httpx.AsyncClient:
        """A client of one of PEOPLE."""
        return self.as_(self.tokens[name])


@pytest.fixture(scope="session")
def triaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a lab of four stories and one alert of a site, all investigated. Do not change it: copy it."""
    return home_at(tmp_path_factory.mktemp("triaged"), "triaged", lambda root: asyncio.run(_triage(Home(root))))


@pytest.fixture
def home(triaged: Path, tmp_path: Path) -> Home:
    """A copy of that home."""
    return Home(Path(shutil.copytree(triaged, tmp_path / "home")))


@pytest.fixture
async def api(home: Home) -> AsyncIterator[Api]:
    """The API over a copy, started."""
    async with _started(home) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reading(triaged: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One API for all tests of a module that change nothing; they run in the module's loop."""
    home = Home(Path(shutil.copytree(triaged, tmp_path_factory.mktemp("reading") / "home")))
    async with _started(home) as started:
        yield started


@asynccontextmanager
async def _started(home: Home) -> AsyncIterator[Api]:
    tokens = {name: add_user(home.users, name, (role,)) for name, role in PEOPLE.items()}
    app = build_api(home, Settings(), OPERATOR)
    token = home.api_token.read_text(encoding="utf-8").strip()
    headers = {"authorization": f"Bearer {token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, headers=headers) as client,
    ):
        yield Api(home, app, client, tokens)


async def _triage(home: Home) -> None:
    lab_at(home.make().demo.make().lab, 7, STORIES)
    async with open_desk(home.demo, "lab") as desk:
        for number, raw in enumerate(await new_alerts(desk), start=1):
            await desk.analyst.handle(parse(raw, world="lab", ordinal=number))
    async with open_desk(home, "site") as desk:
        await desk.analyst.handle(parse(dict(SITE_ALERT), world="site", ordinal=1))
