"""The API of a home whose cases hold hostile text, on a port, and pages drawn for whoever holds its token."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from agent.intake.parsing import parse
from agent.models import World
from agent.response.users import add_user
from tests.labs import home_at, lab_at
from ui.api.app import build_api
from ui.api.client import ApiClient
from ui.api.settings import Settings
from ui.compose import open_desk
from ui.demo import new_alerts
from ui.home import Home
from ui.running import free_port

HOSTILE = "<img src=x onerror=alert(1)> [click](javascript:alert(1)) \u202egpj.exe"
SITE_ALERT = {
    "id": "BKP-1",
    "time": "2026-11-18T22:30:00Z",
    "severity": "high",
    "title": HOSTILE,
    "host": "vpn-site-7",
    "src_ip": "203.0.113.9",
    "user": f"t.vale {HOSTILE}",
    "command_line": f"cmd /c {HOSTILE}",
}


@dataclass(frozen=True)
class Served:
    """An API on a port."""

    url: str
    home: Home
    token: str
    """Of the person who runs it."""
    viewer: str
    """Of somebody who may only look."""

    def client(self) -> ApiClient:
        return ApiClient(self.url, self.token)

    def draw(self, page: str, world: World, language: str = "en", secret: str = "", **address: str) -> "Drawn":
        """One page as it is drawn for an address."""
        arguments = {
            "url": self.url,
            "secret": secret or self.token,
            "page": page,
            "world": world,
            "language": language,
            "address": address,
        }
        app = AppTest.from_function(_script, kwargs=arguments, default_timeout=30)
        app._bidi_component_manager = BidiComponentManager()  # without searching all packages for components
        app.secrets["api_url"] = self.url
        drawn = Drawn(app.run())
        assert not app.exception
        assert drawn.boards
        return drawn


@dataclass(frozen=True)
class Drawn:
    """A page that was drawn."""

    app: AppTest

    def board(self, key: str) -> str:
        """Markup of one board."""
        boards = {str(item.proto.id).rpartition("-")[2]: item.proto for item in self.app.get("bidi_component")}
        return str(json.loads(boards[key].json)["html"])

    @property
    def boards(self) -> list[str]:
        """Markup of every board."""
        return [str(json.loads(item.proto.json)["html"]) for item in self.app.get("bidi_component")]


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one case of a lab and one hostile alert of a site, investigated. Do not change it: copy it."""
    return home_at(tmp_path_factory.mktemp("judged"), "judged", lambda root: asyncio.run(_judge(Home(root))))


@pytest.fixture(scope="module")
def served(judged: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over a copy of it, for one module of tests."""
    home = Home(Path(shutil.copytree(judged, tmp_path_factory.mktemp("served") / "home")))
    viewer = add_user(home.users, "reader", ("viewer",))
    port = free_port(0)
    server = uvicorn.Server(
        uvicorn.Config(build_api(home, Settings(), "ana"), host="127.0.0.1", port=port, log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    token = home.api_token.read_text(encoding="utf-8").strip()
    yield Served(f"http://127.0.0.1:{port}", home, token, viewer)
    server.should_exit = True
    thread.join()


async def _judge(home: Home) -> None:
    lab_at(home.make().demo.make().lab, 7, (("phishing_macro", "attack"), ("web_shell", "sensor_blind")))
    async with open_desk(home.demo, "lab") as desk:
        (phishing,) = (raw for raw in await new_alerts(desk) if raw["event.source"] == "edr")
        await desk.analyst.handle(parse(phishing, world="lab", ordinal=1))
    async with open_desk(home, "site") as desk:
        await desk.analyst.handle(parse(dict(SITE_ALERT), world="site", ordinal=1))


def _script(url: str, secret: str, page: str, world: str, language: str, address: dict[str, str]) -> None:
    """What Streamlit runs: one page, for whoever holds the secret."""
    import importlib

    import streamlit as st

    from ui.api.client import ApiClient
    from ui.cli.catalogue import load
    from ui.web.frame import Visit

    st.query_params.from_dict(address)
    with ApiClient(url, secret) as api:
        visit = Visit(api, api.me(), "lab" if world == "lab" else "site", load(language))
        importlib.import_module(f"ui.web.pages.{page}").draw(visit)
