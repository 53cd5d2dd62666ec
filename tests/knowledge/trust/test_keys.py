"""Keys: made once, private to their owner, and never printed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from knowledge.trust.errors import KeyFileError
from knowledge.trust.keys import SigningKey, VerifyKey, known_keys


def test_signature_holds_for_the_signed_bytes_only() -> None:
    """One changed byte, another key or a mangled signature: all refused, none raises."""
    key = SigningKey.generate()
    signature = key.sign(b"message")

    assert key.public.verify(b"message", signature)
    assert not key.public.verify(b"messagf", signature)
    assert not SigningKey.generate().public.verify(b"message", signature)
    assert not key.public.verify(b"message", "no base64!")
    assert not key.public.verify(b"message", signature[:20])


def test_public_key_survives_its_text_form() -> None:
    """A pinned key is passed around as one line."""
    public = SigningKey.generate().public

    assert VerifyKey.from_text(f" {public.text}\n") == public
    assert len(public.key_id) == 16


@pytest.mark.parametrize(
    "text", ["", "mcpsoc-public-ed25519:", "mcpsoc-public-ed25519:%%%", "mcpsoc-public-ed25519:QUJD"]
)
def test_anything_else_is_not_a_key(text: str) -> None:
    """A truncated pin has to be told apart from a wrong signer."""
    with pytest.raises(KeyFileError):
        VerifyKey.from_text(text)


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    """The loser of the race reads the winner's key instead of overwriting it."""
    path = tmp_path / "keys" / "export.key"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: SigningKey.load_or_create(path), range(16)))

    assert len({key.raw for key in keys}) == 1
    assert sorted(item.name for item in path.parent.iterdir()) == ["export.key", "export.pub"]


def test_key_file_is_private_and_an_open_one_is_refused(tmp_path: Path) -> None:
    """A key others can read signs nothing that means anything."""
    path = tmp_path / "export.key"
    SigningKey.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600

    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        SigningKey.load_or_create(path)


def test_broken_key_file_is_named(tmp_path: Path) -> None:
    """The message says which file, since there are several."""
    path = tmp_path / "export.key"
    path.touch(0o600)
    with pytest.raises(KeyFileError, match=r"export\.key"):
        SigningKey.load(path)
    with pytest.raises(KeyFileError, match="cannot read"):
        SigningKey.load(tmp_path / "absent.key")


def test_unwritable_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    """The person gets a sentence instead of a traceback."""
    (tmp_path / "keys").write_text("a file where the folder should be")
    with pytest.raises(KeyFileError):
        SigningKey.load_or_create(tmp_path / "keys" / "export.key")


def test_known_keys_are_listed_by_id(tmp_path: Path) -> None:
    """Verification looks signers up by key id; a broken file must not pass silently for an unknown signer."""
    key = SigningKey.load_or_create(tmp_path / "export.key")
    assert known_keys(tmp_path) == {key.public.key_id: key.public}

    (tmp_path / "bad.pub").write_text("junk")
    with pytest.raises(KeyFileError, match=r"bad\.pub"):
        known_keys(tmp_path)


def test_repr_does_not_show_the_key() -> None:
    """A key in a traceback or a log line stays secret."""
    key = SigningKey.generate()
    assert key.raw.hex() not in repr(key)
    assert repr(key) == f"SigningKey({key.public.key_id})"
