"""Nothing changes without a grant: not by any mode, and not by planning it."""

from collections.abc import Callable, Mapping

from servers.kit.answer import JsonObject
from servers.kit.conformance.judge import Judge
from servers.kit.conformance.session import Client
from servers.kit.server import SecurityServer

MODES = ("plan", None, "execute", "force", "")
"""What a caller may ask for; None: nothing."""


async def ungranted(
    server: SecurityServer,
    client: Client,
    bases: Mapping[str, JsonObject],
    judge: Judge,
    state: Callable[[], object] | None,
) -> None:
    """Ask for every change in every mode, without a grant, and look whether anything is different afterwards."""
    changes = [tool for tool in server.published if tool.changes]
    if not changes:
        return
    before, kept = await _seen(server, bases), state() if state else None
    again = await _seen(server, bases)
    for tool in changes:
        for mode in MODES:
            meta: JsonObject = {} if mode is None else {"mcpsoc/mode": mode}
            envelope = await client.call(tool.name, bases[tool.name], meta)
            judge.examine(tool, envelope, f"mode {mode}, no grant")
            if envelope.get("ok") is True and mode != "plan":
                judge.complain(tool.name, f"is not refused without a grant in mode {mode}")
    after = await _seen(server, bases)
    for name, answer in before.items():
        if answer == again[name] != after[name]:
            judge.complain(server.name, f"{name} answers differently after changes were planned and refused")
    if state is not None and state() != kept:
        judge.complain(server.name, "the backend is different after changes were planned and refused")


def registered(read_only: SecurityServer, full: SecurityServer, judge: Judge) -> None:
    """A server in read-only mode has none of the changes."""
    changes = {tool.name for tool in full.published if tool.changes}
    for name in sorted(changes & set(read_only.tools)):
        judge.complain(name, "is registered in read-only mode")


async def _seen(server: SecurityServer, bases: Mapping[str, JsonObject]) -> dict[str, object]:
    """What every read answers now, without the times of asking."""
    reads = [tool.name for tool in server.published if not tool.changes and tool.name != f"{server.name}_health"]
    answers = {name: await server.call(name, bases[name]) for name in reads}
    return {name: (answer["status"], answer["data"], answer["total"]) for name, answer in answers.items()}
