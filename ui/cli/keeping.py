"""What `mcpsoc ui` does once its arguments are known."""

import asyncio
import signal
import webbrowser
from collections.abc import Coroutine
from dataclasses import dataclass
from html import escape
from pathlib import Path

from knowledge.trust.owned_files import replace_file
from ui.api.keyring import local_token
from ui.cli.catalogue import Catalogue
from ui.cli.output import say, write_json
from ui.filling import fill_demo, wants_demo
from ui.home import Home
from ui.running import Crew, Part

DOOR = Path(__file__).parents[1] / "web" / "door.html"
"""A page that leads to another one; also its name in the home."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it was asked for."""

    page_port: int
    api_port: int
    demo: bool
    browser: bool
    as_json: bool

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.page_port}"


async def keep_running(t: Catalogue, home: Home, wanted: Wanted) -> None:
    """Start everything, say where it is, and keep it running until Ctrl-C or SIGTERM."""
    filling = wanted.demo and wants_demo(home)
    token = local_token(home)
    crew = Crew(
        parts(wanted), home.logs, lambda name, code: say(t("{part} ended ({code}); starting it again", part=name,
                                                           code=code)))  # fmt: skip
    loop = asyncio.get_running_loop()
    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, crew.stop)
    async with asyncio.TaskGroup() as group:
        up = asyncio.Event()
        teller = group.create_task(_tell_when(up, _fill(t, home) if filling else None, t, home, wanted, token))
        try:
            await crew.run(up.set)
        finally:
            teller.cancel()
            (home.root / DOOR.name).unlink(missing_ok=True)
    say(t("ended"))


def parts(wanted: Wanted) -> tuple[Part, ...]:
    """The processes, in the order in which they start."""
    page = ("page", "--port", str(wanted.page_port), "--api", wanted.api_url)
    return (
        Part("api", ("api", "--port", str(wanted.api_port)), f"{wanted.api_url}/health"),
        Part("worker", ("worker",)),
        Part("page", page, f"{wanted.page_url}/_stcore/health"),
    )


async def _fill(t: Catalogue, home: Home) -> None:
    say(t("No case yet: making a simulated enterprise to look at."))
    count = await fill_demo(home)
    say(t("{n} alerts of the simulated enterprise are in the inbox.", n=count))


async def _tell_when(
    up: asyncio.Event, filling: Coroutine[None, None, None] | None, t: Catalogue, home: Home, wanted: Wanted, token: str
) -> None:
    """Say where it is once it is up and there is something to see."""
    async with asyncio.TaskGroup() as group:
        if filling is not None:
            group.create_task(filling)
        await up.wait()
    _tell(t, home, wanted, token)


def _tell(t: Catalogue, home: Home, wanted: Wanted, token: str) -> None:
    page = f"{wanted.page_url}/enter?token={token}"
    if wanted.as_json:
        write_json({"page": page, "api": wanted.api_url, "docs": f"{wanted.api_url}/docs", "logs": str(home.logs)})
    else:
        say(t("MCPSoc is running on this machine. Whoever has this address is you:"))
        say(f"  {page}")
        say(t("API: {url}  logs: {folder}  Ctrl-C ends it.", url=f"{wanted.api_url}/docs", folder=home.logs))
    if wanted.browser:
        webbrowser.open(door(home, page).as_uri())


def door(home: Home, page: str) -> Path:
    """A file that leads to the address: everybody on this machine sees what a browser is started with."""
    path = home.root / DOOR.name
    replace_file(path, DOOR.read_text(encoding="utf-8").format(page=escape(page)))
    return path
