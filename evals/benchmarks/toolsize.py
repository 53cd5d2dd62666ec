"""What tools cost a model that is shown them: name, description and input schema, as they are sent to it."""

from collections.abc import Mapping, Sequence

from agent.conversation.model.toolbox import Toolbox
from agent.host.host import ToolStatus
from agent.host.registry import bundled_registry
from agent.models import JsonObject, Model
from evals.benchmarks.wire import CHARS_PER_TOKEN, sent_text


class Sized(Model):
    """One tool, or all tools of one server."""

    name: str
    tokens: int
    tools: int = 1


class Sizes(Model):
    """Every tool of some servers."""

    tools: tuple[Sized, ...]
    servers: tuple[Sized, ...]

    @property
    def mean(self) -> float:
        """Tokens of a tool."""
        return round(sum(tool.tokens for tool in self.tools) / len(self.tools), 1)

    def largest(self, most: int) -> tuple[Sized, ...]:
        """The largest tools, the largest first."""
        return tuple(sorted(self.tools, key=lambda tool: -tool.tokens)[:most])

    def of(self, names: Sequence[str]) -> int:
        """Tokens of all tools of these servers."""
        return sum(server.tokens for server in self.servers if server.name in names)


def sizes(listed: Mapping[str, Sequence[JsonObject]]) -> Sizes:
    """The tools of each server as `tools/list` gave them."""
    tools = {name: [Sized(name=str(tool["name"]), tokens=tokens(tool)) for tool in own] for name, own in listed.items()}
    servers = [Sized(name=name, tokens=sum(tool.tokens for tool in own), tools=len(own)) for name, own in tools.items()]
    return Sizes(tools=tuple(tool for own in tools.values() for tool in own), servers=tuple(servers))


def tokens(tool: JsonObject) -> int:
    """One tool in the form in which endpoints take it."""
    return _cost({"name": tool["name"], "description": tool.get("description"), "parameters": tool["inputSchema"]})


def in_view(listed: Mapping[str, Sequence[JsonObject]], connected: Sequence[str]) -> tuple[Sized, ...]:
    """What a model in the chat is shown at once when these servers are connected, chosen as the chat chooses: reads
    under their full names, and its own ways to look further, to see more and to end."""
    registry = bundled_registry()
    reads = [
        _status(server, tool)
        for server in connected
        for tool in listed.get(server, ())
        if registry.rules(server).kind(str(tool["name"])) == "read"
    ]
    functions = [schema["function"] for schema in Toolbox(reads).schemas()]
    shown = [function for function in functions if isinstance(function, dict)]
    return tuple(Sized(name=str(function["name"]), tokens=_cost(function)) for function in shown)


def _status(server: str, tool: JsonObject) -> ToolStatus:
    schema = tool["inputSchema"]
    return ToolStatus(
        name=f"{server}__{tool['name']}",
        kind="read",
        standing="usable",
        problem="",
        description=str(tool.get("description") or ""),
        input_schema=schema if isinstance(schema, dict) else {},
    )


def _cost(definition: JsonObject) -> int:
    return len(sent_text([], [definition])) // CHARS_PER_TOKEN
