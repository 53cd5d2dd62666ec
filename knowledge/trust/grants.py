"""Permission for one exact call: signed bytes over tool, schema, arguments, tenant, nonce and expiry.

A grant is plain JSON, so the analyst that asks and the server that acts need to share no type, only this module.
"""

import hmac
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue, ValidationError

from knowledge.trust.canonical import canonical, sha256_of
from knowledge.trust.errors import GrantRefused
from knowledge.trust.keys import SigningKey, VerifyKey

JsonObject = dict[str, JsonValue]


class _Signed(BaseModel):
    """What the signature covers, and the signature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    schema_sha256: str
    arguments_sha256: str
    tenant: str
    nonce: str
    expires_at: AwareDatetime
    signature: str = ""


class SpentNonces:
    """Nonces that were used, until the grant they belong to has expired; a file makes them outlive a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10)
        self._rows.execute("CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, until REAL NOT NULL)")

    def spend(self, nonce: str, *, until: datetime, now: datetime) -> bool:
        """Use `nonce` up; False when it was used before."""
        with self._lock:
            self._rows.execute("DELETE FROM nonces WHERE until < ?", (now.timestamp(),))
            added = self._rows.execute("INSERT OR IGNORE INTO nonces VALUES (?, ?)", (nonce, until.timestamp()))
            return added.rowcount == 1

    def close(self) -> None:
        """Close the file, once what is under way in it is done."""
        with self._lock:
            self._rows.close()


def sign_grant(
    key: SigningKey,
    *,
    tool: str,
    schema_sha256: str,
    arguments: Mapping[str, JsonValue],
    tenant: str,
    expires_at: datetime,
    nonce: str | None = None,
) -> JsonObject:
    """A grant to call `tool`, of that schema, with exactly `arguments`, once, before `expires_at`."""
    draft = _Signed(
        tool=tool,
        schema_sha256=schema_sha256,
        arguments_sha256=sha256_of(arguments),
        tenant=tenant,
        nonce=nonce or secrets.token_urlsafe(18),
        expires_at=expires_at.astimezone(UTC),
    )
    return draft.model_copy(update={"signature": key.sign(_message(draft))}).model_dump(mode="json")


def verify_grant(
    grant: Mapping[str, JsonValue] | None,
    *,
    tool: str,
    schema_sha256: str,
    arguments: Mapping[str, JsonValue],
    tenant: str,
    now: datetime,
    key: VerifyKey,
    seen_nonces: SpentNonces,
) -> None:
    """Return only if `grant` permits this very call now, and use it up.

    Nothing is used up by a grant that is refused.

    Raises: GrantRefused with the part that failed."""
    signed = _parse(grant)
    if not key.verify(_message(signed), signed.signature):
        raise GrantRefused("the signature is not by the configured key")
    expected = {
        "tool": (signed.tool, tool),
        "tool schema": (signed.schema_sha256, schema_sha256),
        "arguments": (signed.arguments_sha256, sha256_of(arguments)),
        "tenant": (signed.tenant, tenant),
    }
    for part, (granted, asked) in expected.items():
        if not hmac.compare_digest(granted.encode(), asked.encode()):
            raise GrantRefused(f"it was given for another {part}")
    if signed.expires_at <= now:
        raise GrantRefused(f"it expired at {signed.expires_at.isoformat()}")
    if not seen_nonces.spend(signed.nonce, until=signed.expires_at, now=now):
        raise GrantRefused("it was used before")


def _parse(grant: Mapping[str, JsonValue] | None) -> _Signed:
    if grant is None:
        raise GrantRefused("the call carries no grant")
    try:
        return _Signed.model_validate(dict(grant))
    except ValidationError as error:
        raise GrantRefused(f"it is not a grant: {error.error_count()} fields are wrong") from error


def _message(grant: _Signed) -> bytes:
    """The bytes signed: everything but the signature, times in UTC."""
    in_utc = grant.model_copy(update={"expires_at": grant.expires_at.astimezone(UTC)})
    return b"mcpsoc-grant-1\n" + canonical(in_utc.model_dump(mode="json", exclude={"signature"}))
