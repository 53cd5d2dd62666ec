"""Who may reach a server over HTTP: by which name, from which page, with which token.

Host and Origin are checked first, then the token; only then does anything of the request reach the protocol. The token
itself stays here: what is behind never sees it, so that no server can pass it on to the product it asks.
"""

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.errors import ConfigurationError
from servers.kit.settings import BackendSettings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
SHORTEST_TOKEN: Final = 32
"""Characters of a token that nobody guesses."""
LEEWAY_S: Final = 30
"""How far the clock of whoever issues tokens may be off."""
Algorithm: TypeAlias = Literal["RS256", "ES256", "ES384", "ES512", "EdDSA"]


class AccessSettings(BackendSettings):
    """Settings of the HTTP transport. The environment names carry the prefix `MCPSOC_HTTP_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_HTTP_")

    token: SecretStr | None = None
    """Bearer token that clients of a server over HTTP present; at least 32 characters."""
    jwt_key_file: Path | None = None
    """Public key (PEM: RSA, elliptic curve or Ed25519) that signed tokens (JWT) are checked with."""
    jwt_audience: str | None = None
    """Audience that a signed token has to name: this server."""
    jwt_issuer: str | None = None
    """Issuer that a signed token has to name."""
    allowed_hosts: str = Field(default="", max_length=2000)
    """Names, separated by commas, under which a server off loopback may be asked; its own address always counts."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented a token that holds."""

    client: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """One token that all clients share."""

    token: SecretStr

    def caller(self, given: str) -> Caller | None:
        """The caller, when this is the token; compared in constant time."""
        same = hmac.compare_digest(given.encode(), self.token.get_secret_value().encode())
        return Caller("bearer") if same else None


@dataclass(frozen=True, slots=True)
class Signed:
    """Tokens that one issuer signs for one audience."""

    key: "RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey"
    algorithm: Algorithm
    audience: str
    issuer: str

    def caller(self, given: str) -> Caller | None:
        """The caller, when signature, times, audience and issuer hold. The algorithm is the key's, never the token's.

        Source: RFC 8725 (best current practices of JSON web tokens), sections 3.1, 3.8 and 3.9."""
        import jwt

        try:
            claims = jwt.decode(
                given,
                self.key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
        except jwt.InvalidTokenError:
            return None
        return Caller(str(claims["sub"]), self.issuer)


@dataclass(frozen=True, slots=True)
class Access:
    """Under which names a server may be asked besides loopback, and by whom. Without a verifier: by everybody who is
    on this machine, and nobody else."""

    verifier: Shared | Signed | None = None
    hosts: tuple[str, ...] = ()

    def check_address(self, host: str) -> None:
        """Raises: ConfigurationError for an address off loopback while no token is asked for."""
        if host not in LOOPBACK and self.verifier is None:
            raise ConfigurationError(
                f"{host} is not loopback, and no token is asked for: bind 127.0.0.1, or set MCPSOC_HTTP_TOKEN_FILE or "
                "MCPSOC_HTTP_JWT_KEY_FILE"
            )


NOBODY_ELSE: Final = Access()
"""Only this machine, by a loopback name."""


def access_from(settings: AccessSettings) -> Access:
    """What the settings allow.

    Raises: ConfigurationError for settings that contradict each other or lack a part, and for files nobody can use."""
    hosts = tuple(name for part in settings.allowed_hosts.split(",") if (name := part.strip()))
    if wrong := [name for name in hosts if "/" in name or "*" in name]:
        raise ConfigurationError(f"MCPSOC_HTTP_ALLOWED_HOSTS takes names without scheme, path or *: {wrong[0]!r}")
    shared, signed = _shared(settings), _signed(settings)
    if shared is not None and signed is not None:
        raise ConfigurationError("give MCPSOC_HTTP_TOKEN or MCPSOC_HTTP_JWT_KEY_FILE, not both")
    return Access(shared or signed, hosts)


def _shared(settings: AccessSettings) -> Shared | None:
    if settings.token is None:
        return None
    if len(settings.token.get_secret_value()) < SHORTEST_TOKEN:
        raise ConfigurationError(f"the token for HTTP has fewer than {SHORTEST_TOKEN} characters")
    return Shared(settings.token)


def _signed(settings: AccessSettings) -> Signed | None:
    given = (settings.jwt_key_file, settings.jwt_audience, settings.jwt_issuer)
    if not any(given):
        return None
    key_file, audience, issuer = given
    if key_file is None or not audience or not issuer:
        raise ConfigurationError(
            "signed tokens need all of MCPSOC_HTTP_JWT_KEY_FILE, MCPSOC_HTTP_JWT_AUDIENCE and MCPSOC_HTTP_JWT_ISSUER"
        )
    return _signed_by(key_file.expanduser(), audience, issuer)


def _signed_by(path: Path, audience: str, issuer: str) -> Signed:
    """A verifier with the one algorithm that the key in this file is good for."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    curves: dict[str, Algorithm] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"MCPSOC_HTTP_JWT_KEY_FILE: {path} holds no public key in PEM form") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return Signed(key, "RS256", audience, issuer)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in curves:
        return Signed(key, curves[key.curve.name], audience, issuer)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Signed(key, "EdDSA", audience, issuer)
    raise ConfigurationError("MCPSOC_HTTP_JWT_KEY_FILE: takes RSA from 2048 bits, P-256, P-384, P-521 or Ed25519")
