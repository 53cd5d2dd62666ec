"""What tools cost a model that is shown them: name, description and input schema, as they are sent to it."""

from collections.abc import Mapping, Sequence

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
    definition: JsonObject = {
        "name": tool["name"],
        "description": tool.get("description"),
        "parameters": tool["inputSchema"],
    }
    return len(sent_text([], [definition])) // CHARS_PER_TOKEN
