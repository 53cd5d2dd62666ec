"""The life of a change: plan, permission, intent, execution, read-back, record; and the end of what lapses.

Everything that acts happens in this server's turn, one change at a time over all processes: so that a guard such as
"not the last administrator" sees the truth, and a record at intent without a turn was left by a crash.
"""

import inspect
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from pydantic import JsonValue

from servers.errors import NotSentError, RefusedError, ToolError
from servers.kit.actions import Action, ActionStore, State
from servers.kit.answer import JsonObject, Output, Reply
from servers.kit.changes import Change, Plan, Verified
from servers.kit.envelope import Source, answered, failed
from servers.kit.gate import Gate
from servers.kit.limits import Limits
from servers.kit.record import planned, recorded
from servers.kit.request import Request
from servers.kit.tool import Tool, tool_of

T = TypeVar("T")
CHANGE_S: Final = 120.0
"""Seconds after which nobody waits for a change any longer; what became of it is unknown then."""
LAPSED: Final = "lapsed: its time is over"
"""Reason of the undo that the server itself calls."""
_AGAIN_S: Final = 0.02
_NOT_THERE = ToolError(
    "not_verified", "the backend accepted the change, but its effect is not there", "look at the backend"
)
_UNSURE = ToolError("outcome_unknown", "the change was sent, and what became of it is not known", "read it back")
_NOT_RECORDED = ToolError(
    "not_recorded",
    "the change was sent, and what became of it cannot be written down",
    "look at actions.db, then ask again",
)
BUG = ToolError("internal_error", "the server failed on this call", "its log has the reason")
"""What a caller hears of a bug in a tool."""
_GONE = ToolError("not_in_force", "the change was made, and its effect was gone later", "make it again or take it back")
_UNPROVEN: Final = frozenset(
    {"timeout", "unreachable", "outcome_unknown", "interrupted", "internal_error", "bad_answer", "too_large"}
    | {"not_applied", "not_written"}
)
"""Codes of problems after which a change may still come, although it cannot be seen yet."""
_STAYS_UNKNOWN: Final = timedelta(hours=1)
"""How long a change of unknown outcome is looked for."""


@dataclass(frozen=True)
class Changing:
    """What a server can change. Every method is called with checked names: `tools` and `changes` have the same."""

    source: Source
    tools: Mapping[str, Tool]
    changes: Mapping[str, Change]
    declared: Mapping[str, Change]
    """All it has, those too that the operator does not want: what they did before is found out and ended like this."""
    gate: Gate
    actions: ActionStore
    limits: Limits
    clock: Callable[[], datetime]
    timeout_s: float
    schema_sha256: Callable[[str], str]
    log: logging.Logger
    _one: anyio.Lock = field(default_factory=anyio.Lock)

    async def answer(self, tool: Tool, given: Mapping[str, JsonValue], request: Request, now: datetime) -> JsonObject:
        """The envelope of one call of a change tool.

        Raises: ToolError before anything was changed; afterwards the envelope says what is known."""
        change, arguments = self.changes[tool.name], tool.checked(given)
        if request.mode == "plan":
            return await self._planned(tool, change, arguments, now)
        permit = _Permit(self.gate, request.grant, tool.name, self.schema_sha256(tool.name), given)
        try:
            permit.look(now)
        except RefusedError as refusal:
            return await self._refused(refusal, tool, change, arguments, now)
        async with self.turn():
            return await self._executed(_Call(tool, change, given, arguments, request), permit)

    async def _planned(self, tool: Tool, change: Change, arguments: Mapping[str, object], now: datetime) -> JsonObject:
        self.limits.spend(f"{tool.name} plan", change.rate)
        plan = await self._plan(change, arguments)
        said = f"forbidden by {', '.join(hit.guard for hit in plan.hits)}" if plan.hits else "nothing was changed"
        reply = Reply(_Nothing(), f"plan for {plan.target}: {plan.blast_radius}; {said}")
        return {**answered(reply, tool.shape, self.source, now), "data": None, "action": planned(plan, change)}

    async def _refused(
        self, refusal: RefusedError, tool: Tool, change: Change, arguments: Mapping[str, object], now: datetime
    ) -> JsonObject:
        """The refusal, with what would have happened beside it as far as that can be told."""
        try:
            self.limits.spend(f"{tool.name} plan", change.rate)
            action: JsonValue = planned(await self._plan(change, arguments), change)
        except ToolError:
            action = None
        return {**failed(refusal, self.source, now), "action": action}

    async def _plan(self, change: Change, arguments: Mapping[str, object]) -> Plan:
        return await _bounded(lambda: change.plan(**arguments), self.timeout_s)

    async def _executed(self, call: "_Call", permit: "_Permit") -> JsonObject:
        now = await anyio.to_thread.run_sync(self.clock)
        if call.request.key is not None and (first := self._find(call.key)) is not None:
            return self._again(first, call, now)
        plan = await self._plan(call.change, call.arguments)
        if plan.hits:
            hit = plan.hits[0]
            refusal = RefusedError(f"{hit.guard}: {hit.why}", "no grant opens a protected target", "protected_target")
            return {**failed(refusal, self.source, now), "action": planned(plan, call.change)}
        self.limits.spend(call.tool.name, call.change.rate)
        permit.use(now)
        return await self._carried_out(self._intent(call, plan, now), call, now)

    def _intent(self, call: "_Call", plan: Plan, now: datetime) -> Action:
        return Action(
            action_id=f"act-{secrets.token_hex(8)}",
            server=self.source.server,
            place=self.source.place,
            tool=call.tool.name,
            key=call.key,
            arguments=dict(call.given),
            target=plan.target,
            blast_radius=plan.blast_radius,
            risk=call.change.risk,
            undo=plan.undo,
            expires_at=plan.expires_at,
            expiry=call.change.expiry,
            lapses=call.change.lapses,
            began_at=now,
        )

    async def _carried_out(self, action: Action, call: "_Call", now: datetime) -> JsonObject:
        """Act, find out what came of it and write that down, whoever still waits for the answer."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.actions.begin, action)
            reply, problem = await self._acted(call)
            verified, looked = await self._read_back(call.change, call.arguments)
            if reply is None and verified is False and _may_still_come(problem):
                verified = "unknown"
            state = _state(acted=reply is not None, verified=verified, looked=looked)
            action = replace(action, state=state, verified=verified)
            envelope = self._envelope(action, call.tool, reply, problem, now)
            try:
                await anyio.to_thread.run_sync(self._keep, replace(action, answer=envelope))
            except ToolError:
                self.log.exception("change_not_recorded tool=%s action=%s", action.tool, action.action_id)
                told = recorded(replace(action, state="unknown"))
                return {**failed(_NOT_RECORDED, self.source, now), "action": told}
        return envelope

    async def _acted(self, call: "_Call") -> tuple[Reply[Output] | None, ToolError]:
        """What the method gave, or why it gave nothing. Whatever it raises, a bug too, the backend may have acted: what
        became of that has to be looked up and written down."""
        try:
            return await call.tool.run(call.arguments, CHANGE_S), _UNSURE
        except ToolError as problem:
            return None, problem
        except Exception:
            self.log.exception("change_failed tool=%s", call.tool.name)
            return None, BUG

    async def _read_back(self, change: Change, arguments: Mapping[str, object]) -> tuple[Verified, bool]:
        """Whether the effect is there, and whether looking was possible where it can be looked at all. A bug in looking
        leaves a change unknown, never unrecorded."""
        try:
            seen = await _bounded(lambda: change.read_back(**arguments), self.timeout_s)
        except ToolError as problem:
            self.log.warning("read_back_failed tool=%s code=%s", change.method.__name__, problem.code)
            return "unknown", False
        except Exception:
            self.log.exception("read_back_failed tool=%s", change.method.__name__)
            return "unknown", False
        return ("unknown", True) if seen is None else (seen, True)

    def _envelope(
        self, action: Action, tool: Tool, reply: Reply[Output] | None, problem: ToolError, now: datetime
    ) -> JsonObject:
        """Success is only what was done; everything else is an error that says what is known."""
        if reply is None:
            envelope = failed(problem if action.state == "failed" else _unsure(problem), self.source, now)
        else:
            said = replace(reply, summary=f"{reply.summary}; read back: {_word(action.verified)}")
            envelope = answered(said, tool.shape, self.source, now)
            if action.state != "done":
                why = failed(_NOT_THERE if action.verified is False else _UNSURE, self.source, now)
                envelope |= {"ok": False, "status": "error", "error": why["error"]}
        return {**envelope, "action": recorded(action)}

    def _again(self, first: Action, call: "_Call", now: datetime) -> JsonObject:
        """The answer of the first call under this key. Raises: RefusedError when that was another one."""
        if first.tool != call.tool.name or first.arguments != dict(call.given):
            raise RefusedError("the idempotency key belongs to another change", "take a new key", "key_reused")
        action = recorded(first, repeated=True)
        if first.gone_at is not None and first.state == "unknown":
            return {**failed(_GONE, self.source, now), "action": action}
        if first.answer is not None and (first.state != "done" or first.answer["ok"]):
            return {**first.answer, "action": action}
        if first.state != "done":
            return {**failed(_UNSURE, self.source, now), "action": action}
        reply = Reply(_Nothing(), f"done before: {first.target}; read back: {_word(first.verified)}")
        return {**answered(reply, call.tool.shape, self.source, now), "data": None, "action": action}

    def _find(self, key: str) -> Action | None:
        return self.actions.find(self.source.server, self.source.place, key)

    def _keep(self, action: Action) -> None:
        """Write the outcome down; what it took back, or took the place of, is not in force any longer."""
        self.actions.settle(action)
        over: list[Action] = []
        if action.state == "done":
            over += self.actions.in_force(action, action.tool)
        if action.state in ("done", "unknown") and action.undo is not None:
            over += self.actions.in_force(action, action.undo.tool)
        for earlier in over:
            self.actions.settle(replace(earlier, state="ended"))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Our turn to change something, with nothing left over from turns that a crash ended.

        Raises: ToolError when there is nowhere to write down what is changed."""
        async with self._one:
            while True:
                with self.actions.turn(self.source.server) as ours:
                    if ours:
                        await self._settle_left()
                        yield
                        return
                await anyio.sleep(_AGAIN_S)

    async def _settle_left(self) -> None:
        for left in self.actions.left(self.source.server, self.source.place):
            with anyio.CancelScope(shield=True):
                await self._settled(left)

    async def _settled(self, left: Action) -> None:
        """Find out what became of a change whose process died: done when its effect is there, else unknown."""
        verified, _ = await self._seen(left)
        self._keep(replace(left, state="done" if verified is True else "unknown", verified=verified))
        self.log.warning("intent_settled tool=%s action=%s verified=%s", left.tool, left.action_id, verified)

    async def _seen(self, action: Action) -> tuple[Verified, bool]:
        """Whether the effect of an earlier change is there, and whether looking was possible."""
        change = self.declared.get(action.tool)
        if change is None:
            return "unknown", False
        try:
            return await self._read_back(change, _checked(change, action))
        except ToolError:
            self.log.warning("action_unreadable tool=%s action=%s", action.tool, action.action_id)
            return "unknown", False

    def looked_after(self, now: datetime) -> Sequence[Action]:
        """What is read back now and then: containments in force, and what may still come.

        Raises: ToolError when the records cannot be read."""
        found = self.actions.open(self.source.server, self.source.place).actions
        return [action for action in found if self._looked_after(action, now)]

    def _looked_after(self, action: Action, now: datetime) -> bool:
        if action.gone_at is not None or action.state == "intent":
            return False
        if action.state == "unknown":
            return now < action.began_at + _STAYS_UNKNOWN
        change = self.declared.get(action.tool)
        return change is not None and change.contains and action.in_force(now)

    async def look_after(self, action: Action) -> bool:
        """Read back once, and write down what is not as recorded; whether looking was possible.

        Raises: ToolError when the records cannot be used."""
        verified, looked = await self._seen(action)
        if verified is (action.state == "unknown") and not self._one.locked():
            async with self._one:
                with self.actions.turn(self.source.server) as ours:
                    if ours:
                        with anyio.CancelScope(shield=True):
                            await self._noted(action)
        return looked

    async def _noted(self, action: Action) -> None:
        """Look once more, in our turn, where nobody changes anything meanwhile. Nothing is made again by itself: a
        person decides."""
        if self._find(action.key) != action:
            return
        verified, _ = await self._seen(action)
        now = await anyio.to_thread.run_sync(self.clock)
        if action.state == "unknown" and verified is True:
            self._keep(replace(action, state="done", verified=True))
            self.log.info("effect_found action=%s tool=%s", action.action_id, action.tool)
        elif action.state == "done" and verified is False and action.in_force(now):
            self.actions.settle(replace(action, state="unknown", verified=False, gone_at=now))
            self.log.warning("effect_gone action=%s tool=%s", action.action_id, action.tool)

    def waiting(self, now: datetime) -> bool:
        """Whether a crash may have left something to find out, or an effect is over that this server has to end.

        Raises: ToolError when the records cannot be read."""
        return self.actions.waiting(self.source.server, self.source.place, now)

    async def sweep(self, now: datetime) -> int:
        """Find out what a crash left and end what is over, unless somebody is at it; how many effects stay due."""
        late = 0
        if self._one.locked():
            return late
        async with self._one:
            with self.actions.turn(self.source.server) as ours:
                if ours:
                    await self._settle_left()
                    for due in self.actions.due(self.source.server, self.source.place, now):
                        with anyio.CancelScope(shield=True):
                            late += not await self._ended(due)
        return late

    async def _ended(self, due: Action) -> bool:
        """End an effect whose time is over, and find out that it is gone. A bug in ending one keeps no other from its
        end."""
        try:
            gone = await self._end(due)
        except ToolError as problem:
            self.log.warning("lapse_failed action=%s code=%s", due.action_id, problem.code)
            return False
        except Exception:
            self.log.exception("lapse_failed action=%s", due.action_id)
            return False
        if gone:
            self.actions.settle(replace(due, state="ended"))
            self.log.info("effect_lapsed action=%s tool=%s", due.action_id, due.tool)
        return gone

    async def _end(self, due: Action) -> bool:
        """By the change's own way, else by its undo, which is read back. Raises: whatever they raise."""
        change, undo = self.declared.get(due.tool), due.undo
        if undo is None or (tool := self.tools.get(undo.tool)) is None:
            return False
        if change is not None and (lapse := change.lapse) is not None:
            given = _checked(change, due)
            return await _bounded(lambda: lapse(**given), CHANGE_S)
        because = {"reason": LAPSED} if "reason" in tool.arguments.model_fields else {}
        arguments = tool.checked({**undo.arguments, **because})
        await tool.run(arguments, CHANGE_S)
        gone, looked = await self._read_back(self.changes[undo.tool], arguments)
        return looked and gone is not False


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a change tool."""

    tool: Tool
    change: Change
    given: Mapping[str, JsonValue]
    """Arguments as they were sent: what grants and keys are about."""
    arguments: Mapping[str, object]
    """The same as the method takes them."""
    request: Request

    @property
    def key(self) -> str:
        """Under which the change is remembered: the caller's key, else the grant's nonce."""
        grant = self.request.grant
        nonce = grant.get("nonce") if isinstance(grant, dict) else None
        return f"nonce {nonce}" if self.request.key is None else f"key {self.request.key}"


@dataclass(frozen=True, slots=True)
class _Permit:
    """The grant of one call."""

    gate: Gate
    grant: JsonValue
    tool: str
    schema_sha256: str
    given: Mapping[str, JsonValue]

    def look(self, now: datetime) -> None:
        """Raises: RefusedError when it is for anything else."""
        self.gate.look(self.grant, tool=self.tool, schema_sha256=self.schema_sha256, arguments=self.given, now=now)

    def use(self, now: datetime) -> None:
        """Use it up. Raises: RefusedError when it was used before."""
        self.gate.check(self.grant, tool=self.tool, schema_sha256=self.schema_sha256, arguments=self.given, now=now)


class _Nothing(Output):
    """The data of an answer that has none."""


async def _bounded(ask: Callable[[], T | Awaitable[T]], timeout_s: float) -> T:
    """What a plan or a read-back gives, in a worker thread unless it is a coroutine.

    Raises: ToolError when it takes longer, and whatever it raises."""
    try:
        with anyio.fail_after(timeout_s):
            found = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
            return await found if inspect.isawaitable(found) else found
    except TimeoutError:
        raise ToolError("timeout", f"the backend took longer than {timeout_s:g} s", "try again later") from None


def _checked(change: Change, done: Action) -> dict[str, object]:
    """The arguments of a change that was made. Raises: ToolError when it takes others by now."""
    return tool_of(change.method, changes=True).checked(done.arguments)


def _state(*, acted: bool, verified: Verified, looked: bool) -> State:
    """Done is what the backend took and nothing speaks against; failed is what is surely not there."""
    if acted:
        return "done" if looked and verified is not False else "unknown"
    return "failed" if verified is False else "unknown"


def _may_still_come(problem: ToolError) -> bool:
    return problem.code in _UNPROVEN and not isinstance(problem, NotSentError)


def _unsure(problem: ToolError) -> ToolError:
    return ToolError(_UNSURE.code, f"{problem.message}; what became of the change is not known", _UNSURE.hint)


def _word(verified: Verified | None) -> str:
    if verified is True:
        return "it is there"
    return "it is not there" if verified is False else "unknown"
