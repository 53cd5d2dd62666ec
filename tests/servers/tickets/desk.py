"""A REST ticket system on loopback that keeps what it is told."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import JsonValue

from tests.servers.serving import listening


@dataclass
class Desk:
    """A ticket system that speaks one vendor's published shapes."""

    url: str = ""
    tickets: list[dict[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)
    queries: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    most: int = 1_000
    """How many tickets it gives at once, whatever is asked."""
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    with listening(server):
        yield found
