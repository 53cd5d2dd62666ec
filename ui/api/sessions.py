"""Who is asking: tokens and sessions are recognised here, and nowhere else.

A caller shows `Authorization: Bearer SECRET`, where SECRET is the local token (`api.token`), a token of a user of
`users.toml`, or a session opened with one of these. Secrets are compared as SHA-256, in constant time, and never kept,
logged or audited.
"""

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from agent.models import JsonObject, Model
from agent.response.errors import NotAllowedError
from agent.response.identity import Identity
from ui.api.errors import Refusal
from ui.api.keyring import Keyring
from ui.api.models import SessionView

router = APIRouter(tags=["sessions"])


class TokenGiven(Model):
    """Body of the request for a session."""

    token: SecretStr = Field(max_length=512)


def identity_of(request: Request) -> Identity:
    """Dependency of every route but /health: the identity behind the request's token or session.

    Raises: Refusal (401 without a valid one, 429 after too many wrong ones)."""
    return keyring_of(request).identify(bearer(request))


def keyring_of(request: Request) -> Keyring:
    """The application's keyring, put into its state by `ui.api.limits.guard`."""
    keyring = request.app.state.keyring
    if not isinstance(keyring, Keyring):
        raise TypeError("the application was built without `guard`")
    return keyring


def bearer(request: Request) -> str:
    """The secret the request shows. Raises: Refusal (401) when it shows none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Refusal(
            401,
            "not_signed_in",
            "this needs a token or a session",
            "send the header Authorization: Bearer TOKEN; your token is in api.token in MCPSOC_HOME",
            {"www-authenticate": "Bearer"},
        )
    return secret.strip()


@router.post("/sessions", status_code=201)
def open_session(given: TokenGiven, request: Request) -> SessionView:
    """Exchange a token for a session that ends by itself."""
    return keyring_of(request).open_session(given.token.get_secret_value())


@router.delete("/sessions", status_code=204)
def end_session(request: Request) -> Response:
    """End the session the request is made with; a token stays valid."""
    keyring_of(request).end_session(bearer(request))
    return Response(status_code=204)


async def not_allowed(request: Request, error: Exception) -> Response:
    """Handler of `NotAllowedError` for an application: 403, and a line in the audit log."""
    if not isinstance(error, NotAllowedError):
        raise error
    data: JsonObject = {"permission": error.permission, "path": request.url.path}
    keyring_of(request).audit_refusal(error.identity, data)
    return Refusal(403, "not_allowed", str(error), "ask an administrator for a role that permits it").response()
