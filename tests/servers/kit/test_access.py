"""Servers over HTTP, on real sockets: who is let in, and what of a request goes no further than the door."""

import asyncio
import hashlib
import hmac
import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from servers.errors import ConfigurationError
from servers.kit import T1, Output, Reply, SecurityServer, build_server
from servers.kit.access import Access, AccessSettings, Shared, access_from
from servers.kit.guarded import guarded
from servers.kit.protocol import MOST_BODY_BYTES
from tests.real import free_port

TOKEN = "k3-example-token-of-a-person-0123456789"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}
KEY = ec.generate_private_key(ec.SECP256R1())


class Word(Output):
    """One word."""

    word: Annotated[str, T1]


def door_say() -> Reply[Word]:
    """Say a word."""
    return Reply(Word(word="hello"), "1 word")


def server() -> SecurityServer:
    """A server with one tool."""
    return build_server("door", reads=[door_say], backend="real", synthetic=False, probe=lambda: "a door")


def part(data: bytes) -> str:
    """Bytes as a part of a signed token."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def private_pem(key: PrivateKeyTypes) -> bytes:
    """A private key as PyJWT takes it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PrivateKeyTypes) -> bytes:
    """Its public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(
    key: PrivateKeyTypes = KEY,
    algorithm: str = "ES256",
    left_out: str = "",
    minutes: int = 5,
    **claims: str,
) -> dict[str, str]:
    """The header with a signed token for these claims."""
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    content = {"iss": "https://idp.example", "aud": "mcpsoc", "sub": "ann", "exp": until, **claims}
    content.pop(left_out, None)
    return {"Authorization": f"Bearer {jwt.encode(content, private_pem(key), algorithm=algorithm)}"}


def settings(folder: Path, key: PrivateKeyTypes = KEY) -> AccessSettings:
    """Settings that trust this key."""
    path = folder / "key.pem"
    path.write_bytes(public_pem(key))
    return AccessSettings(jwt_key_file=path, jwt_audience="mcpsoc", jwt_issuer="https://idp.example")


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of this application behind a real socket."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        running = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        task = asyncio.create_task(running.serve(sockets=[bound]))
        try:
            async with httpx.AsyncClient(base_url=url, headers=ACCEPT) as client:
                yield client
        finally:
            running.should_exit = True
            await task


async def codes(app: ASGIApp, *headers: dict[str, str]) -> list[int]:
    """What a greeting with each of these headers is answered with."""
    async with serving(app) as client:
        return [(await client.post("/mcp", json=HELLO, headers=given)).status_code for given in headers]


async def test_only_the_token_opens_a_server_that_asks_for_one() -> None:
    """None, a wrong one, a beginning of it, another scheme, or two at once: nobody is let in."""
    app = server().http_app(Access(Shared(SecretStr(TOKEN))))
    given = ["", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer", "Bearer \xe4" * 20, f"Bearer {TOKEN}"]
    async with serving(app) as client:
        answers = [
            await client.post(
                "/mcp", json=HELLO, headers=[(b"Authorization", text.encode("latin-1"))] if text else None
            )
            for text in given
        ]
        twice = await client.post("/mcp", json=HELLO, headers=[("Authorization", f"Bearer {TOKEN}")] * 2)

    assert [answer.status_code for answer in answers] == [401] * 5 + [200]
    assert twice.status_code == 401
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"
    assert answers[1].headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert not any(TOKEN[:-1] in answer.text for answer in answers)


async def test_a_client_with_the_token_calls_a_tool() -> None:
    """The whole way of a session, not the greeting alone."""
    app = server().http_app(Access(Shared(SecretStr(TOKEN))))
    async with (
        serving(app) as door,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client,
        streamable_http_client(f"{door.base_url}/mcp", http_client=client) as (reader, writer, _),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        answer = await session.call_tool("door_say", {})

    assert answer.structuredContent is not None
    assert answer.structuredContent["data"] == {"word": "hello"}


async def test_signed_token_counts_for_its_audience_issuer_and_time_only(tmp_path: Path) -> None:
    """A token that somebody else's service was given must not open this one."""
    app = server().http_app(access_from(settings(tmp_path)))
    stranger = ec.generate_private_key(ec.SECP256R1())
    unsigned = jwt.encode({"aud": "mcpsoc", "iss": "https://idp.example", "sub": "ann"}, None, algorithm="none")

    assert (
        await codes(
            app,
            signed(),
            signed(aud="another-service"),
            signed(iss="https://other.example"),
            signed(minutes=-5),
            signed(left_out="exp"),
            signed(left_out="aud"),
            signed(left_out="sub"),
            signed(stranger),
            {"Authorization": f"Bearer {unsigned}"},
            {"Authorization": "Bearer not.a.token"},
            {},
        )
        == [200] + [401] * 10
    )


async def test_public_key_is_no_shared_secret(tmp_path: Path) -> None:
    """Whoever knows the public key, which everybody may, cannot sign with it: the key decides the algorithm."""
    until = int((datetime.now(UTC) + timedelta(minutes=5)).timestamp())
    claims = {"aud": "mcpsoc", "iss": "https://idp.example", "sub": "ann", "exp": until}
    text = ".".join(part(json.dumps(item).encode()) for item in ({"alg": "HS256", "typ": "JWT"}, claims))
    forged = f"{text}.{part(hmac.new(public_pem(KEY), text.encode(), hashlib.sha256).digest())}"

    app = server().http_app(access_from(settings(tmp_path)))

    assert await codes(app, {"Authorization": f"Bearer {forged}"}) == [401]


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
    ids=["rsa", "p384", "ed25519"],
)
def test_each_kind_of_key_checks_its_own_signatures(key: PrivateKeyTypes, algorithm: str, tmp_path: Path) -> None:
    """Identity providers differ in what they sign with."""
    verifier = access_from(settings(tmp_path, key)).verifier

    assert verifier is not None
    caller = verifier.caller(signed(key, algorithm)["Authorization"].removeprefix("Bearer "))
    assert caller is not None
    assert caller.client == "ann"


async def test_session_belongs_to_whoever_opened_it(tmp_path: Path) -> None:
    """Another person of the same issuer who learns a session's id must not go on in it."""
    app = server().http_app(access_from(settings(tmp_path)))
    ask = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    async with serving(app) as client:
        opened = await client.post("/mcp", json=HELLO, headers=signed(sub="ann"))
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        theirs = await client.post("/mcp", json=ask, headers={**session, **signed(sub="bob")})
        ours = await client.post("/mcp", json=ask, headers={**session, **signed(sub="ann")})

    assert theirs.status_code == 404
    assert ours.status_code == 200


async def test_foreign_names_and_pages_are_refused_token_or_not() -> None:
    """A page in a browser must not reach a server by pointing its own name at it."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    app = server().http_app(Access(Shared(SecretStr(TOKEN)), ("soc.example",)))

    assert await codes(
        app,
        {**bearer, "Host": "evil.example"},
        {**bearer, "Host": "soc.example.evil.example"},
        {**bearer, "Origin": "https://evil.example"},
        {**bearer, "Origin": "null"},
        {**bearer, "Host": "soc.example", "Origin": "https://soc.example"},
        {**bearer, "Host": "soc.example:8443"},
    ) == [421, 421, 403, 403, 200, 200]


async def test_huge_request_is_refused_before_it_is_read() -> None:
    """Memory is no client's to fill."""
    async with serving(server().http_app()) as client:
        answer = await client.post(
            "/mcp", content=b" " * (MOST_BODY_BYTES + 1), headers={"Content-Type": "application/json"}
        )

    assert answer.status_code == 413


async def test_nothing_behind_the_door_sees_a_credential() -> None:
    """A token for this server, passed on to the product behind it, would open that product to whoever reads its log."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(sorted(Request(scope).headers))(scope, receive, send)

    app = guarded(behind, Access(Shared(SecretStr(TOKEN))), "127.0.0.1")
    async with serving(app) as client:
        seen = await client.post("/mcp", headers={"Authorization": f"Bearer {TOKEN}", "Cookie": "a=b", "X-Kept": "1"})

    assert "x-kept" in seen.json()
    assert not {"authorization", "cookie", "proxy-authorization"} & set(seen.json())


async def test_another_address_is_served_with_a_token_only() -> None:
    """Without one the server does not even start there."""
    port, address = free_port(), "127.0.0.2"
    with pytest.raises(ConfigurationError, match="no token"):
        await server().run_http(address, port)

    running = asyncio.create_task(server().run_http(address, port, Access(Shared(SecretStr(TOKEN)))))
    try:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=8), headers=ACCEPT) as client:
            answer = await client.post(
                f"http://{address}:{port}/mcp", json=HELLO, headers={"Authorization": f"Bearer {TOKEN}"}
            )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert answer.status_code == 200


def test_token_comes_from_a_file_that_nobody_else_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others can read is no secret."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    monkeypatch.setenv("MCPSOC_HTTP_TOKEN_FILE", str(path))
    assert access_from(AccessSettings()).verifier == Shared(SecretStr(TOKEN))

    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        AccessSettings()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (AccessSettings(token=SecretStr("short")), "32"),
        (AccessSettings(jwt_key_file=Path(__file__), jwt_audience="mcpsoc"), "JWT_ISSUER"),
        (AccessSettings(jwt_key_file=Path(__file__), jwt_audience="a", jwt_issuer="b"), "PEM"),
        (AccessSettings(allowed_hosts="https://soc.example"), "scheme"),
        (AccessSettings(allowed_hosts="*"), "scheme"),
    ],
)
def test_settings_that_would_let_somebody_in_by_mistake_stop_the_start(given: AccessSettings, said: str) -> None:
    """A half-configured check is none."""
    with pytest.raises(ConfigurationError, match=said):
        access_from(given)


def test_token_or_signed_tokens_but_not_both(tmp_path: Path) -> None:
    """The weaker of two ways in is the way in."""
    both = settings(tmp_path).model_copy(update={"token": SecretStr(TOKEN)})

    with pytest.raises(ConfigurationError, match="not both"):
        access_from(both)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names that the documentation gives."""
    monkeypatch.setenv("MCPSOC_HTTP_TOKEN", TOKEN)
    monkeypatch.setenv("MCPSOC_HTTP_ALLOWED_HOSTS", "soc.example, soc.internal")

    access = access_from(AccessSettings())

    assert access.hosts == ("soc.example", "soc.internal")
    assert TOKEN not in repr(access)
