"""The whole examination of one server: `await assert_conformant(server)`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from servers.errors import ToolError
from servers.kit.answer import MAX_ROWS, JsonObject
from servers.kit.changes import Rate
from servers.kit.conformance.changes import registered, ungranted
from servers.kit.conformance.fuzz import Fuzz
from servers.kit.conformance.judge import Judge, data_of
from servers.kit.conformance.load import crowd, giants, outage, taken_back
from servers.kit.conformance.published import shown
from servers.kit.conformance.session import Client, connected
from servers.kit.conformance.traces import watched
from servers.kit.conformance.valid import arguments_for
from servers.kit.limits import Limits
from servers.kit.server import SecurityServer


async def assert_conformant(
    server: SecurityServer,
    *,
    examples: Mapping[str, JsonObject] = {},
    canaries: Sequence[str] = (),
    planted: Sequence[str] = (),
    again: Callable[[], SecurityServer] | None = None,
    read_only: Callable[[], SecurityServer] | None = None,
    state: Callable[[], object] | None = None,
    dies: Callable[[], object] | None = None,
) -> None:
    """Fail with every complaint there is about `server`; the arguments are those of `complaints`.

    Raises: AssertionError listing the complaints, one a line."""
    found = await complaints(
        server,
        examples=examples,
        canaries=canaries,
        planted=planted,
        again=again,
        read_only=read_only,
        state=state,
        dies=dies,
    )
    if found:
        raise AssertionError("\n".join([f"{server.name} does not conform:", *(f"- {line}" for line in found)]))


async def complaints(
    server: SecurityServer,
    *,
    examples: Mapping[str, JsonObject] = {},
    canaries: Sequence[str] = (),
    planted: Sequence[str] = (),
    again: Callable[[], SecurityServer] | None = None,
    read_only: Callable[[], SecurityServer] | None = None,
    state: Callable[[], object] | None = None,
    dies: Callable[[], object] | None = None,
) -> list[str]:
    """Everything about `server` that a server of this framework must not be or do.

    examples: good arguments by tool, where the schema alone does not tell them; better ones find more.
    canaries: secrets that its settings hold. planted: texts of an attacker that lie in its backend.
    again: builds the same server anew. read_only: builds it in read-only mode. state: what the backend holds, compared
    before and after changes that are planned or refused. dies: ends the backend; nothing is asked of the server after.
    """
    server = _unlimited(server)
    judge = Judge(server, canaries, planted)
    for subject, complaint in shown(server):
        judge.complain(subject, complaint)
    bases = _bases(server, examples, judge)
    with watched() as traces:
        async with connected(server) as client:
            await _pinned(server, client, again, judge)
            giants(server, await _first_answers(server, bases, judge), judge)
            await ungranted(server, client, bases, judge, state)
            await Fuzz(server, client, judge, traces.trap).run(bases)
            await crowd(server, client, bases, judge)
            await taken_back(server, bases, judge)
            if read_only is not None:
                registered(read_only(), server, judge)
            if dies is not None:
                await outage(server, client, bases, judge, dies)
        for complaint in traces.complaints(canaries):
            judge.complain(server.name, complaint)
    return judge.complaints()


class _NoLimits(Limits):
    """Lets every call through: an examination makes more of them than a tool allows in an hour."""

    def spend(self, name: str, rate: Rate | None) -> None:
        """Count nothing."""


def _unlimited(server: SecurityServer) -> SecurityServer:
    """The server without its limits on how often a tool may be called."""
    changing = None if server.changing is None else replace(server.changing, limits=_NoLimits())
    return replace(server, limits=_NoLimits(), changing=changing)


def _bases(server: SecurityServer, examples: Mapping[str, JsonObject], judge: Judge) -> dict[str, JsonObject]:
    """Good arguments of every tool."""
    made = {tool.name: examples.get(tool.name, arguments_for(tool.input_schema)) for tool in server.published}
    for name in examples.keys() - made.keys():
        judge.complain(server.name, f"there is an example for {name}, which it does not have")
    for name, arguments in made.items():
        try:
            server.tools[name].checked(arguments)
        except ToolError as refusal:
            judge.complain(name, f"pass examples={{{name!r}: ...}}: {refusal.message}")
    return made


async def _first_answers(
    server: SecurityServer, bases: Mapping[str, JsonObject], judge: Judge
) -> dict[str, JsonObject]:
    """The data of each read that has some, asked for with as many rows as one may."""
    found = {}
    for tool in server.published:
        if tool.changes:
            continue
        properties = tool.input_schema.get("properties")
        most: JsonObject = {"limit": MAX_ROWS} if isinstance(properties, dict) and "limit" in properties else {}
        for arguments in ({**bases[tool.name], **most}, bases[tool.name]):
            envelope = await server.call(tool.name, arguments)
            judge.examine(tool, envelope, "good arguments")
            if (data := data_of(envelope)) is not None:
                found[tool.name] = data
    return found


async def _pinned(
    server: SecurityServer, client: Client, again: Callable[[], SecurityServer] | None, judge: Judge
) -> None:
    """What is shown once is shown always: to every session, and by every server built from the same settings."""
    async with connected(server) as other:
        if _text(await client.listed()) != _text(await other.listed()):
            judge.complain(server.name, "shows its tools differently to two sessions")
    if again is not None and again().published != server.published:
        judge.complain(server.name, "shows its tools differently when it is built again")


def _text(listed: Sequence[JsonObject]) -> str:
    return json.dumps(listed, sort_keys=True)
