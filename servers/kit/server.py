"""A security server made of typed methods: what it offers, and how one call is answered whatever happens."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import anyio.to_thread
from pydantic import BaseModel, JsonValue
from starlette.applications import Starlette

from servers.errors import ConfigurationError, RefusedError, ToolError
from servers.kit import protocol
from servers.kit.access import NOBODY_ELSE, Access
from servers.kit.answer import Backend, Health, JsonObject, Reply
from servers.kit.envelope import Source, answered, envelope_schema, failed, iso
from servers.kit.gate import Gate, schema_hash
from servers.kit.inert import one_line
from servers.kit.secrets import SecretFilter, Secrets
from servers.kit.tool import Method, Tool, meant, tool_of

MOST_TOOLS = 10
"""Tools a server may have, its health tool included; more and a model starts to confuse them."""


def wall_clock() -> datetime:
    """The time of servers over real products."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SecurityServer:
    """One server: its tools, where its answers come from, and the transports it can speak."""

    name: str
    instructions: str
    tools: Mapping[str, Tool]
    source: Source
    clock: Callable[[], datetime]
    timeout_s: float
    gate: Gate | None
    secrets: Secrets
    log: logging.Logger

    @cached_property
    def published(self) -> tuple[protocol.Published, ...]:
        """The tools as clients list them."""
        return tuple(
            protocol.Published(
                name=tool.name,
                description=tool.description,
                input_schema=tool.input_schema,
                output_schema=envelope_schema(tool.data_schema),
                changes=tool.changes,
            )
            for tool in self.tools.values()
        )

    @cached_property
    def wire(self) -> protocol.Wire:
        """The protocol's view of this server, shared by all transports."""
        return protocol.wire(self.name, self.instructions, self.published, self.call, self.health)

    def transport(self) -> AbstractAsyncContextManager[protocol.Streams]:
        """The client's end of an in-memory connection, with the server running behind it."""
        return protocol.in_memory(self.wire)

    async def run_stdio(self) -> None:
        """Serve one client over standard input and output until it goes away."""
        await protocol.over_stdio(self.wire)

    def http_app(self, access: Access = NOBODY_ELSE) -> Starlette:
        """A streamable HTTP application with the endpoint `/mcp`, for whom `access` lets in."""
        return protocol.http_app(self.wire, access)

    async def run_http(self, host: str, port: int, access: Access = NOBODY_ELSE) -> None:
        """Serve over streamable HTTP.

        Raises: ConfigurationError for an address off loopback while no token is asked for."""
        await protocol.over_http(self.wire, host, port, access)

    def schema_sha256(self, tool: str) -> str:
        """The hash a grant for `tool` has to carry, equal to the hash a client pins.

        Raises: KeyError when there is no such tool."""
        found = {item.name: item for item in self.published}[tool]
        return schema_hash(found.name, found.description, found.input_schema, found.output_schema)

    async def call(self, name: str, arguments: Mapping[str, JsonValue], grant: JsonValue = None) -> JsonObject:
        """Answer one call. Whatever happens, the caller gets an envelope."""
        now = wall_clock()
        try:
            now = await anyio.to_thread.run_sync(self.clock)
            tool = self._tool(name)
            checked = tool.checked(arguments)
            self._permit(tool, arguments, grant, now)
            envelope = answered(await tool.run(checked, self.timeout_s), tool.shape, self.source, now)
        except ToolError as problem:
            envelope = failed(problem, self.source, now)
        except Exception:
            self.log.exception("tool_failed tool=%s", one_line(name, 64))
            envelope = failed(_UNKNOWN, self.source, now)
        return {key: self.secrets.value(value) for key, value in envelope.items()} if self.secrets else envelope

    async def health(self) -> JsonObject:
        """The answer of the health tool."""
        return await self.call(f"{self.name}_health", {})

    def _tool(self, name: str) -> Tool:
        if (tool := self.tools.get(name)) is None:
            known = list(self.tools)
            raise ToolError("unknown_tool", f"{self.name} has no such tool", meant(one_line(name, 64), known))
        return tool

    def _permit(self, tool: Tool, arguments: Mapping[str, JsonValue], grant: JsonValue, now: datetime) -> None:
        """A read needs nothing; a change needs its grant.

        Raises: RefusedError when the grant does not permit this call."""
        if not tool.changes:
            return
        if self.gate is None:
            raise RefusedError("this server is read-only", "configure MCPSOC_GRANT_KEY")
        digest = self.schema_sha256(tool.name)
        self.gate.check(grant, tool=tool.name, schema_sha256=digest, arguments=arguments, now=now)


_UNKNOWN = ToolError("internal_error", "the server failed on this call", "its log has the reason")


def build_server(
    name: str,
    *,
    reads: Sequence[Method],
    changes: Sequence[Method] = (),
    backend: Backend,
    synthetic: bool,
    clock: Callable[[], datetime] = wall_clock,
    probe: Callable[[], str],
    instructions: str = "",
    settings: BaseModel | None = None,
    gate: Gate | None = None,
    timeout_s: float = 20.0,
) -> SecurityServer:
    """A server of these methods. Without a `gate` it is read-only: the changes are not registered at all.

    `probe` says in one line what is behind the server; it raises ToolError when that cannot be reached.

    Raises: ConfigurationError for a method that cannot be published, a name used twice, or too many tools."""
    source, secrets = Source(name, backend, synthetic), Secrets.of(settings)
    health = _health_method(source, clock, probe, read_only=gate is None or not changes)
    tools = [tool_of(method, changes=False) for method in (*reads, health)]
    tools += [tool_of(method, changes=True) for method in changes if gate is not None]
    _check_names(name, [tool.name for tool in tools])
    log = logging.getLogger(f"mcpsoc.servers.{name}")
    log.filters[:] = [SecretFilter(secrets)]
    by_name = {tool.name: tool for tool in tools}
    return SecurityServer(name, instructions, by_name, source, clock, timeout_s, gate, secrets, log)


def _health_method(
    source: Source, clock: Callable[[], datetime], probe: Callable[[], str], *, read_only: bool
) -> Method:
    def health() -> Reply[Health]:
        """Whether this server can answer, what is behind it, and its clock."""
        try:
            ready, detail = True, probe()
        except ToolError as problem:
            ready, detail = False, problem.message
        data = Health(
            server=source.server,
            backend=source.backend,
            ready=ready,
            detail=detail,
            time=iso(clock()),
            read_only=read_only,
        )
        return Reply(data, f"{source.server} is {'ready' if ready else 'not ready'}")

    health.__name__ = f"{source.server}_health"
    return health


def _check_names(server: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{server}: two tools have the same name")
    if len(names) > MOST_TOOLS:
        raise ConfigurationError(f"{server} has {len(names)} tools; at most {MOST_TOOLS} are allowed")
    if strangers := [name for name in names if not name.startswith(f"{server}_")]:
        raise ConfigurationError(f"{server}: tool names start with the server's name, unlike {', '.join(strangers)}")
