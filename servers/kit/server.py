"""A security server made of typed methods: what it offers, and how one call is answered whatever happens."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, JsonValue
from starlette.applications import Starlette

from servers.errors import ConfigurationError, ListError, ToolError
from servers.kit import protocol
from servers.kit.access import NOBODY_ELSE, Access
from servers.kit.actions import ActionStore
from servers.kit.answer import Backend, JsonObject
from servers.kit.calls import Call, CallLog
from servers.kit.changes import Change, Read
from servers.kit.conditions import EVERYTHING, Conditions
from servers.kit.envelope import Source, answered, envelope_schema, failed
from servers.kit.gate import META, Gate, schema_hash
from servers.kit.health import Overdue, Watch
from servers.kit.inert import one_line
from servers.kit.life import BUG, Changing
from servers.kit.limits import Limits
from servers.kit.record import with_action
from servers.kit.request import MODE, Request
from servers.kit.secrets import SecretFilter, Secrets
from servers.kit.settings import BackendSettings
from servers.kit.standing import Standing
from servers.kit.tool import Method, Tool, meant, tool_of

MOST_TOOLS: Final = 10
"""Tools a server may have, its health tool included; more and a model starts to confuse them."""
SWEEP_S: Final = 15.0
"""How often a server with an open transport looks for effects whose time is over."""
HEALTH_LOOK_S: Final = 3.0
"""How long health waits for what is in force to be read back."""


def wall_clock() -> datetime:
    """The time of servers over real products."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SecurityServer:
    """One server: its tools, where its answers come from, and the transports it can speak."""

    name: str
    instructions: str
    tools: Mapping[str, Tool]
    reads: Mapping[str, Read]
    changes: Mapping[str, Change]
    known: frozenset[str]
    """Names of its tools beside health, those too that the operator does not want."""
    source: Source
    clock: Callable[[], datetime]
    timeout_s: float
    limits: Limits
    secrets: Secrets
    calls: CallLog | None
    overdue: Overdue
    log: logging.Logger
    changing: Changing | None = None
    """None: it is read-only."""
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tools that are not there, each with the settings that it takes."""

    @property
    def product(self) -> str:
        """What is behind it: a product's name, or `embedded`."""
        return self.source.product or self.source.backend

    @cached_property
    def published(self) -> tuple[protocol.Published, ...]:
        """The tools as clients list them."""
        return tuple(
            protocol.Published(
                name=tool.name,
                description=tool.description,
                input_schema=tool.input_schema,
                output_schema=_answer_schema(tool),
                changes=tool.changes,
                hints=self._hints(tool.name),
            )
            for tool in self.tools.values()
        )

    @cached_property
    def standing(self) -> Standing | None:
        """Who looks after what is in force."""
        return None if self.changing is None else Standing(self.changing)

    @cached_property
    def wire(self) -> protocol.Wire:
        """The protocol's view of this server, shared by all transports."""
        return protocol.wire(self.name, self.instructions, self.published, self.call, self.health)

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[protocol.Streams]:
        """The client's end of an in-memory connection, with the server running behind it."""
        async with self.sweeping(), protocol.in_memory(self.wire) as streams:
            yield streams

    async def run_stdio(self) -> None:
        """Serve one client over standard input and output until it goes away."""
        await protocol.over_stdio(self.wire, self.sweeping)

    def http_app(self, access: Access = NOBODY_ELSE) -> Starlette:
        """A streamable HTTP application with the endpoint `/mcp`, for whom `access` lets in."""
        return protocol.http_app(self.wire, self.sweeping, access)

    async def run_http(self, host: str, port: int, access: Access = NOBODY_ELSE) -> None:
        """Serve over streamable HTTP.

        Raises: ConfigurationError for an address off loopback while no token is asked for."""
        await protocol.over_http(self.wire, self.sweeping, host, port, access)

    def schema_sha256(self, tool: str) -> str:
        """The hash a grant for `tool` has to carry, equal to the hash a client pins.

        Raises: KeyError when there is no such tool."""
        return _pin(self.tools[tool])

    async def call(
        self,
        name: str,
        arguments: Mapping[str, JsonValue],
        grant: JsonValue = None,
        *,
        meta: Mapping[str, JsonValue] | None = None,
    ) -> JsonObject:
        """Answer one call. Whatever happens, the caller gets an envelope, and the log of calls a line.

        `meta` is the request's `_meta`; a `grant` given here goes into it."""
        carried = dict(meta or {}) if grant is None else {**(meta or {}), META: grant}
        started, envelope = time.perf_counter(), None
        try:
            envelope = self._masked(await self._answered(name, arguments, carried))
            return envelope
        finally:
            self._logged(name, arguments, carried, envelope, started)

    async def health(self) -> JsonObject:
        """The answer of the health tool."""
        return await self.call(f"{self.name}_health", {})

    async def _answered(
        self, name: str, arguments: Mapping[str, JsonValue], meta: Mapping[str, JsonValue]
    ) -> JsonObject:
        """The envelope of one call. A bug in a tool goes to the log whole, and to the caller as no more than that there
        was one: the next call is answered."""
        now = wall_clock()
        try:
            now, waiting = await anyio.to_thread.run_sync(self._moment)
            if waiting:
                await self.sweep()
            if name == f"{self.name}_health":
                with anyio.move_on_after(HEALTH_LOOK_S):
                    await self._look()
            tool = self._tool(name)
            if tool.changes and self.changing is not None:
                return await self.changing.answer(tool, arguments, Request.of(meta), now)
            checked = tool.checked(arguments)
            read = self.reads[name]
            self.limits.spend(name, read.rate)
            reply = await tool.run(checked, read.timeout_s or self.timeout_s)
            return answered(reply, tool.shape, self.source, now)
        except ToolError as problem:
            return self._failed(problem, name, now)
        except Exception:
            self.log.exception("tool_failed tool=%s", one_line(name, 64))
            return self._failed(BUG, name, now)

    def _failed(self, problem: ToolError, name: str, now: datetime) -> JsonObject:
        envelope = failed(problem, self.source, now)
        return {**envelope, "action": None} if name in self.changes else envelope

    def _masked(self, envelope: JsonObject) -> JsonObject:
        return {key: self.secrets.value(value) for key, value in envelope.items()} if self.secrets else envelope

    def _tool(self, name: str) -> Tool:
        if (tool := self.tools.get(name)) is None:
            hint = meant(one_line(name, 64), list(self.tools))
            if name in self.closed:
                hint = f"it takes {' and '.join(self.closed[name])}; {hint}"
            raise ToolError("unknown_tool", f"{self.name} has no such tool", hint)
        return tool

    def _hints(self, name: str) -> protocol.Hints:
        """An undo counts as destructive too unless its risk is low: it lifts a protection."""
        if (change := self.changes.get(name)) is None:
            return protocol.Hints(open_world=self.reads[name].open_world)
        meta = (("mcpsoc/risk", change.risk), ("mcpsoc/undo", change.undo), ("mcpsoc/expiry", change.expiry))
        return protocol.Hints(destructive=change.risk != "low", idempotent=change.expiry == "hold", meta=meta)

    def _moment(self) -> tuple[datetime, bool]:
        """The time, and whether something has to be ended or found out."""
        now = self.clock()
        if self.changing is None or time.monotonic() - self.overdue.tried_at < SWEEP_S:
            return now, False
        try:
            waiting, self.overdue.problem = self.changing.waiting(now), None
        except ToolError as problem:
            waiting, self.overdue.problem = False, problem.message
        return now, waiting

    async def sweep(self) -> None:
        """End the effects whose time is over. What fails is told by health and tried again later."""
        if self.changing is None:
            return
        now = await anyio.to_thread.run_sync(self.clock)
        try:
            self.overdue.effects = await self.changing.sweep(now)
        except ToolError as problem:
            self.log.warning("sweep_failed code=%s", problem.code)
            self.overdue.problem, self.overdue.tried_at = problem.message, time.monotonic()
            return
        self.overdue.tried_at = time.monotonic() if self.overdue.effects else float("-inf")

    @asynccontextmanager
    async def sweeping(self) -> AsyncIterator[None]:
        """While this is entered, effects end in time: at once what is over already, the rest as its time comes."""
        if self.changing is None:
            yield
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._now_and_then, self._sweep_if_due)
            group.start_soon(self._now_and_then, self._look)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    async def _now_and_then(self, step: Callable[[], Awaitable[None]]) -> None:
        """For as long as a client is there. A bug in a step goes to the log: raised here it would cut clients off."""
        while True:
            try:
                await step()
            except ToolError as problem:
                self.log.warning("sweep_failed code=%s", problem.code)
            except Exception:
                self.log.exception("sweep_failed")
            await anyio.sleep(SWEEP_S)

    async def _sweep_if_due(self) -> None:
        if (await anyio.to_thread.run_sync(self._moment))[1]:
            await self.sweep()

    async def _look(self) -> None:
        """Read back what should be in force. What that shows stands in the records, where health finds it."""
        if self.standing is not None:
            try:
                await self.standing.look()
            except ToolError as problem:
                self.log.warning("look_failed code=%s", problem.code)

    def _logged(
        self,
        name: str,
        arguments: Mapping[str, JsonValue],
        meta: Mapping[str, JsonValue],
        envelope: JsonObject | None,
        started: float,
    ) -> None:
        if self.calls is None:
            return
        error, action = (envelope or {}).get("error"), (envelope or {}).get("action")
        change: Literal["plan", "execute"] = "plan" if meta.get(MODE) == "plan" else "execute"
        self.calls.add(
            Call(
                server=self.name,
                tool=name,
                arguments={key: self.secrets.value(value) for key, value in arguments.items()},
                kind=change if name in self.changes else "read",
                status="cancelled" if envelope is None else str(envelope["status"]),
                code=str(error["code"]) if isinstance(error, dict) else None,
                ms=(time.perf_counter() - started) * 1000,
                action_id=str(action["action_id"]) if isinstance(action, dict) and action["action_id"] else None,
            )
        )


def build_server(
    name: str,
    *,
    reads: Sequence[Method | Read],
    changes: Sequence[Change] = (),
    backend: Backend,
    synthetic: bool,
    clock: Callable[[], datetime] = wall_clock,
    probe: Callable[[], str],
    product: str = "",
    instructions: str = "",
    settings: BaseModel | None = None,
    conditions: Conditions = EVERYTHING,
) -> SecurityServer:
    """A server of these methods, as far as the conditions let them be there. Without a gate, or read-only, no change
    is registered at all.

    `probe` says in one line what is behind the server; it raises ToolError when that cannot be reached. `product` is
    its name: what was changed at one product is never taken back at another.

    Raises: ConfigurationError for a method that cannot be published, a name used twice, too many tools, or a change
    that could not be ended."""
    looks = [each if isinstance(each, Read) else Read(each) for each in reads]
    source, secrets, overdue = Source(name, backend, synthetic, product), Secrets.of(settings), Overdue()
    log = logging.getLogger(f"mcpsoc.servers.{name}")
    log.filters[:] = [SecretFilter(secrets)]
    gate = None if conditions.read_only else conditions.gate
    offered = {_name(each): each for each in changes if gate is not None and conditions.offers(_name(each))}
    if gate is not None and conditions.actions is None:
        conditions = replace(conditions, actions=ActionStore())
    watch = Watch(source, clock, probe, conditions, overdue, read_only=not offered)
    health = Read(watch.tool())
    wanted = {_name(each): each for each in looks if conditions.offers(_name(each))} | {_name(health): health}
    tools = {each.name: each for each in _tools(wanted, offered)}
    _check_names(name, [*map(_name, looks), *map(_name, changes), _name(health)])
    _check_ends(name, offered)
    server = SecurityServer(
        name=name,
        instructions=instructions,
        tools=tools,
        reads=wanted,
        changes=offered,
        known=frozenset([*map(_name, looks), *map(_name, changes)]),
        source=source,
        clock=clock,
        timeout_s=conditions.timeout_s,
        limits=Limits(),
        secrets=secrets,
        calls=conditions.calls,
        overdue=overdue,
        log=log,
        closed=_closed(
            settings, backend, tools, [] if gate is not None or conditions.read_only else map(_name, changes)
        ),
    )
    if gate is None or not offered:
        return server
    declared = {_name(each): each for each in changes}
    return replace(server, changing=_changing(server, declared, conditions, gate))


def _closed(
    settings: BaseModel | None, backend: Backend, tools: Collection[str], ungranted: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """What is not there for want of a setting. Over the lab a product's settings open nothing."""
    over_lab = backend == "embedded" and getattr(settings, "backend", None) is not None
    found = settings.closed() if isinstance(settings, BackendSettings) and not over_lab else {}
    found |= dict.fromkeys(ungranted, ("MCPSOC_GRANT_KEY",))
    return {name: takes for name, takes in found.items() if name not in tools}


def _changing(server: SecurityServer, declared: Mapping[str, Change], conditions: Conditions, gate: Gate) -> Changing:
    return Changing(
        source=server.source,
        tools={name: server.tools[name] for name in server.changes},
        changes=server.changes,
        declared=declared,
        gate=gate,
        actions=conditions.actions or ActionStore(),
        limits=server.limits,
        clock=server.clock,
        timeout_s=server.timeout_s,
        schema_sha256=server.schema_sha256,
        log=server.log,
    )


def _name(declared: Read | Change) -> str:
    return declared.method.__name__


def _tools(reads: Mapping[str, Read], changes: Mapping[str, Change]) -> Sequence[Tool]:
    looking = [tool_of(read.method, changes=False) for read in reads.values()]
    return [*looking, *(tool_of(change.method, changes=True) for change in changes.values())]


def _answer_schema(tool: Tool) -> JsonObject:
    schema = envelope_schema(tool.data_schema)
    return with_action(schema) if tool.changes else schema


def _pin(tool: Tool) -> str:
    return schema_hash(tool.name, tool.description, tool.input_schema, _answer_schema(tool))


def _check_names(server: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{server}: two tools have the same name")
    if len(names) > MOST_TOOLS:
        raise ConfigurationError(f"{server} has {len(names)} tools; at most {MOST_TOOLS} are allowed")
    if strangers := [name for name in names if not name.startswith(f"{server}_")]:
        raise ConfigurationError(f"{server}: tool names start with the server's name, unlike {', '.join(strangers)}")


def _check_ends(server: str, changes: Mapping[str, Change]) -> None:
    """A change that this server has to end needs its undo beside it, whatever the lists say."""
    for name, change in changes.items():
        if change.expiry == "lapse" and change.lapses == "server" and change.undo not in changes:
            raise ListError(f"{server}: {name} ends through {change.undo}, which is not there: deny both")
