"""An endpoint server over this machine that accepts grants, and whoever signs them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.embedded import LabDoor
from servers.endpoint.server import build_configured
from servers.endpoint.settings import EndpointSettings
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
        return await self.server.call(f"endpoint_{verb}", arguments)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        given = {"reason": "drill", **arguments}
        return await self.server.call(f"endpoint_{verb}", given, meta={"mcpsoc/mode": "plan"})

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        tool, given = f"endpoint_{verb}", {"reason": "drill", **arguments}
        grant = sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=given,
            tenant=TENANT,
            expires_at=self.server.clock() + timedelta(minutes=5),
        )
        return await self.server.call(tool, given, grant)


def analyst(home: Path, settings: EndpointSettings, protected: Protected | None = None) -> Analyst:
    """A server over this machine, with its records in `home`."""
    key, nonces = SigningKey.generate(), SpentNonces(home / "grants.db")
    conditions = Conditions(
        gate=Gate(key.public, TENANT, lambda: nonces),
        actions=ActionStore(home / "actions.db"),
        protected=protected or Protected(),
    )
    parts = Parts(LabDoor(None), home, Settings(home=home), conditions, TENANT, "site")
    return Analyst(build_configured(parts, settings), key)


def part(envelope: Envelope, *path: str | int) -> JsonValue:
    """A value inside an envelope; the envelope is shown when it is not there."""
    value: JsonValue = envelope
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            assert isinstance(value, dict), f"no {step} of {path} in {envelope}"
            assert step in value, f"no {step} of {path} in {envelope}"
            value = value[str(step)]
    return value


@contextmanager
def child(*words: str, stdout: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of ours, ended at the end."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stdout, start_new_session=True) as process:
        yield process
        process.kill()


@contextmanager
def stranger(*words: str) -> Iterator[psutil.Process]:
    """A process that is no kin of ours: its parent ended. It is ended when it still runs."""
    script = '"$@" >/dev/null 2>&1 & echo $!'
    started = subprocess.run(
        ["setsid", "sh", "-c", script, "sh", *words], capture_output=True, text=True, check=True, timeout=10
    )
    process = psutil.Process(int(started.stdout))
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def since(process: psutil.Process) -> str:
    """When a process started, as answers write it."""
    return datetime.fromtimestamp(process.create_time(), UTC).isoformat()
