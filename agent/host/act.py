"""The act door: the only way to a tool that changes something. Only agent/response may import this module.

It sends one exact call under a signed grant and keeps nothing back: no cache, no second attempt. Who may sign, and
whether a target may be touched at all, was decided before; the server checks the signature itself. The door checks that
the grant means this very call, so that a mistake is caught before it leaves.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.errors import ActRefusedError, AnswerInvalidError, CallError, OutcomeUnknownError
from agent.host.answers import Answer, other_world, read_result
from agent.host.host import Host
from agent.host.switchboard import Entry, NotFound, Switchboard, usable
from agent.models import Grant, JsonObject, World
from knowledge.trust.canonical import sha256_of

GRANT_META = "mcpsoc/grant"
"""Key of the request's `_meta` that carries the grant."""


class ActDoor:
    """The changes of one case."""

    def __init__(
        self, switchboard: Switchboard, *, world: World, tenant: str, clock: Callable[[], datetime], timeout_s: float
    ) -> None:
        self._switchboard = switchboard
        self._world: World = world
        self._tenant = tenant
        self._clock = clock
        self._timeout_s = timeout_s

    async def act(self, tool: str, arguments: JsonObject, grant: Grant) -> Answer:
        """Call the change `tool` (full name) once, with exactly `arguments`.

        Raises: ActRefusedError when nothing was sent; OutcomeUnknownError when it was sent and may have happened."""
        entry = self._permitted(tool, arguments, grant)
        meta: JsonObject = {GRANT_META: grant.model_dump(mode="json")}
        started = time.perf_counter()
        try:
            raw = await self._switchboard.call(entry, arguments, self._timeout_s, meta=meta, again=False)
            answer = read_result(raw, usable(entry)[1], self._world)
        except CallError as error:
            if not error.sent:
                raise ActRefusedError(str(error)) from error
            raise OutcomeUnknownError(f"{tool}: {error}") from error
        except AnswerInvalidError as error:
            raise OutcomeUnknownError(f"{tool}: {error}") from error
        if answer.action is not None and answer.action.state == "unknown":
            raise OutcomeUnknownError(f"{tool}: {answer.error or 'the server does not know what became of it'}")
        return replace(answer, cost_ms=round((time.perf_counter() - started) * 1000, 3))

    def _permitted(self, tool: str, arguments: JsonObject, grant: Grant) -> Entry:
        entry = self._switchboard.find(tool)
        if isinstance(entry, NotFound):
            raise ActRefusedError(entry.problem)
        if entry.kind != "change" or entry.standing != "usable":
            raise ActRefusedError(f"{tool}: {entry.problem or 'it is registered as a read'}")
        backend = self._switchboard.backend(entry.link)
        if backend is None:
            raise ActRefusedError(f"{tool}: nobody knows whether {entry.tool.server} is the lab or the real site")
        check, reading = usable(entry)
        if (refusal := other_world(self._world, backend, replace(reading, world_neutral=False))) is not None:
            raise ActRefusedError(f"{tool}: {refusal.error}")
        if (problem := check(arguments)) is not None:
            raise ActRefusedError(f"{tool}: arguments: {problem}")
        if (difference := self._difference(entry, arguments, grant)) is not None:
            raise ActRefusedError(f"{tool}: the grant {difference}")
        return entry

    def _difference(self, entry: Entry, arguments: JsonObject, grant: Grant) -> str | None:
        """What the grant was given for instead; None when it is this call."""
        if not grant.signature:
            return "is not signed"
        expected = {
            "tool": (grant.tool, entry.tool.name),
            "definition of the tool": (grant.schema_sha256, entry.tool.sha256),
            "arguments": (grant.arguments_sha256, sha256_of(arguments)),
            "tenant": (grant.tenant, self._tenant),
        }
        for part, (granted, asked) in expected.items():
            if granted != asked:
                return f"was given for another {part}"
        return "has expired" if grant.expires_at <= self._clock() else None


def act_door(host: Host, *, world: World, clock: Callable[[], datetime]) -> ActDoor:
    """The act door of one case on a running host."""
    return ActDoor(
        host._switchboard,
        world=world,
        tenant=host.settings.tenant(world),
        clock=clock,
        timeout_s=host.settings.read_timeout_s,
    )
