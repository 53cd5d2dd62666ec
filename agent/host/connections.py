"""How servers are reached: in-memory transports handed in, and other people's servers from `mcpServers` files.

The usual form, with a few keys of ours that other programs ignore:

    {"mcpServers": {"files": {"command": "npx", "args": ["-y", "some-server"], "env": {"TOKEN": "${FILES_TOKEN}"},
                              "reads": ["list_files"]},
                    "intel": {"url": "https://intel.example/mcp", "headers": {"Authorization": "Bearer ${INTEL_KEY}"},
                              "reads": ["lookup"], "world_neutral": true}}}
"""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import ClientSession
from mcp.client.session import MessageHandlerFnT
from mcp.shared.message import SessionMessage
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    JsonValue,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from agent.errors import ConnectionConfigError, NameRefusedError
from agent.host.registry import ServerRules
from agent.host.tools import check_server_name

if TYPE_CHECKING:
    from langchain_mcp_adapters.sessions import StdioConnection, StreamableHttpConnection

Streams: TypeAlias = tuple[
    MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]
]
Opener: TypeAlias = Callable[[], AbstractAsyncContextManager[Streams]]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A server whose transport somebody built and hands in: a bundled one, or one in a test."""

    name: str
    open: Opener
    """Opens the client's end; entered and left in one task."""
    rules: ServerRules | None = None
    """What its tools do; None takes the shipped registry."""
    trusted: bool = True
    """Whether its provenance declarations count, and its definitions are accepted when first seen."""
    product: str = ""
    """What a bundled server stands on: by its settings it offers other tools, which are ours all the same."""
    setting: str = ""
    """The setting that puts a product behind a bundled server, for whoever has none there."""

    @property
    def bundled(self) -> bool:
        """Whether it is one of ours, described by the shipped registry."""
        return self.rules is None and self.trusted

    @asynccontextmanager
    async def session(self, listener: MessageHandlerFnT) -> AsyncIterator[ClientSession]:
        """A session, not yet initialised; `listener` gets the server's notifications."""
        async with self.open() as (reader, writer), ClientSession(reader, writer, message_handler=listener) as session:
            yield session


@dataclass(frozen=True, slots=True)
class RemoteConnection:
    """A server reached by a command or a URL. It is not trusted unless its entry says so."""

    name: str
    entry: "Entry"
    variables: Mapping[str, str] = field(repr=False)
    """Where `${NAME}` is looked up."""

    @property
    def rules(self) -> ServerRules:
        """What a person wrote about its tools."""
        return ServerRules(reads=self.entry.reads, changes=self.entry.changes, world_neutral=self.entry.world_neutral)

    @property
    def trusted(self) -> bool:
        """Whether the operator trusts what it declares about itself."""
        return self.entry.trusted

    @property
    def bundled(self) -> bool:
        """Never one of ours."""
        return False

    @asynccontextmanager
    async def session(self, listener: MessageHandlerFnT) -> AsyncIterator[ClientSession]:
        """A session, not yet initialised; `listener` gets the server's notifications."""
        from langchain_mcp_adapters.sessions import create_session

        parameters = self.entry.parameters(self.variables)
        parameters["session_kwargs"] = {"message_handler": listener}
        async with create_session(parameters) as session:
            yield session


AnyConnection: TypeAlias = Connection | RemoteConnection


def _variables_in(text: SecretStr) -> SecretStr:
    if "${" in _VARIABLE.sub("", text.get_secret_value()):
        raise ValueError("a reference is ${NAME} or ${NAME:-default}")
    return text


Template = Annotated[SecretStr, AfterValidator(_variables_in)]
"""Text with `${NAME}` references; kept secret, since it may hold a credential itself."""


_NOT_OURS = frozenset({"autoApprove", "alwaysAllow", "timeout"})
"""Keys that other programs put beside the usual ones; they change nothing here, least of all what is approved."""


class Entry(BaseModel):
    """One entry of a `mcpServers` file. An unknown key is refused: it may be a misspelt one."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    command: str | None = Field(default=None, min_length=1)
    args: tuple[Template, ...] = ()
    env: dict[str, Template] = {}
    cwd: Path | None = None
    url: HttpUrl | None = None
    headers: dict[str, Template] = {}
    transport: Literal["stdio", "streamable_http", "streamable-http", "streamableHttp", "http"] | None = Field(
        default=None, alias="type"
    )
    timeout_s: float = Field(default=30.0, gt=0)
    """How long the HTTP transport waits for one response, in seconds."""
    disabled: bool = False
    description: str = ""
    reads: tuple[str, ...] = ()
    """Tools of it that change nothing: a person's word. What is not named cannot be used."""
    changes: tuple[str, ...] = ()
    """Tools of it that change something; reached through the act door only."""
    world_neutral: bool = False
    """Usable in lab cases too."""
    trusted: bool = False
    """Whether its provenance declarations count and its tools are accepted when first seen."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: JsonValue) -> JsonValue:
        if not isinstance(given, dict):
            return given
        if "transport" in given and "type" in given:
            raise ValueError("'type' and 'transport' mean the same: keep one")
        return {key: value for key, value in given.items() if key not in _NOT_OURS}

    @model_validator(mode="after")
    def _one_way(self) -> "Entry":
        if (self.command is None) == (self.url is None):
            raise ValueError("needs 'command' or 'url', and not both")
        if self.transport is not None and (self.transport == "stdio") != (self.url is None):
            raise ValueError(f"transport {self.transport!r} does not go with {'url' if self.url else 'command'!r}")
        if self.url is None and self.headers:
            raise ValueError("'headers' need 'url'")
        if self.url is not None and (self.args or self.env or self.cwd):
            raise ValueError("'args', 'env' and 'cwd' need 'command'")
        ServerRules(reads=self.reads, changes=self.changes)
        return self

    def missing(self, variables: Mapping[str, str]) -> list[str]:
        """Names that are referred to and have neither a value nor a default."""
        texts = [*self.args, *self.env.values(), *self.headers.values()]
        found = [match for text in texts for match in _VARIABLE.finditer(text.get_secret_value())]
        return sorted({match[1] for match in found if match[2] is None and match[1] not in variables})

    def parameters(self, variables: Mapping[str, str]) -> "StdioConnection | StreamableHttpConnection":
        """What the session is opened with, every reference filled."""
        if self.url is not None:
            headers = {name: _filled(text, variables) for name, text in self.headers.items()}
            wait = timedelta(seconds=self.timeout_s)
            return {"transport": "streamable_http", "url": str(self.url), "headers": headers, "timeout": wait}
        filled = [_filled(text, variables) for text in self.args]
        env = {name: _filled(text, variables) for name, text in self.env.items()}
        return {"transport": "stdio", "command": self.command or "", "args": filled, "env": env, "cwd": self.cwd}


def _filled(text: SecretStr, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[2] or ""), text.get_secret_value())


class _File(BaseModel):
    """A `mcpServers` file; what else is in it belongs to other programs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    servers: dict[str, JsonValue] = Field(alias="mcpServers")


def from_mcp_servers(
    source: Path | str | bytes | Mapping[str, JsonValue], variables: Mapping[str, str] | None = None
) -> list[RemoteConnection]:
    """The servers of a `mcpServers` document: a file, its text, or the parsed object. Disabled ones are left out.

    `variables` is where `${NAME}` is looked up; the environment by default.

    Raises: ConnectionConfigError saying which file, which entry, which key, and what is wrong with it."""
    place = str(source) if isinstance(source, Path) else "mcpServers"
    known = os.environ if variables is None else variables
    connections: list[RemoteConnection] = []
    for name, given in _entries(source, place).items():
        entry = _entry(given, f"{place}: {name[:40]!r}")
        if entry.disabled:
            continue
        if missing := entry.missing(known):
            raise ConnectionConfigError(f"{place}: {name!r}: not set in the environment: {', '.join(missing)}")
        connections.append(RemoteConnection(_checked_name(name, place), entry, known))
    return connections


def _entries(source: Path | str | bytes | Mapping[str, JsonValue], place: str) -> dict[str, JsonValue]:
    try:
        text = source.read_bytes() if isinstance(source, Path) else source
        parsed = _File.model_validate(text) if isinstance(text, Mapping) else _File.model_validate_json(text)
    except OSError as error:
        raise ConnectionConfigError(f"{place}: {error.strerror}") from error
    except ValidationError as error:
        raise ConnectionConfigError(f"{place}: {_first(error)}") from error
    return parsed.servers


def _entry(given: JsonValue, place: str) -> Entry:
    try:
        return TypeAdapter(Entry).validate_python(given)
    except ValidationError as error:
        raise ConnectionConfigError(f"{place}: {_first(error)}") from None


def _checked_name(name: str, place: str) -> str:
    try:
        return check_server_name(name)
    except NameRefusedError as error:
        raise ConnectionConfigError(f"{place}: {error}") from error


def _first(error: ValidationError) -> str:
    """The first fault with the key it is at; never the value, which may be a credential."""
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    return f"{key}: {fault['msg']}" if key else fault["msg"]
