"""A grant permits one exact call, once, for a while."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from knowledge.trust.errors import GrantRefused
from knowledge.trust.grants import JsonObject, SpentNonces, sign_grant, verify_grant
from knowledge.trust.keys import SigningKey

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = SigningKey.generate()
ARGUMENTS: JsonObject = {"address": "203.0.113.9", "minutes": 60}


def granted() -> JsonObject:
    """A good grant for the call below."""
    return sign_grant(
        KEY,
        tool="firewall_block_address",
        schema_sha256="ab" * 32,
        arguments=ARGUMENTS,
        tenant="lab",
        expires_at=NOW + timedelta(minutes=15),
    )


def check(
    grant: JsonObject | None,
    *,
    tool: str = "firewall_block_address",
    schema: str = "ab" * 32,
    arguments: JsonObject = ARGUMENTS,
    tenant: str = "lab",
    now: datetime = NOW,
    key: SigningKey = KEY,
    nonces: SpentNonces | None = None,
) -> None:
    """Verify `grant` for the call described."""
    verify_grant(
        grant,
        tool=tool,
        schema_sha256=schema,
        arguments=arguments,
        tenant=tenant,
        now=now,
        key=key.public,
        seen_nonces=nonces or SpentNonces(),
    )


def test_the_granted_call_passes_whatever_the_order_of_its_arguments() -> None:
    """The hash is over the value, not over its spelling."""
    check(granted(), arguments={"minutes": 60, "address": "203.0.113.9"})


def test_any_other_call_is_refused() -> None:
    """Swapping tool, schema, arguments, tenant or key after approval voids the grant."""
    with pytest.raises(GrantRefused, match="another tool"):
        check(granted(), tool="firewall_unblock_address")
    with pytest.raises(GrantRefused, match="another tool schema"):
        check(granted(), schema="cd" * 32)
    with pytest.raises(GrantRefused, match="another arguments"):
        check(granted(), arguments={**ARGUMENTS, "minutes": 61})
    with pytest.raises(GrantRefused, match="another tenant"):
        check(granted(), tenant="default")
    with pytest.raises(GrantRefused, match="configured key"):
        check(granted(), key=SigningKey.generate())


def test_it_expires() -> None:
    """The boundary itself is already too late."""
    with pytest.raises(GrantRefused, match="expired"):
        check(granted(), now=NOW + timedelta(minutes=15))


def test_it_works_once_even_after_a_restart(tmp_path: Path) -> None:
    """A replayed approval must not act twice, nor may restarting the server make it fresh again."""
    grant = granted()
    first = SpentNonces(tmp_path / "nonces.db")
    check(grant, nonces=first)
    first.close()

    with pytest.raises(GrantRefused, match="used before"):
        check(grant, nonces=SpentNonces(tmp_path / "nonces.db"))


def test_a_refusal_uses_nothing_up() -> None:
    """Somebody who replays a grant with wrong arguments cannot burn it for its owner."""
    nonces, grant = SpentNonces(), granted()
    with pytest.raises(GrantRefused):
        check(grant, arguments={}, nonces=nonces)

    check(grant, nonces=nonces)


def test_forgotten_nonces_belong_to_expired_grants_only() -> None:
    """The register stays small, and a nonce leaves it only when its grant is dead anyway."""
    nonces = SpentNonces()
    assert nonces.spend("n", until=NOW + timedelta(minutes=1), now=NOW)
    assert not nonces.spend("n", until=NOW + timedelta(minutes=1), now=NOW + timedelta(minutes=1))
    assert nonces.spend("n", until=NOW + timedelta(minutes=9), now=NOW + timedelta(minutes=2))


@pytest.mark.parametrize("field", ["tool", "schema_sha256", "arguments_sha256", "tenant", "nonce", "expires_at"])
def test_every_field_is_signed(field: str) -> None:
    """Whatever is changed in a grant, its signature no longer fits."""
    changed: dict[str, JsonValue] = {**granted(), field: "2027-01-01T00:00:00Z"}
    with pytest.raises(GrantRefused, match="signature"):
        check(changed)


def test_what_is_no_grant_is_refused() -> None:
    """Missing, malformed, or with members nobody signed."""
    for grant in (None, {}, {**granted(), "extra": 1}, {**granted(), "expires_at": "2026-03-01T12:15:00"}):
        with pytest.raises(GrantRefused):
            check(grant)


def test_another_spelling_of_the_expiry_is_the_same_moment() -> None:
    """Grants pass through models that print times with another offset."""
    check({**granted(), "expires_at": "2026-03-01T14:15:00+02:00"})
