"""What a tool does to the world, by our own table: what is not in it counts as destructive."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, TypeAlias

import yaml
from pydantic import TypeAdapter, ValidationError, model_validator

from agent.errors import RegistryError
from agent.models import Model

Kind: TypeAlias = Literal["read", "change"]


class ServerRules(Model):
    """What one server's tools do, as a person wrote it down."""

    reads: tuple[str, ...] = ()
    """Tools that change nothing."""
    changes: tuple[str, ...] = ()
    """Tools that change something outside the server; reached through the act door only."""
    world_neutral: bool = False
    """Knowledge rather than observation: usable in lab and site cases alike."""

    @model_validator(mode="after")
    def _one_kind_each(self) -> "ServerRules":
        if both := set(self.reads) & set(self.changes):
            raise ValueError(f"named both as read and as change: {', '.join(sorted(both))}")
        return self

    def kind(self, tool: str) -> Kind | None:
        """What the tool does; None when nobody said, which is refused as destructive."""
        if tool in self.reads:
            return "read"
        return "change" if tool in self.changes else None


NO_RULES = ServerRules()
"""Of a server nobody described: no tool of it may be used."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Rules by server name."""

    servers: Mapping[str, ServerRules]

    def rules(self, server: str) -> ServerRules:
        """The server's rules; none at all when it is not in the table."""
        return self.servers.get(server, NO_RULES)


def bundled_registry() -> Registry:
    """The table shipped for the bundled servers."""
    return parse_registry((files("agent.host") / "registry.yaml").read_text("utf-8"), "registry.yaml")


def parse_registry(text: str, place: str) -> Registry:
    """A registry from YAML.

    Raises: RegistryError naming `place`, the server and the fault."""
    try:
        return Registry(TypeAdapter(dict[str, ServerRules]).validate_python(yaml.load(text, Loader=yaml.CSafeLoader)))
    except yaml.YAMLError as error:
        raise RegistryError(f"{place}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise RegistryError(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
