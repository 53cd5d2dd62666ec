"""The servers the analyst asks: health, and how their tools stand against what was accepted."""

from fastapi import APIRouter, Depends

from agent.host.host import ServerStatus
from servers.bundle import server_names
from ui.api.access import AtDesk, may
from ui.api.models import ServerList, ServerView, ToolView

router = APIRouter(tags=["servers"], dependencies=[Depends(may("server.read"))])


@router.get("/servers")
async def list_servers(desk: AtDesk) -> ServerList:
    """Every server of a world with its tools, and whether what is behind it answers now."""
    await desk.host.look_again()
    asked = tuple(_server(server) for server in desk.host.servers())
    unconnected = sorted(set(server_names()) - {server.name for server in asked})
    return ServerList(servers=asked, unconnected=tuple(unconnected))


def _server(server: ServerStatus) -> ServerView:
    return ServerView(
        name=server.name,
        state=server.state,
        ready=server.ready,
        problem=server.problem,
        backend=server.backend,
        trusted=server.trusted,
        bundled=server.bundled,
        tools=tuple(
            ToolView(
                name=tool.name,
                kind=tool.kind,
                standing=tool.standing,
                problem=tool.problem,
                description=tool.description,
            )
            for tool in server.tools
        ),
    )
