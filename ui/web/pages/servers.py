"""The servers the analyst asks: do they answer, may their tools be used, and what to do when not."""

from collections.abc import Mapping, Sequence
from typing import Final

from agent.models import World
from ui.api.models import ServerList, ServerView, ToolView
from ui.cli.catalogue import Catalogue
from ui.web.board import board
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el
from ui.web.notices import empty

SIGNS: Final[Mapping[str, str]] = {
    "ready": "check",
    "starting": "clock",
    "down": "alarm",
    "stopped": "cross",
    "idle": "blind",
}


def draw(visit: Visit) -> None:
    """Draw the page for a visit."""
    board(draw_servers(visit.t, visit.world, visit.api.servers(visit.world)), "servers")


def draw_servers(t: Catalogue, world: World, listed: ServerList) -> Html:
    """Its markup: what needs somebody first, then every server, then what could be connected."""
    servers = listed.servers
    if not servers:
        return empty("servers", t("No server"), t("Add one: {command}", command="mcpsoc servers add FILE"))
    ordered = sorted(servers, key=lambda server: (not _needs(server), server.name))
    return el(
        "div",
        el("h1", t("Servers")),
        _summary(t, servers),
        _unconfigured(t) if any(standing_of(server) == "idle" for server in servers) else None,
        *(_server(t, server) for server in ordered),
        _unconnected(t, world, listed.unconnected) if listed.unconnected else None,
        class_="servers",
    )


def _summary(t: Catalogue, servers: Sequence[ServerView]) -> Html:
    answering = sum(server.ready for server in servers)
    tools = [tool for server in servers for tool in server.tools]
    off = sum(tool.standing != "usable" for tool in tools)
    changes = sum(tool.kind == "change" for tool in tools)
    return el(
        "ul",
        el("li", el("b", f"{answering}/{len(servers)}"), t("servers answer")),
        el("li", el("b", str(len(tools))), t("tools")),
        el("li", el("b", str(off)), t("tools out of use"), class_="wrong" if off else None),
        el("li", el("b", str(changes)), t("tools that change something: never used while looking")),
        class_="figures",
    )


def _unconfigured(t: Catalogue) -> Html:
    """What it means that a server has nothing behind it, and how that is changed."""
    return el(
        "div",
        el(
            "p",
            t(
                "A server without a product looks at nothing: what it would have told counts as not looked. What each "
                "needs to be connected, and how a server of yours is added:"
            ),
        ),
        _command(t, "mcpsoc servers show NAME"),
        _command(t, "mcpsoc servers add FILE"),
        class_="advice",
        role="note",
    )


def _unconnected(t: Catalogue, world: World, names: Sequence[str]) -> Html:
    """The bundled servers that are not asked here."""
    words = (
        t("Also bundled, not asked here: the servers above know all that these would tell of the simulated enterprise.")
        if world == "lab"
        else t("Also bundled, and connected as soon as a product is configured:")
    )
    return el("p", words, *(el("code", name) for name in names), class_="more")


def _needs(server: ServerView) -> bool:
    """Whether somebody should look at it."""
    return standing_of(server) in ("starting", "down", "stopped") or any(t.standing != "usable" for t in server.tools)


def standing_of(server: ServerView) -> str:
    """ready; starting, down or stopped, also when what is behind it is down; idle when nothing is behind it."""
    if server.state != "ready" or server.ready:
        return server.state
    return "idle" if server.backend == "embedded" else "down"


def _server(t: Catalogue, server: ServerView) -> Html:
    standing = standing_of(server)
    return el(
        "details",
        el(
            "summary",
            el("span", icon(SIGNS[standing]), state_name(t, standing), class_=f"link {standing}"),
            el("b", server.name),
            el("span", backend_name(t, server), class_="tag"),
            el("span", t("bundled") if server.bundled else t("added"), class_="tag"),
            el("span", t("tools: {n}", n=len(server.tools)), class_="count"),
        ),
        _advice(t, server),
        el("ul", *(_tool(t, tool) for tool in server.tools), class_="tools") if server.tools else None,
        open=_needs(server),
        class_="server",
        id=f"server-{server.name}",
    )


def state_name(t: Catalogue, state: str) -> str:
    """Whether a server answers, in words."""
    names = {
        "ready": t("answers"),
        "starting": t("starting"),
        "down": t("down"),
        "stopped": t("stopped"),
        "idle": t("nothing behind it"),
    }
    return names[state]


def backend_name(t: Catalogue, server: ServerView) -> str:
    """What stands behind a server."""
    if standing_of(server) == "idle":
        return t("no product")
    if server.backend == "real":
        return t("real data")
    return t("simulated enterprise") if server.backend == "embedded" else t("source unknown")


def standing_name(t: Catalogue, standing: str) -> str:
    """Whether a tool may be used, in words."""
    names = {
        "usable": t("in use"),
        "new": t("not accepted yet"),
        "changed": t("changed since it was accepted"),
        "unregistered": t("not registered"),
        "unusable": t("cannot be used"),
    }
    return names[standing]


def _advice(t: Catalogue, server: ServerView) -> Html | None:
    """What is wrong and what to do about it."""
    standings = {tool.standing for tool in server.tools}
    parts: list[Html] = []
    if standing_of(server) in ("starting", "down", "stopped"):
        parts.append(el("p", el("b", t("It does not answer.")), " ", server.problem or ""))
        parts.append(el("p", t("Until it does, looks through it count as not looked. Find out why:")))
        parts.append(_command(t, "mcpsoc doctor"))
    if standings & {"new", "changed"}:
        parts.append(
            el("p", t("A tool nobody accepted as it is now stays out of use. Read what it says, then accept:"))
        )
        parts.append(_command(t, "mcpsoc servers diff"))
        parts.append(_command(t, f"mcpsoc servers accept {server.name}"))
    if standing_of(server) == "idle" and server.bundled:
        parts.append(el("p", t("Not connected: set {setting}.", setting=f"MCPSOC_{server.name.upper()}_BACKEND")))
    if "unregistered" in standings:
        parts.append(el("p", t("A tool nobody registered as a read is refused as one that changes something.")))
    return el("div", *parts, class_="advice", role="note") if parts else None


def _command(t: Catalogue, command: str) -> Html:
    return el(
        "p",
        el("code", command),
        el("button", icon("copy"), t("Copy"), type="button", data_copy=command, class_="button plain"),
        class_="command",
    )


def _tool(t: Catalogue, tool: ToolView) -> Html:
    kinds = {"read": t("reads"), "change": t("changes"), None: t("unknown")}
    first = tool.description.strip().split("\n", 1)[0]
    return el(
        "li",
        el("code", tool.name.rpartition("__")[2]),
        el("span", kinds[tool.kind], class_=f"tag {tool.kind or 'unknown'}"),
        el("span", standing_name(t, tool.standing), class_=f"tag {tool.standing}"),
        el("span", tool.problem or first, class_="words"),
    )
