"""Servers that accept grants, and whoever signs them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.embedded import LabDoor
from servers.kit import Conditions, Gate, Protected, SecurityServer
from servers.kit.actions import ActionStore
from servers.parts import Parts
from servers.settings import Settings

Envelope = dict[str, JsonValue]
TENANT = "test"


@dataclass(frozen=True)
class Analyst:
    """Calls tools; a change with a grant for exactly that call."""

    server: SecurityServer
    key: SigningKey

    async def asks(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A read, or a change without a grant."""
        return await self.server.call(f"{self.server.name}_{verb}", arguments)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        return await self.server.call(f"{self.server.name}_{verb}", arguments, meta={"mcpsoc/mode": "plan"})

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        tool = f"{self.server.name}_{verb}"
        grant = sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=arguments,
            tenant=TENANT,
            expires_at=self.server.clock() + timedelta(minutes=5),
        )
        return await self.server.call(tool, arguments, grant)


def analyst(
    make: Callable[[Parts], SecurityServer], home: Path, lab: Path | None = None, protected: Protected | None = None
) -> Analyst:
    """A server made from these parts: of a lab, or of a site."""
    key, nonces = SigningKey.generate(), SpentNonces(home / "grants.db")
    conditions = Conditions(
        gate=Gate(key.public, TENANT, lambda: nonces),
        actions=ActionStore(home / "actions.db"),
        protected=protected or Protected(),
    )
    parts = Parts(LabDoor(lab), home, Settings(home=home), conditions, TENANT, "site" if lab is None else "lab")
    return Analyst(make(parts), key)


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
