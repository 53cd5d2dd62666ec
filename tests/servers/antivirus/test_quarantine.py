"""Quarantine and restore: exactly the named content, never over another file, and back as it was."""

import hashlib
import os
import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servers.antivirus.server import build
from servers.antivirus.settings import AntivirusSettings
from servers.antivirus.vault import Vault, id_of
from servers.errors import ToolError
from servers.folders import Folders
from tests.servers.acting import Analyst, analyst, part
from tests.servers.antivirus.samples import EICAR
from tests.servers.waiting import until

DIGEST = hashlib.sha256(EICAR).hexdigest()
NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The folder that is opened to the server, with an infected file."""
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(EICAR)
    return folder


@pytest.fixture
def vault(tmp_path: Path, share: Path) -> Vault:
    """A quarantine."""
    return Vault(tmp_path / "held", Folders((share,), "TEST"), 1_000_000)


@pytest.fixture
def server(tmp_path: Path, share: Path, whole_lab: Path) -> Analyst:
    """A server with the embedded engine, whose quarantine is a real one."""
    home = tmp_path / "home"
    home.mkdir()
    return analyst(build, AntivirusSettings(roots=str(share)), home, whole_lab)


async def test_file_is_moved_under_a_grant_and_comes_back_as_it_was(server: Analyst, share: Path) -> None:
    """The whole life of a change: plan, refusal, effect read back, undo."""
    path = share / "report.pdf"
    path.chmod(0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    before = path.stat()
    named = {"path": str(path), "sha256": DIGEST, "reason": "infected"}
    plan = await server.plans("quarantine_file", **named)
    refused = await server.asks("quarantine_file", **named)
    there = path.exists()
    done = await server.does("quarantine_file", **named)
    gone = not path.exists()
    listed = await server.asks("list_quarantine")
    undo = part(done, "action", "undo", "arguments")
    assert isinstance(undo, dict)
    back = await server.does("restore_file", **undo, reason="false alarm")
    after = path.stat()

    assert str(part(plan, "action", "target")).startswith(DIGEST)
    assert "report" not in str(part(plan, "action", "blast_radius"))
    assert (refused["status"], there, gone) == ("refused", True, True)
    assert part(done, "action", "verified") is True
    assert part(done, "action", "expiry") == "hold"
    assert part(listed, "total") == 1
    assert part(back, "action", "verified") is True
    assert path.read_bytes() == EICAR
    assert (after.st_mode, after.st_mtime_ns, after.st_uid) == (before.st_mode, before.st_mtime_ns, before.st_uid)
    assert part(await server.asks("list_quarantine"), "total") == 0


async def test_same_content_from_two_places_is_two_records(server: Analyst, share: Path, tmp_path: Path) -> None:
    """Who takes the second file has not ended the quarantine of the first, and neither has who restores it."""
    (share / "copy.pdf").write_bytes(EICAR)
    undos = []
    for name in ("report.pdf", "copy.pdf"):
        done = await server.does("quarantine_file", path=str(share / name), sha256=DIGEST, reason="infected")
        undos.append(part(done, "action", "undo", "arguments"))
    both = states(tmp_path / "home")
    assert isinstance(undos[1], dict)
    await server.does("restore_file", **undos[1], reason="false alarm")

    assert both == ["done", "done"]
    assert states(tmp_path / "home") == ["done", "done", "ended"]


def states(home: Path) -> list[str]:
    """Of all changes on record."""
    with closing(sqlite3.connect(home / "actions.db")) as db:
        return sorted(state for (state,) in db.execute("SELECT state FROM actions"))


async def test_own_files_are_never_moved(tmp_path: Path, whole_lab: Path) -> None:
    """A grant does not open the program's own records."""
    (tmp_path / "audit.db").write_bytes(EICAR)
    server = analyst(build, AntivirusSettings(roots=str(tmp_path)), tmp_path, whole_lab)

    named = {"path": str(tmp_path / "audit.db"), "sha256": DIGEST, "reason": "infected"}
    done = await server.does("quarantine_file", **named)

    assert part(done, "error", "code") == "protected_target"
    assert (tmp_path / "audit.db").exists()


async def test_own_files_are_never_moved_by_another_way_to_them(tmp_path: Path, whole_lab: Path) -> None:
    """A home that is reached through a link has two names."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "audit.db").write_bytes(EICAR)
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    server = analyst(build, AntivirusSettings(roots=str(tmp_path)), tmp_path / "home", whole_lab)

    named = {"path": str(tmp_path / "disk" / "audit.db"), "sha256": DIGEST, "reason": "infected"}
    done = await server.does("quarantine_file", **named)

    assert part(done, "error", "code") == "protected_target"
    assert (tmp_path / "disk" / "audit.db").exists()


def test_nothing_comes_back_that_cannot_be_written_down(vault: Vault, share: Path, tmp_path: Path) -> None:
    """A file that stands there again while the quarantine says that it is held is opened by somebody."""
    held = vault.take(str(share / "report.pdf"), DIGEST, "infected", NOW)
    (tmp_path / "held" / "restored").write_text("in the way")

    with pytest.raises(ToolError):
        vault.restore(held.quarantine_id)

    assert not (share / "report.pdf").exists()
    assert vault.listed() == (held,)


def test_held_file_cannot_be_read_and_has_a_manifest(vault: Vault, share: Path, tmp_path: Path) -> None:
    """Nobody opens it by accident."""
    manifest = vault.take(str(share / "report.pdf"), DIGEST, "infected", NOW)
    stored = tmp_path / "held" / f"{manifest.quarantine_id}.bin"

    assert stored.stat().st_mode & 0o777 == 0
    assert (tmp_path / "held").stat().st_mode & 0o077 == 0
    assert vault.listed() == (manifest,)
    assert vault.content(manifest.quarantine_id) == EICAR


def test_exchanged_file_is_refused(vault: Vault, share: Path, tmp_path: Path) -> None:
    """What was approved is a content, not a name."""
    (share / "report.pdf").write_bytes(b"the payroll")

    with pytest.raises(ToolError) as refusal:
        vault.take(str(share / "report.pdf"), DIGEST, "infected", NOW)

    assert refusal.value.code == "hash_mismatch"
    assert (share / "report.pdf").read_bytes() == b"the payroll"
    assert not list((tmp_path / "held").glob("q-*"))


def test_file_exchanged_after_it_was_read_is_never_lost(vault: Vault, share: Path, tmp_path: Path) -> None:
    """Somebody puts another file under the name between copy and removal: that one stays."""
    path, other, held = share / "report.pdf", share / "payroll", tmp_path / "held"
    refused = set()

    def exchange() -> None:
        until(lambda: any(held.glob("*.bin")))
        other.replace(path)

    for _ in range(200):
        path.write_bytes(EICAR)
        other.write_bytes(b"the payroll")
        attacker = threading.Thread(target=exchange)
        attacker.start()
        try:
            vault.take(str(path), DIGEST, "infected", NOW)
        except ToolError as refusal:
            refused.add(refusal.code)
        attacker.join()
        assert path.read_bytes() == b"the payroll"
        shutil.rmtree(held)
        if refused:
            break

    assert refused == {"changed"}


def test_restoring_never_writes_over_another_file(vault: Vault, share: Path) -> None:
    """The place may have been taken meanwhile."""
    path = share / "report.pdf"
    held = vault.take(str(path), DIGEST, "infected", NOW)
    path.write_bytes(b"a new report")

    with pytest.raises(ToolError) as refusal:
        vault.restore(held.quarantine_id)

    assert refusal.value.code == "exists"
    assert path.read_bytes() == b"a new report"
    assert sorted(entry.name for entry in share.iterdir()) == ["report.pdf"]
    assert vault.listed() == (held,)


def test_restoring_follows_no_link_out_of_the_folder(vault: Vault, share: Path, tmp_path: Path) -> None:
    """The folder that the file was in may have become a link."""
    (share / "in").mkdir()
    (share / "in" / "a").write_bytes(EICAR)
    held = vault.take(str(share / "in" / "a"), DIGEST, "infected", NOW)
    (share / "in").rmdir()
    (share / "in").symlink_to(tmp_path)

    with pytest.raises(ToolError) as refusal:
        vault.restore(held.quarantine_id)

    assert refusal.value.code == "symbolic_link"
    assert not (tmp_path / "a").exists()


def test_held_bytes_that_changed_are_not_restored(vault: Vault, share: Path, tmp_path: Path) -> None:
    """Whoever can write into the quarantine must not choose what comes back."""
    held = vault.take(str(share / "report.pdf"), DIGEST, "infected", NOW)
    stored = tmp_path / "held" / f"{held.quarantine_id}.bin"
    stored.chmod(0o600)
    stored.write_bytes(b"something else")

    with pytest.raises(ToolError) as refusal:
        vault.restore(held.quarantine_id)

    assert refusal.value.code == "hash_mismatch"
    assert not (share / "report.pdf").exists()


def test_file_that_a_crash_left_in_its_folder_is_not_called_taken(vault: Vault, share: Path) -> None:
    """Killed between the renaming and the end of the name, it can still be opened there."""
    if (child := os.fork()) == 0:
        sys.addaudithook(lambda event, given: os._exit(9) if event == "os.remove" and given[1] != -1 else None)
        vault.take(str(share / "report.pdf"), DIGEST, "a drill", NOW)
        os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert (ended, [path.read_bytes() for path in share.iterdir()]) == (9, [EICAR])
    assert not (share / "report.pdf").exists()
    assert not vault.taken(str(share / "report.pdf"), DIGEST)


def test_taking_goes_on_where_a_crash_left_off(vault: Vault, share: Path) -> None:
    """Held, but the file still stands: the second call ends what the first began."""
    path = share / "report.pdf"
    vault.take(str(path), DIGEST, "infected", NOW)
    path.write_bytes(EICAR)
    between = vault.taken(str(path), DIGEST)
    vault.take(str(path), DIGEST, "infected", NOW)

    assert between is False
    assert vault.taken(str(path), DIGEST)
    assert [each.quarantine_id for each in vault.listed()] == [id_of(str(path), DIGEST)]
