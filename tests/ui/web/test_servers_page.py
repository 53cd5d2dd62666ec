"""Servers say what is wrong and what to do about it."""

from typing import Final

from agent.models import World
from tests.ui.web.conftest import HOSTILE, Served
from tests.ui.web.test_markup import Read
from ui.api.models import ServerList, ServerView, ToolView
from ui.cli.catalogue import load
from ui.web.pages.servers import draw_servers

T: Final = load("en")


def server(name: str, standing: str = "usable", **given: object) -> ServerView:
    """A server with one tool."""
    tool = ToolView.model_validate(
        {"name": f"{name}__look", "kind": "read", "standing": standing, "problem": "", "description": HOSTILE}
    )
    fixed = {"name": name, "state": "ready", "problem": None, "backend": "real", "trusted": False, "bundled": False}
    ready = given.get("state", "ready") == "ready"
    return ServerView.model_validate({**fixed, "ready": ready, "tools": (tool,), **given})


def drawn(world: World, *servers: ServerView, unconnected: tuple[str, ...] = ()) -> str:
    """The page of these servers."""
    return draw_servers(T, world, ServerList(servers=servers, unconnected=unconnected))


def test_server_that_is_down_comes_first_with_what_to_do() -> None:
    """Nobody has to search for what is broken, nor for the command that tells why."""
    html = drawn("site", server("aaa"), server("zzz", state="down", problem="no such file"))

    assert html.index("zzz") < html.index("aaa")
    assert "no such file" in html
    assert 'data-copy="mcpsoc doctor"' in html
    assert "1/2" in html


def test_server_whose_product_is_down_is_not_called_answering() -> None:
    """It is connected and lists its tools; what counts is whether anybody looks."""
    html = drawn("site", server("aaa"), server("dns", ready=False, problem="its socket is gone"))

    assert html.index("dns") < html.index("aaa")
    assert "its socket is gone" in html
    assert "1/2" in html


def test_server_with_nothing_behind_it_is_neither_answering_nor_broken() -> None:
    """A site that has no such product has nothing to mend."""
    html = drawn("site", server("aaa"), server("dns", backend="embedded", ready=False))

    assert "nothing behind it" in html
    assert "1/2" in html
    assert "mcpsoc doctor" not in html


def test_tool_whose_definition_changed_names_the_command_that_accepts_it() -> None:
    """A pin that no longer fits is put right by a person who read the difference."""
    html = drawn("site", server("edr", "changed"))

    assert 'data-copy="mcpsoc servers diff"' in html
    assert 'data-copy="mcpsoc servers accept edr"' in html
    assert "changed since it was accepted" in html


def test_site_is_told_what_looks_at_nothing_and_how_it_is_connected() -> None:
    """A server that answers in the lab alone must not look like a sensor of the site."""
    idle = server("siem", backend="embedded", ready=False, bundled=True)

    html = drawn("site", idle, unconnected=("dns",))

    assert "no product" in html
    assert "simulated enterprise" not in html
    assert "MCPSOC_SIEM_BACKEND" in html
    assert "<code>dns</code>" in html
    assert 'data-copy="mcpsoc servers show NAME"' in html


def test_lab_is_asked_through_servers_that_are_called_simulated() -> None:
    """Nothing is missing there: the servers that are not asked have nothing to add."""
    html = drawn("lab", server("siem", backend="embedded", bundled=True), unconnected=("dns",))

    assert "simulated enterprise" in html
    assert "looks at nothing" not in html
    assert "_BACKEND" not in html


def test_description_by_a_server_is_only_text() -> None:
    """Whoever runs a server writes its descriptions."""
    assert "<img" not in drawn("site", server("edr"))


def test_servers_of_a_world_are_listed_with_their_tools(served: Served) -> None:
    """Every server, and for each tool whether it reads and may be used."""
    text = Read(served.draw("servers", "lab").board("servers")).text

    assert "siem_search_events" in text
    assert "in use" in text
