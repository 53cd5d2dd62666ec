"""A firewall server that accepts grants, and whoever signs them."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.embedded import LabDoor
from servers.firewall.server import build_configured
from servers.firewall.settings import FirewallSettings
from servers.kit import Conditions, Gate, Protected, SecurityServer
from servers.kit.actions import ActionStore
from servers.parts import Parts
from servers.settings import Settings

Envelope = dict[str, JsonValue]
TENANT = "site"


@dataclass(frozen=True)
class Analyst:
    """Calls tools; a change with a grant for exactly that call."""

    server: SecurityServer
    key: SigningKey

    async def asks(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A read, or a change without a grant."""
        return await self.server.call(f"firewall_{verb}", arguments)

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        given = {**arguments, "reason": arguments.get("reason", "drill")}
        tool = f"firewall_{verb}"
        grant = sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=given,
            tenant=TENANT,
            expires_at=self.server.clock() + timedelta(minutes=5),
        )
        return await self.server.call(tool, given, grant)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        given = {**arguments, "reason": arguments.get("reason", "drill")}
        return await self.server.call(f"firewall_{verb}", given, meta={"mcpsoc/mode": "plan"})

    async def blocked(self, address: str) -> bool:
        """The read-back."""
        data = (await self.asks("check_address", address=address))["data"]
        assert isinstance(data, dict)
        return data["blocked"] is True


def analyst(home: Path, settings: FirewallSettings, protected: Protected | None = None) -> Analyst:
    """A server over the product of these settings, with its records in `home`."""
    key = SigningKey.generate()
    nonces = SpentNonces(home / "grants.db")
    conditions = Conditions(
        gate=Gate(key.public, TENANT, lambda: nonces),
        actions=ActionStore(home / "actions.db"),
        protected=protected or Protected(),
    )
    parts = Parts(LabDoor(None), home, Settings(home=home), conditions, TENANT, "site")
    return Analyst(build_configured(parts, settings), key)


def verified(envelope: Envelope) -> JsonValue:
    """What the read-back of a change said."""
    action = envelope["action"]
    assert isinstance(action, dict), envelope
    return action["verified"]
