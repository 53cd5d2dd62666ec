"""The API: everything a program or the page can ask over HTTP.

build_api(home) -> guard (who asks, how much, how often) -> routes -> answers of `models.py`, errors of one form

Start reading at `routes/`. `access.py` decides who may, `casework.py` holds the cases of both worlds, `stations.py`
the host and the conversations of each.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from agent.settings import Settings as AgentSettings
from ui.api import docs
from ui.api.casework import Bookcase
from ui.api.limits import guard
from ui.api.metrics import Measured, Meter
from ui.api.refusals import refuse_errors
from ui.api.routes import about, cases, changes, events, knowledge, servers, threads
from ui.api.settings import Settings
from ui.api.stations import Stations
from ui.home import Home

ROUTERS = (
    about.router,
    cases.router,
    changes.router,
    events.router,
    threads.router,
    servers.router,
    knowledge.router,
    docs.router,
)


def build_api(home: Home, settings: Settings, operator: str) -> FastAPI:
    """The application over one home; `operator` is the name of the person whose processes these are.

    Raises: UsersError, InboxError when files of the home cannot be used."""
    app = FastAPI(
        title="MCPSoc",
        version=version("mcpsoc"),
        summary="Cases, conversations and alerts of an AI SOC analyst.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.cases = Bookcase(home.make(), AgentSettings(home=home.root))
    refuse_errors(app)
    guard(app, home, settings, operator)
    app.state.meter = Meter(app.state.cases, app.state.inbox)
    app.add_middleware(Measured, meter=app.state.meter)
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Take up conversations that were interrupted; close everything at the end."""
    bookcase: Bookcase = app.state.cases
    stations = app.state.stations = Stations(bookcase)
    waking = asyncio.create_task(_wake(stations, bookcase))
    try:
        yield
    finally:
        waking.cancel()
        await asyncio.gather(waking, return_exceptions=True)
        await stations.close()
        await asyncio.to_thread(bookcase.close)
        app.state.inbox.close()


async def _wake(stations: Stations, cases: Bookcase) -> None:
    """Open the worlds in which somebody has asked something before: an answer may be waiting to be finished."""
    for world in cases.worlds():
        home = cases.home.demo if world == "lab" else cases.home
        if home.threads.exists():
            await stations.chat(world)
