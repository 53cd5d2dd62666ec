"""The API: everything a program or the page can ask over HTTP.

build_api(home) -> guard (who asks, how much, how often) -> routes -> answers of `models.py`, errors of one form

Start reading at `routes/`. `access.py` decides who may, `casework.py` holds the cases of both worlds, `stations.py`
the host and the conversations of each.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from agent.models import JsonObject
from agent.settings import Settings as AgentSettings
from ui.api import docs
from ui.api.casework import Bookcase
from ui.api.limits import guard
from ui.api.metrics import Measured, Meter
from ui.api.models import ProblemReport
from ui.api.refusals import refuse_errors
from ui.api.routes import about, cases, changes, events, knowledge, servers, threads
from ui.api.settings import Settings
from ui.api.stations import Stations
from ui.api.watching import Watch
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


ABOUT = """Cases, conversations and alerts of an AI SOC analyst.

Every route but `/health` needs `Authorization: Bearer TOKEN`: the token in `api.token` of MCPSOC_HOME, one made by
`mcpsoc users add`, or a session from `POST /sessions`. `world=lab` is the simulated enterprise, `world=site` the real
one. Errors are `{"error": {"code", "message", "hint"}}`."""
REFUSALS: Mapping[int | str, str] = {
    401: "No valid token or session",
    403: "Not allowed, or asked from elsewhere",
    404: "There is no such thing",
    422: "The request cannot be understood",
    429: "Too much; wait as long as Retry-After says",
}
"""What any route may answer; each has the form of `ProblemReport`."""


class Api(FastAPI):
    """FastAPI whose description says what holds for every route: it needs a token."""

    def openapi(self) -> JsonObject:
        """The description."""
        return {**super().openapi(), "security": [{"HTTPBearer": []}]}


def build_api(home: Home, settings: Settings, operator: str) -> FastAPI:
    """The application over one home; `operator` is the name of the person whose processes these are.

    Raises: UsersError, InboxError when files of the home cannot be used."""
    app = Api(
        title="MCPSoc",
        version=version("mcpsoc"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses={status: {"model": ProblemReport, "description": told} for status, told in REFUSALS.items()},
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
    watch = app.state.watch = Watch(app.state.meter)
    waking = asyncio.create_task(_wake(stations, bookcase))
    try:
        yield
    finally:
        waking.cancel()
        await asyncio.gather(waking, return_exceptions=True)
        await watch.close()
        await stations.close()
        await asyncio.to_thread(bookcase.close)
        app.state.inbox.close()


async def _wake(stations: Stations, cases: Bookcase) -> None:
    """Open the worlds in which somebody has asked something before: an answer may be waiting to be finished."""
    for world in cases.worlds():
        home = cases.home.demo if world == "lab" else cases.home
        if home.threads.exists():
            await stations.chat(world)
