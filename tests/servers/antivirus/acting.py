"""An antivirus server that accepts grants, and whoever signs them."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.antivirus.server import build
from servers.antivirus.settings import AntivirusSettings
from servers.embedded import LabDoor
from servers.kit import Conditions, Gate, SecurityServer
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
        return await self.server.call(f"antivirus_{verb}", arguments)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        return await self.server.call(f"antivirus_{verb}", arguments, meta={"mcpsoc/mode": "plan"})

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        tool = f"antivirus_{verb}"
        grant = sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=arguments,
            tenant=TENANT,
            expires_at=self.server.clock() + timedelta(minutes=5),
        )
        return await self.server.call(tool, arguments, grant)


def analyst(home: Path, settings: AntivirusSettings, lab: Path | None = None) -> Analyst:
    """A server over the engine of these settings, or over a lab."""
    key, nonces = SigningKey.generate(), SpentNonces(home / "grants.db")
    conditions = Conditions(gate=Gate(key.public, TENANT, lambda: nonces))
    parts = Parts(LabDoor(lab), home, Settings(home=home), conditions, TENANT, world="site" if lab is None else "lab")
    return Analyst(build(parts, settings), key)


def part(envelope: Envelope, *path: str) -> JsonValue:
    """A value inside an envelope; the envelope is shown when it is not there."""
    value: JsonValue = envelope
    for name in path:
        assert isinstance(value, dict), envelope
        assert name in value, envelope
        value = value[name]
    return value
