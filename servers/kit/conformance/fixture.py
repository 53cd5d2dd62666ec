"""A server for the official conformance suite: it has the tools that the suite asks for by name, as far as servers of
this framework have such tools at all. What they do not have (images, prompts, sampling ...) is not made up for it."""

from typing import Annotated

from servers.errors import ToolError
from servers.kit.answer import Output, Reply
from servers.kit.provenance import T0
from servers.kit.server import SecurityServer, build_server


class Sentence(Output):
    """Something said."""

    words: Annotated[int, T0]


def test_simple_text() -> Reply[Sentence]:
    """Say one sentence."""
    return Reply(Sentence(words=8), "This is a simple text response for testing.")


def test_error_handling() -> Reply[Sentence]:
    """Fail on every call."""
    raise ToolError("intentional", "This tool intentionally returns an error for testing")


def fixture() -> SecurityServer:
    """The server named `test`.

    Source: https://github.com/modelcontextprotocol/conformance, scenarios for servers."""
    return build_server(
        "test",
        reads=[test_simple_text, test_error_handling],
        backend="embedded",
        synthetic=True,
        probe=lambda: "two tools",
    )
