"""Who asks, and whether they may: what every route depends on."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer

from agent.conversation.service import ChatService
from agent.models import World
from agent.response.authorisation import Permission, authorise
from agent.response.identity import Identity
from agent.wording import Language
from ui.api.casework import Bookcase, Casework
from ui.api.errors import Refusal
from ui.api.sessions import bearer, identity_of, keyring_of
from ui.api.stations import Stations
from ui.api.watching import Watch
from ui.compose import Desk

AskedWorld: TypeAlias = Annotated[World, Query(description="`site`, or `lab` for the simulated enterprise.")]
AskedLanguage: TypeAlias = Annotated[Language, Query(description="Language of the sentences; evidence stays as it is.")]


async def _caller(request: Request, _: Annotated[object, Security(HTTPBearer(auto_error=False))]) -> Identity:
    """Raises: Refusal (401) without a valid token or session."""
    return identity_of(request)


Caller: TypeAlias = Annotated[Identity, Depends(_caller)]


def may(permission: Permission) -> Callable[[Identity, World], Awaitable[Identity]]:
    """A dependency that lets nobody pass who may not do this in the world that is asked for."""

    async def check(who: Caller, world: AskedWorld = "site") -> Identity:
        authorise(who, permission, world=world)
        return who

    return check


def is_still(request: Request, who: Identity) -> bool:
    """Whether the secret that the request showed when it began stands for the same person with the same roles."""
    return keyring_of(request).find(bearer(request)) == who


def bookcase_of(request: Request) -> Bookcase:
    """The application's cases."""
    cases = request.app.state.cases
    if not isinstance(cases, Bookcase):
        raise TypeError("the application was not built by `build_api`")
    return cases


def stations_of(request: Request) -> Stations:
    """The application's stations."""
    stations = request.app.state.stations
    if not isinstance(stations, Stations):
        raise TypeError("the application has not started")
    return stations


def watch_of(request: Request) -> Watch:
    """The application's watch over questions."""
    watch = request.app.state.watch
    if not isinstance(watch, Watch):
        raise TypeError("the application has not started")
    return watch


def _work(request: Request, world: AskedWorld = "site") -> Casework:
    return bookcase_of(request).casework(world)


async def _desk(request: Request, world: AskedWorld = "site") -> Desk:
    return await stations_of(request).desk(world)


async def _chat(request: Request, world: AskedWorld = "site") -> ChatService:
    return await stations_of(request).chat(world)


Cases: TypeAlias = Annotated[Casework, Depends(_work)]
AtDesk: TypeAlias = Annotated[Desk, Depends(_desk)]
Chat: TypeAlias = Annotated[ChatService, Depends(_chat)]


def missing(what: str, name: str) -> Refusal:
    """Nothing of that name here; whether it is elsewhere is not told."""
    return Refusal(404, f"no_{what}", f"there is no {what} {name[:60]!r}")
