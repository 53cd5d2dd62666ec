"""The door of a server over HTTP: a request that is not let in never reaches the protocol."""

from dataclasses import dataclass
from typing import Final

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from servers.kit.access import LOOPBACK, Access, Caller

_CREDENTIALS: Final = (b"authorization", b"proxy-authorization", b"cookie")
"""Headers that are taken off a request before it goes on."""
_SCHEME: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Guarded:
    """An application behind the checks of Host, Origin and token."""

    app: ASGIApp
    access: Access
    names: TransportSecurityMiddleware

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is not let in; hand on the rest, without its credentials."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal, caller = await self._looked_at(HTTPConnection(scope))
        if refusal is not None:
            await refusal(scope, receive, send)
        else:
            await self.app(_inside(scope, caller), receive, send)

    async def _looked_at(self, request: HTTPConnection) -> tuple[Response | None, Caller | None]:
        """Why the request is refused, or who makes it."""
        if (wrong := await self.names.validate_request(request)) is not None:
            return wrong, None
        if self.access.verifier is None:
            return None, None
        given = _token(request.headers)
        caller = None if given is None else self.access.verifier.caller(given)
        return (_unauthorised(told=given is not None), None) if caller is None else (None, caller)


def guarded(app: ASGIApp, access: Access, address: str) -> Guarded:
    """`app` for requests to loopback names, to the `address` it is bound to and to the names of `access`."""
    hosts = [pattern for name in (*LOOPBACK, address, *access.hosts) for pattern in _patterns(name)]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    rules = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=origins
    )
    return Guarded(app, access, TransportSecurityMiddleware(rules))


def _patterns(name: str) -> tuple[str, str]:
    """A name as a Host header gives it, with any port and without."""
    host = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return host, f"{host}:*"


def _token(headers: Headers) -> str | None:
    """The bearer token of a request that carries exactly one."""
    given = headers.getlist("authorization")
    if len(given) != 1 or not given[0].lower().startswith(_SCHEME):
        return None
    return given[0][len(_SCHEME) :].strip()


def _unauthorised(*, told: bool) -> Response:
    """Source: RFC 6750, section 3.1: no error code for a request that carried no token."""
    challenge = 'Bearer error="invalid_token"' if told else "Bearer"
    return PlainTextResponse("a bearer token is needed", 401, headers={"WWW-Authenticate": challenge})


def _inside(scope: Scope, caller: Caller | None) -> Scope:
    """The request as the protocol sees it: who makes it, so that a session stays its own, and no credential."""
    inside = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() not in _CREDENTIALS]}
    if caller is not None:
        claims = {"iss": caller.issuer}
        known = AccessToken(token="", client_id=caller.client, scopes=[], subject=caller.client, claims=claims)
        inside["user"] = AuthenticatedUser(known)
    return inside
