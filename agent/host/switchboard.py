"""From a full tool name to a tool that may be used, or the reason why not. The doors and the host share it.

It is not handed out: whoever holds it could call anything. An investigation holds a read door, agent/response an act
door.
"""

import asyncio
import difflib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from agent.errors import AnswerInvalidError, CallError, HostError, ServerDownError
from agent.host.answers import Reading
from agent.host.connections import Connection
from agent.host.envelope import Envelope, envelope_in
from agent.host.link import Link, Raw
from agent.host.pins import PinChange, PinStore
from agent.host.provenance import declared
from agent.host.registry import Kind, Registry, ServerRules
from agent.host.schemas import Check, compiled
from agent.host.tools import Tool, split_name, usable_name
from agent.models import Backend, JsonObject

Standing: TypeAlias = Literal["usable", "unregistered", "new", "changed", "unusable"]
_SEND_AGAIN_WITHIN_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool, what it does, and whether it may be used."""

    tool: Tool
    link: Link
    kind: Kind | None
    standing: Standing
    problem: str
    """Why it may not be used; empty when it may."""
    check_arguments: Check | None = None
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such tool, or nobody can say because its server never answered."""

    problem: str
    hint: str
    server_down: bool


class Switchboard:
    """All tools of all servers, by full name."""

    def __init__(self, registry: Registry, pins: PinStore, product: str, most_chars: int) -> None:
        self.links: dict[str, Link] = {}
        self.backends: dict[str, Backend] = {}
        """Backend by trusted server, as its health answer says; servers that do not say are not in it."""
        self.unready: dict[str, str] = {}
        """Why what is behind a trusted server does not answer, when its health was last asked."""
        self._registry = registry
        self._pins = pins
        self._product = product
        self._most_chars = most_chars
        self._entries: dict[str, dict[str, Entry]] = {}

    def rules(self, link: Link) -> ServerRules:
        """What a person, or we, wrote about the server's tools."""
        rules = link.connection.rules
        return self._registry.rules(link.name) if rules is None else rules

    def entries(self) -> Iterator[Entry]:
        """Every tool that any server listed last, in the order the servers were given."""
        for server in self.links:
            yield from self._entries.get(server, {}).values()

    def backend(self, link: Link) -> Backend | None:
        """What is behind a server, as far as it is known before asking: somebody else's server is a real one."""
        return self.backends.get(link.name, None if link.connection.trusted else "real")

    def find(self, full_name: str) -> Entry | NotFound:
        """The tool of that name."""
        server, tool = split_name(full_name)
        if (link := self.links.get(server)) is None:
            return NotFound(f"no server {server[:40]!r} is connected", f"servers: {', '.join(self.links)}", False)
        known = self._entries.get(server, {})
        if (entry := known.get(tool)) is not None:
            return entry
        if not known and link.state != "ready":
            return NotFound(f"{server} is not connected: {link.problem or 'starting'}", "mcpsoc servers ls", True)
        if (why := self.unready.get(server)) is not None and set(known) <= {_health_of(server)}:
            return NotFound(f"{server} is not ready: {why}", f"mcpsoc servers verify {server}", True)
        if self.rules(link).kind(tool) is not None:
            return NotFound(f"{server}: its product does not offer {tool}", f"mcpsoc servers show {server}", False)
        close = difflib.get_close_matches(tool, known, n=1)
        hint = f"did you mean {server}__{close[0]}?" if close else f"it has: {', '.join(known)[:300]}"
        return NotFound(f"{server} has no tool {tool[:64]!r}", hint, False)

    async def publish(self, link: Link, tools: Sequence[Tool]) -> None:
        """Take over the tool list of a server that has (re)started or changed its list."""
        await self._pin_first_seen(link, tools)
        self._judge(link, tools)
        await self._ask_health(link)

    async def ask_health_again(self) -> None:
        """Whether what is behind the servers answers now."""
        up = (link for link in self.links.values() if link.state == "ready" and link.name in self._entries)
        await asyncio.gather(*(self._ask_health(link) for link in up))

    def judge_again(self) -> None:
        """Hold every tool against the pins once more, after something was accepted."""
        for name, known in list(self._entries.items()):
            self._judge(self.links[name], [entry.tool for entry in known.values()])

    def changes(self) -> list[PinChange]:
        """Every listed definition that nobody accepted."""
        found = (self._pins.diff(entry.tool) for entry in self.entries())
        return [change for change in found if change is not None]

    async def accept(self, tools: Sequence[Tool], by: str) -> None:
        """Accept these definitions and use them from now on."""
        await asyncio.to_thread(self._pins.accept, tools, by)
        self.judge_again()

    async def call(
        self, entry: Entry, arguments: JsonObject, timeout_s: float, *, meta: JsonObject | None = None, again: bool
    ) -> Raw:
        """Call a tool; with `again`, once more if its server was lost before it can have seen the request.

        Raises: CallError."""
        was_up, since = entry.link.state == "ready", entry.link.starts
        try:
            return await entry.link.call(entry.tool.name, arguments, timeout_s, meta)
        except ServerDownError as error:
            if error.sent or not was_up or not again:
                raise
            if not await _back(entry.link, since, min(timeout_s, _SEND_AGAIN_WITHIN_S)):
                raise
        return await entry.link.call(entry.tool.name, arguments, timeout_s, meta)

    async def _pin_first_seen(self, link: Link, tools: Sequence[Tool]) -> None:
        """A trusted server's tools are accepted when first seen, ours also when this version, or the product that the
        operator put behind the server, brought them along."""
        if not link.connection.trusted:
            return
        by = _brought_by(self._product, link)
        fresh = [tool for tool in tools if self._pins.get(tool.full_name) is None]
        if link.connection.bundled:
            fresh += [tool for tool in tools if self._came_along(tool, by)]
        if fresh:
            await asyncio.to_thread(self._pins.accept, fresh, by)
            log.info("tools_accepted server=%s tools=%d by=%s", link.name, len(fresh), by)

    def _came_along(self, tool: Tool, by: str) -> bool:
        pin = self._pins.get(tool.full_name)
        return pin is not None and self._pins.state(tool) == "changed" and pin.accepted_by != by

    def _judge(self, link: Link, tools: Sequence[Tool]) -> None:
        names = [tool.name for tool in tools]
        judged: dict[str, Entry] = {}
        for tool in tools:
            entry = self._judged(link, tool)
            if names.count(tool.name) > 1:
                entry = replace(entry, standing="unusable", problem="its server lists two tools of this name")
            judged[tool.name] = entry
        self._entries[link.name] = judged

    def _judged(self, link: Link, tool: Tool) -> Entry:
        rules = self.rules(link)
        kind = rules.kind(tool.name)
        if not usable_name(tool.full_name):
            return Entry(tool, link, kind, "unusable", "its name does not fit [a-zA-Z0-9_-]{1,64}")
        if kind is None:
            return Entry(tool, link, None, "unregistered", "nobody registered what it does: treated as destructive")
        state = self._pins.state(tool)
        if state == "new":
            return Entry(tool, link, kind, "new", "its definition was never accepted")
        if state == "changed":
            return Entry(tool, link, kind, "changed", "its definition changed since it was accepted")
        return self._usable(link, tool, kind, rules)

    def _usable(self, link: Link, tool: Tool, kind: Kind, rules: ServerRules) -> Entry:
        trusted = link.connection.trusted
        try:
            arguments = compiled(tool.input_schema, trusted=trusted)
            output = None if tool.output_schema is None else compiled(tool.output_schema, trusted=trusted)
        except AnswerInvalidError as error:
            return Entry(tool, link, kind, "unusable", str(error))
        classes = declared(tool.output_schema) if trusted else {}
        setting = link.connection.setting if isinstance(link.connection, Connection) else ""
        reading = Reading(tool.full_name, trusted, output, classes, rules.world_neutral, self._most_chars, setting)
        return Entry(tool, link, kind, "usable", "", arguments, reading)

    async def _ask_health(self, link: Link) -> None:
        """Learn the backend of a trusted server before anything is asked of it."""
        entry = self._entries[link.name].get(_health_of(link.name))
        if not link.connection.trusted or entry is None or entry.kind != "read" or entry.standing != "usable":
            return
        try:
            raw = await link.call(entry.tool.name, {}, _SEND_AGAIN_WITHIN_S)
        except CallError as error:
            log.warning("server_health server=%s problem=%s", link.name, error)
            self.unready[link.name] = str(error)
            return
        if (envelope := envelope_in(raw.structured)) is not None:
            self.backends[link.name] = "embedded" if envelope.source.synthetic else envelope.source.backend
            self._note_readiness(link.name, envelope)

    def _note_readiness(self, server: str, envelope: Envelope) -> None:
        data = envelope.data if isinstance(envelope.data, dict) else {}
        self.unready.pop(server, None)
        if data.get("ready") is not True:
            self.unready[server] = str(data.get("detail") or envelope.summary)


def _health_of(server: str) -> str:
    return f"{server}_health"


def _brought_by(version: str, link: Link) -> str:
    """Who accepts a trusted server's definitions in a person's place."""
    product = link.connection.product if isinstance(link.connection, Connection) else ""
    return f"{version}, {product}" if product else version


async def _back(link: Link, since: int, within_s: float) -> bool:
    """Whether the server is connected again within the time."""
    try:
        async with asyncio.timeout(within_s):
            await link.started_again(since)
    except TimeoutError:
        return False
    return link.state == "ready"


def usable(entry: Entry) -> tuple[Check, Reading]:
    """The checks of a tool that may be used.

    Raises: HostError when it may not; the doors ask for its standing first."""
    if entry.check_arguments is None or entry.reading is None:
        raise HostError(f"{entry.tool.full_name} may not be used: {entry.problem}")
    return entry.check_arguments, entry.reading
