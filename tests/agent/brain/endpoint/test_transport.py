"""How a request gets there: headers, a proxy, authorities of one's own, and nowhere else."""

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.brain.endpoint.bounded import MOST_BYTES
from agent.brain.endpoint.errors import EndpointDownError, EndpointFailedError, ModelUnfitError
from agent.brain.endpoint.protocol import Asked
from agent.brain.endpoint.testing import PlayedEndpoint, Reply
from tests.agent.brain.endpoint.conftest import KEY

ASKED = Asked(({"role": "user", "content": "hello"},))


async def test_headers_of_ones_own_and_the_key_arrive(opened, played):
    """A gateway may want more than a key."""
    await opened(headers={"X-Team": "soc", "X-Route": "eu"}).say(ASKED)

    assert {played.headers[0][name] for name in ("x-team", "x-route")} == {"soc", "eu"}
    assert played.keys == [f"Bearer {KEY}"]


async def test_a_gateway_with_a_login_of_its_own_gets_that(opened, played):
    """Either in the URL or as a header; the key of the model is not sent then."""
    await opened(url=played.url.replace("http://", "http://me:p%40ss@")).say(ASKED)
    await opened(headers={"Authorization": "Token abc"}).say(ASKED)

    assert played.keys == ["Basic bWU6cEBzcw==", "Token abc"]


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that does this with every POST; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


async def test_a_proxy_is_used_where_one_is_set(opened, played):
    """The request reaches the proxy with the whole URL, and nobody else."""
    seen = []

    def refuse(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers.get("Proxy-Authorization", "")))
        handler.send_error(418)

    with serving(refuse) as url:
        client = opened(url="http://llm.example/v1", proxy=url.replace("http://", "http://me:pw-7712@"))
        with pytest.raises(EndpointFailedError) as caught:
            await client.say(ASKED)

    assert seen == [("http://llm.example/v1/chat/completions", "Basic bWU6cHctNzcxMg==")]
    assert "pw-7712" not in str(caught.value)
    assert played.requests == []


async def test_the_proxy_of_the_environment_is_not_asked_for_what_stays_here(opened, played, monkeypatch):
    """A prompt for a model on this machine does not pass through somebody's proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert (await opened().say(ASKED)).text == "hello"


async def test_a_redirect_is_not_followed(opened):
    """What a person was told goes to one place does not go to another."""
    with PlayedEndpoint(lambda _: Reply("elsewhere")) as other:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.send_response(307)
            handler.send_header("Location", f"{other.url}/chat/completions")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        with serving(redirect) as url, pytest.raises(EndpointFailedError, match="307"):
            await opened(url=f"{url}/v1").say(ASKED)

        assert other.requests == []


async def test_a_tls_server_is_trusted_by_the_authority_of_the_file_alone(opened, tmp_path):
    """Without the file the usual authorities count, and none of them knows this server."""
    authority, chain = certificates(tmp_path)
    with PlayedEndpoint(lambda _: Reply("hello"), tls=context(chain)) as played:
        said = await opened(url=played.url, ca=authority).say(ASKED)
        with pytest.raises(EndpointDownError):
            await opened(url=played.url, retries=0).say(ASKED)

    assert played.url.startswith("https://")
    assert (said.text, len(played.requests)) == ("hello", 1)


def context(chain: Path) -> ssl.SSLContext:
    """What a TLS server needs."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(chain)
    return made


def certificates(folder: Path) -> tuple[Path, Path]:
    """An authority, and a server on 127.0.0.1 that it vouches for: its certificate, and the server's with its key."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Test authority", "127.0.0.1")]
    made = []
    for index, (key, name) in enumerate(zip(keys, names, strict=True)):
        builder = x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=index == 0, path_length=None), critical=True)
        if index:
            address = x509.IPAddress(ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    authority, chain = folder / "ca.pem", folder / "server.pem"
    authority.write_bytes(made[0])
    chain.write_bytes(made[1] + pem)
    return authority, chain


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ca": Path("/nowhere/ca.pem")}, "MCPSOC_MODEL_CA"),
        ({"proxy": "ftp://me:secret-1@proxy"}, "MCPSOC_MODEL_PROXY"),
        ({"headers": {"X-Team": "secret-1\nX-Evil: 1"}}, "X-Team"),
        ({"key": "secret-1\n"}, "key"),
        ({"url": "file:///secret-1"}, "base URL"),
        ({"url": "https://llm.example/v1?key=secret-1"}, "query"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_without_its_value(opened, given, said):
    """Found when the endpoint is made, not in the middle of a case."""
    with pytest.raises(ModelUnfitError, match=said) as caught:
        opened(**given)
    assert "secret-1" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 500])
async def test_no_more_of_an_answer_is_read_than_one_can_have(opened, status):
    """An answer, or the words of an error, that never ends would fill the memory long before its time is over."""
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(status)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.close_connection = True
        try:
            sent.extend(handler.wfile.write(b"x" * 1_000_000) for _ in range(200))
        except OSError:
            return

    with serving(endless) as url, pytest.raises(EndpointFailedError, match="did not end"):
        await opened(url=f"{url}/v1", retries=0).say(ASKED)

    assert sum(sent) < 2 * MOST_BYTES


async def test_an_answer_that_unpacks_is_not_read(opened):
    """A kilobyte may unpack to a gigabyte; packed answers are not asked for."""

    def packed(handler: BaseHTTPRequestHandler) -> None:
        assert handler.headers["Accept-Encoding"] == "identity"
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(gzip.compress(b"data: [DONE]"))
        handler.close_connection = True

    with serving(packed) as url, pytest.raises(EndpointFailedError, match="packs its answers"):
        await opened(url=f"{url}/v1", retries=0).say(ASKED)
