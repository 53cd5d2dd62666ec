"""Secrets disappear, everything an analyst needs stays."""

import time

import pytest

from knowledge.trust.masking import mask_object, mask_secrets

CANARY = "c4n4ryS3cr3tValue99"


@pytest.mark.parametrize(
    "text",
    [
        f"password={CANARY}",
        f"PASSWORD: '{CANARY}'",
        f'{{"api_key": "{CANARY}"}}',
        f"curl -H 'Authorization: Bearer {CANARY}' https://example.org",
        f"Authorization: Basic {CANARY}==",
        f"postgresql://soc:{CANARY}@db.example.org/cases",
        f"client_secret={CANARY}&grant_type=x",
        f"aws_secret_access_key = {CANARY}",
        f"token: eyJ{CANARY}.eyJ{CANARY}.{CANARY}",
        f"ghp_{CANARY}{CANARY}",
        f"sk-proj-{CANARY}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}",
        f"mcpsoc-private-ed25519:{CANARY}{CANARY}=",
        f"Cookie: session={CANARY}",
    ],
)
def test_secret_is_masked(text: str) -> None:
    """No form in which a credential usually travels gets through."""
    masked = mask_secrets(text)
    assert CANARY not in masked
    assert "[masked" in masked


@pytest.mark.parametrize(
    "text",
    [
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "powershell.exe -EncodedCommand SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA",
        "the password was changed by the help desk",
        "basic monitoring of the gateway",
        "AKIAIOSFODNN7EXAMPLE called GetObject",
        "https://example.org/login?next=/home",
        "user CORP\\alice on ws-12 at 2026-03-01T12:00:00Z",
    ],
)
def test_evidence_is_left_alone(text: str) -> None:
    """Masking what is no secret would destroy evidence."""
    assert mask_secrets(text) == text


def test_masking_twice_changes_nothing() -> None:
    """Text passes several borders, each of which masks."""
    once = mask_secrets(f"Authorization: Bearer {CANARY} password={CANARY} https://a:{CANARY}@b")
    assert mask_secrets(once) == once


def test_members_are_masked_by_name_at_any_depth() -> None:
    """A secret without a telling shape is known by the name it is stored under."""
    masked = mask_object({"outer": [{"db_password": CANARY, "port": 5432}], "note": f"pwd={CANARY}", "empty": None})
    assert masked == {
        "outer": [{"db_password": "[masked: by name]", "port": 5432}],
        "note": "pwd=[masked: credential]",
        "empty": None,
    }


@pytest.mark.parametrize("text", ["password" * 20000, "https://" + "a:" * 50000, "-----BEGIN PRIVATE KEY-----" * 3000])
def test_hostile_text_does_not_stall_masking(text: str) -> None:
    """Attackers choose the text; matching has to stay near linear."""
    start = time.perf_counter()
    mask_secrets(text)
    assert time.perf_counter() - start < 5
