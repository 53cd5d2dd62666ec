"""Receivers that tests start: a mail sink with STARTTLS and login, and a web server that keeps what it is sent."""

from asyncio import WriteTransport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.real import free_port
from tests.servers.certificates import certificate
from tests.servers.serving import listening

USER, WORD = "mcpsoc", "canary-smtp-word"


@dataclass
class Sink:
    """A mail relay that delivers nowhere."""

    port: int = 0
    ca_file: Path = Path()
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    drop: bool = False
    """Break the connection in place of acknowledging a message."""

    async def data(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a message."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        if self.drop:
            assert isinstance(server.transport, WriteTransport)
            server.transport.abort()
        return f"250 queued as {len(self.messages)}"

    async def recipient(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take everybody but one."""
        if address.startswith("gone@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A relay on a free port that wants STARTTLS and a login."""
    certificate(folder)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    found = Sink(port=free_port(), ca_file=folder / "cert.pem")
    vars(found).update(handle_DATA=found.data, handle_RCPT=found.recipient)  # the names the library looks for
    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_known,
        server_hostname="sink.test",
    )
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


def _known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
    known = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), WORD.encode())
    return AuthResult(success=known)


@dataclass
class Hook:
    """A web server that answers as it is told."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[Hook]:
    """A receiver on a free port."""
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            found.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)))
            if found.status == 0:
                self.close_connection = True
                return
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    with listening(server):
        yield found
