"""A tool as its server defines it, its name and the hash that pins it."""

import re
from dataclasses import dataclass, field

from agent.errors import NameRefusedError
from agent.models import JsonObject
from knowledge.trust.canonical import sha256_of

SEPARATOR = "__"
_SERVER_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_-]*[a-zA-Z0-9-])?")
_FULL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of one server. Everything in it but `server` was written by that server."""

    server: str
    name: str
    description: str
    input_schema: JsonObject
    output_schema: JsonObject | None
    sha256: str = field(init=False)
    """Of name, description, input and output schema: what a pin and a grant mean by this tool."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256_of(self.definition))

    @property
    def full_name(self) -> str:
        """The name used everywhere in the analyst: `server__tool`."""
        return f"{self.server}{SEPARATOR}{self.name}"

    @property
    def definition(self) -> JsonObject:
        """What is hashed, and shown when it has changed."""
        return {
            "name": self.name,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
        }


def check_server_name(name: str) -> str:
    """The name, if a full tool name made of it can be taken apart again.

    Raises: NameRefusedError for other characters, a double underscore, or an underscore at the end."""
    if not _SERVER_NAME.fullmatch(name) or SEPARATOR in name or len(name) > 32:
        raise NameRefusedError(
            f"server name {name[:40]!r}: at most 32 letters, digits, '-' and single '_', with a letter or digit first "
            "and no '_' at the end"
        )
    return name


def usable_name(full_name: str) -> bool:
    """Whether every model endpoint takes the name."""
    return _FULL_NAME.fullmatch(full_name) is not None


def split_name(full_name: str) -> tuple[str, str]:
    """Server and tool of a full name; the tool is empty when there is no separator."""
    server, _, tool = full_name.partition(SEPARATOR)
    return server, tool
