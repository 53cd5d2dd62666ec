"""Servers say what is wrong and what to do about it."""

from typing import Final

from tests.ui.web.conftest import HOSTILE, Served
from tests.ui.web.test_markup import Read
from ui.api.models import ServerView, ToolView
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


def test_server_that_is_down_comes_first_with_what_to_do() -> None:
    """Nobody has to search for what is broken, nor for the command that tells why."""
    html = draw_servers(T, "site", (server("aaa"), server("zzz", state="down", problem="no such file")))

    assert html.index("zzz") < html.index("aaa")
    assert "no such file" in html
    assert 'data-copy="mcpsoc doctor"' in html
    assert "1/2" in html


def test_server_whose_product_is_down_is_not_called_answering() -> None:
    """It is connected and lists its tools; what counts is whether anybody looks."""
    html = draw_servers(T, "site", (server("aaa"), server("dns", ready=False, problem="its socket is gone")))

    assert html.index("dns") < html.index("aaa")
    assert "its socket is gone" in html
    assert "1/2" in html


def test_server_with_nothing_behind_it_is_neither_answering_nor_broken() -> None:
    """A site that has no such product has nothing to mend."""
    html = draw_servers(T, "site", (server("aaa"), server("dns", backend="embedded", ready=False)))

    assert "nothing behind it" in html
    assert "1/2" in html
    assert "mcpsoc doctor" not in html


def test_tool_whose_definition_changed_names_the_command_that_accepts_it() -> None:
    """A pin that no longer fits is put right by a person who read the difference."""
    html = draw_servers(T, "site", (server("edr", "changed"),))

    assert 'data-copy="mcpsoc servers diff"' in html
    assert 'data-copy="mcpsoc servers accept edr"' in html
    assert "changed since it was accepted" in html


def test_site_is_told_that_simulated_servers_are_not_asked() -> None:
    """A server that answers in the lab alone must not look like a sensor of the site."""
    simulated = (server("siem", backend="embedded"),)

    html = draw_servers(T, "site", simulated)
    assert "never asked about your site" in html
    assert 'data-copy="mcpsoc servers show NAME"' in html
    assert "never asked about your site" not in draw_servers(T, "lab", simulated)


def test_description_by_a_server_is_only_text() -> None:
    """Whoever runs a server writes its descriptions."""
    assert "<img" not in draw_servers(T, "site", (server("edr"),))


def test_servers_of_a_world_are_listed_with_their_tools(served: Served) -> None:
    """Every server, and for each tool whether it reads and may be used."""
    text = Read(served.draw("servers", "lab").board("servers")).text

    assert "siem_search_events" in text
    assert "in use" in text
