"""Servers that accept grants, and whoever signs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.kit import Conditions, Gate, Protected, SecurityServer
from servers.kit.actions import ActionStore
from servers.parts import Parts
from tests.servers.parts import parts_of

Envelope = dict[str, JsonValue]
Chosen = TypeVar("Chosen")
TENANT = "lab"


def permission(server: SecurityServer, key: SigningKey, tool: str, arguments: Mapping[str, JsonValue]) -> Envelope:
    """A grant for one call, good for five minutes of the server's clock."""
    return sign_grant(
        key,
        tool=tool,
        schema_sha256=server.schema_sha256(tool),
        arguments=arguments,
        tenant=TENANT,
        expires_at=server.clock() + timedelta(minutes=5),
    )


@dataclass(frozen=True)
class Analyst:
    """Calls tools; a change with a grant for exactly that call. A change that names no reason is a drill."""

    server: SecurityServer
    key: SigningKey

    async def asks(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A read, or a change without a grant."""
        return await self.server.call(self._tool(verb), arguments)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        given = {"reason": "drill", **arguments}
        return await self.server.call(self._tool(verb), given, meta={"mcpsoc/mode": "plan"})

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        return await self.does_once(verb, None, arguments)

    async def does_once(self, verb: str, key: str | None, arguments: Envelope) -> Envelope:
        """A change under a grant and this idempotency key."""
        tool, given = self._tool(verb), {"reason": "drill", **arguments}
        meta: Envelope = {} if key is None else {"mcpsoc/idempotency-key": key}
        return await self.server.call(tool, given, permission(self.server, self.key, tool, given), meta=meta)

    async def undoes(self, done: Envelope) -> Envelope:
        """The undo that a change named."""
        tool, arguments = part(done, "action", "undo", "tool"), part(done, "action", "undo", "arguments")
        assert isinstance(arguments, dict), done
        return await self.does(str(tool).removeprefix(f"{self.server.name}_"), **arguments, reason="taken back")

    def _tool(self, verb: str) -> str:
        return f"{self.server.name}_{verb}"


def analyst(
    build: Callable[[Parts, Chosen], SecurityServer],
    settings: Chosen,
    home: Path,
    lab: Path | None = None,
    protected: Protected | None = None,
) -> Analyst:
    """The server of these settings, with its records in `home`: of a lab, or of a site."""
    home.mkdir(parents=True, exist_ok=True)
    key, nonces = SigningKey.generate(), SpentNonces(home / "grants.db")
    conditions = Conditions(
        gate=Gate(key.public, TENANT, lambda: nonces),
        actions=ActionStore(home / "actions.db"),
        protected=protected or Protected(),
    )
    return Analyst(build(parts_of(home, lab, conditions), settings), key)


def part(envelope: JsonValue, *path: str | int) -> JsonValue:
    """A value inside an envelope; the envelope is shown when it is not there."""
    value: JsonValue = envelope
    for step in path:
        if isinstance(step, int):
            assert isinstance(value, list), envelope
            assert len(value) > step, envelope
            value = value[step]
        else:
            assert isinstance(value, dict), envelope
            assert step in value, envelope
            value = value[step]
    return value


def verified(envelope: Envelope) -> JsonValue:
    """What the read-back of a change said."""
    return part(envelope, "action", "verified")
