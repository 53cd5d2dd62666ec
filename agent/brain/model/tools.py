"""Which tools a model may name in a read of its own: those that our table calls reads, and that tell something."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from agent.host.registry import bundled_registry

_HEALTH = "_health"


def full_name(tool: str) -> str | None:
    """The full name of a tool that may be read, named with or without its server; None for every other."""
    name = tool.strip()
    return name if name in _reads().values() else _reads().get(name)


def is_ours(server: str) -> bool:
    """Whether the server is one of the bundled ones, whose summaries hold nobody's text but ours."""
    return any(name.startswith(f"{server}__") for name in _reads().values())


@cache
def _reads() -> Mapping[str, str]:
    """Tool name to full name."""
    servers = bundled_registry().servers.items()
    names = {tool: f"{server}__{tool}" for server, rules in servers for tool in rules.reads}
    return MappingProxyType({tool: name for tool, name in names.items() if not tool.endswith(_HEALTH)})
