"""A tickets server that accepts grants, and a REST ticket system on loopback that keeps what it is told."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import JsonValue

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.embedded import LabDoor
from servers.kit import Conditions, Gate, SecurityServer
from servers.kit.actions import ActionStore
from servers.parts import Parts
from servers.settings import Settings
from servers.tickets.server import build
from servers.tickets.settings import TicketsSettings

Envelope = dict[str, JsonValue]
TENANT = "test"


@dataclass(frozen=True)
class Analyst:
    """Calls tools; a change with a grant for exactly that call."""

    server: SecurityServer
    key: SigningKey

    async def asks(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A read, or a change without a grant."""
        return await self.server.call(f"tickets_{verb}", arguments)

    async def plans(self, verb: str, **arguments: JsonValue) -> Envelope:
        """What a change would do."""
        return await self.server.call(f"tickets_{verb}", arguments, meta={"mcpsoc/mode": "plan"})

    async def does(self, verb: str, **arguments: JsonValue) -> Envelope:
        """A change under a grant."""
        return await self.does_once(verb, None, arguments)

    async def does_once(self, verb: str, key: str | None, arguments: Envelope) -> Envelope:
        """A change under a grant and this idempotency key."""
        tool = f"tickets_{verb}"
        grant = sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=arguments,
            tenant=TENANT,
            expires_at=self.server.clock() + timedelta(minutes=5),
        )
        meta: Envelope = {} if key is None else {"mcpsoc/idempotency-key": key}
        return await self.server.call(tool, arguments, grant, meta=meta)

    async def undoes(self, done: Envelope) -> Envelope:
        """The undo that a change named."""
        undo = part(done, "action", "undo")
        assert isinstance(undo, dict), done
        arguments = undo["arguments"]
        assert isinstance(arguments, dict)
        return await self.does(str(undo["tool"]).removeprefix("tickets_"), **arguments, reason="taken back")


def analyst(home: Path, settings: TicketsSettings, lab: Path | None = None) -> Analyst:
    """A server over the system of these settings, or over a lab."""
    home.mkdir(parents=True, exist_ok=True)
    key, nonces = SigningKey.generate(), SpentNonces(home / "grants.db")
    conditions = Conditions(gate=Gate(key.public, TENANT, lambda: nonces), actions=ActionStore(home / "actions.db"))
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


@dataclass
class Desk:
    """A ticket system that speaks one vendor's published shapes."""

    url: str = ""
    tickets: list[dict[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)
    queries: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    lose_answer: bool = False
    """Act on the next POST, and break the connection in place of answering."""


@contextmanager
def desk(answer: Callable[[Desk, str, str, dict[str, str], JsonValue], tuple[int, JsonValue]]) -> Iterator[Desk]:
    """One on a free port of loopback."""
    found = Desk()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            found.credentials.add(self.headers.get("authorization") or "")
            found.methods.append(self.command)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, said = answer(found, self.command, unquote(parts.path), asked, body)
            if found.lose_answer and self.command == "POST":
                found.lose_answer = False
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._any()

        def do_POST(self) -> None:
            self._any()

        def do_PUT(self) -> None:
            self._any()

        def do_PATCH(self) -> None:
            self._any()

        def do_DELETE(self) -> None:
            self._any()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
