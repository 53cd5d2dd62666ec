"""What really listens on loopback while a test runs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


class Door:
    """One address for many tests: it leads to the application of the test that runs."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self.app(scope, receive, send)


@contextmanager
def served(application: ASGIApp, certificate: Path | None = None, key: Path | None = None) -> Iterator[str]:
    """Its address; with a certificate behind TLS. No connection outlives its request, so that it can be closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        log_level="critical",
        lifespan="off",
        headers=[("connection", "close")],
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        assert not thread.is_alive()


@contextmanager
def listening(server: BaseServer) -> Iterator[None]:
    """A server of the standard library answers until the end."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
