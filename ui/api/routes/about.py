"""Who asks, whether the service is up, and what it counts."""

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from agent.models import World
from agent.response.authorisation import permissions_of
from agent.response.identity import Identity
from ui.api.access import Caller, bookcase_of, may
from ui.api.casework import Bookcase, Casework
from ui.api.metrics import meter_of
from ui.api.models import Health, Me, WorldView

router = APIRouter(tags=["service"])


@router.get("/me")
async def me(request: Request, who: Caller) -> Me:
    """Who you are, what you may do, and the worlds there are."""
    cases = bookcase_of(request)
    worlds = await asyncio.to_thread(_worlds, cases, who)
    allowed = {permission: None for world in worlds for permission in permissions_of(who, world.world)}
    return Me(
        name=who.name,
        roles=who.roles,
        permissions=tuple(allowed),
        worlds=worlds,
        default_world=next((world.world for world in worlds if world.cases), worlds[-1].world),
    )


@router.get("/health")
async def health(request: Request) -> Health:
    """Whether the service is up. Needs no token and tells nothing about cases."""
    workers = await asyncio.to_thread(request.app.state.inbox.workers)
    return Health(
        status="ok",
        version=version("mcpsoc"),
        worlds=bookcase_of(request).worlds(),
        worker_seen_at=max((worker.seen_at for worker in workers), default=None),
    )


@router.get("/metrics", dependencies=[Depends(may("metrics.read"))], response_class=Response)
def metrics(request: Request) -> Response:
    """What Prometheus reads."""
    return Response(meter_of(request).exposition(), media_type=CONTENT_TYPE_LATEST)


def _worlds(cases: Bookcase, who: Identity) -> tuple[WorldView, ...]:
    return tuple(_world(cases.casework(world), world, who) for world in cases.worlds())


def _world(work: Casework, world: World, who: Identity) -> WorldView:
    """A world; how many cases it has is for those who may see them."""
    now = work.now()
    if "case.read" not in permissions_of(who, world):
        return WorldView(world=world, cases=0, open=0, synthetic=world == "lab", now=now)
    counted = work.store.metrics(work.tenant, now)
    closed = counted.by_status.get("closed", 0)
    return WorldView(world=world, cases=counted.cases, open=counted.cases - closed, synthetic=world == "lab", now=now)
