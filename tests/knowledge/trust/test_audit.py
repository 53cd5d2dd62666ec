"""Whatever is done to the audit database behind our back, verification sees it."""

import multiprocessing
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from knowledge.trust.audit import AuditLog, Record
from knowledge.trust.errors import AuditError
from knowledge.trust.keys import SigningKey

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def filled(home: Path, entries: int = 5) -> Path:
    """An audit log with that many entries for each of two tenants."""
    log = AuditLog(home / "audit.db")
    for number in range(entries):
        for tenant in ("lab", "default"):
            log.append(tenant, "analyst", "case.opened", {"number": number}, NOW + timedelta(seconds=number))
    log.close()
    return home / "audit.db"


def problems(path: Path, tenant: str | None = None) -> str:
    """Everything verification has to say, as one text."""
    log = AuditLog(path)
    report = log.verify(tenant)
    log.close()
    assert report.ok == (not any(item.problems for item in report.tenants))
    return "; ".join(problem for item in report.tenants for problem in item.problems)


def tamper(path: Path, *statements: str) -> None:
    """Change the database as somebody with the file in hand would."""
    db = sqlite3.connect(path)
    db.executescript("DROP TRIGGER entries_stay; DROP TRIGGER entries_hold;")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_untouched_log_verifies(tmp_path: Path) -> None:
    """No false alarm, and the report says how far it looked."""
    log = AuditLog(filled(tmp_path))
    report = log.verify()

    assert report.ok
    assert [(item.tenant, item.entries, item.checkpoint) for item in report.tenants] == [
        ("default", 5, 5),
        ("lab", 5, 5),
    ]
    assert log.head("lab") == report.tenants[1].head
    assert [entry.data for entry in log.entries("lab", after=3)] == [{"number": 3}, {"number": 4}]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = replace(body, '\"number\":2', '\"number\":7') WHERE seq = 3",
        "UPDATE entries SET body = CAST(replace(body, 'analyst', 'analysd') AS BLOB) WHERE tenant = 'lab' AND seq = 3",
        "UPDATE entries SET hash = zeroblob(32) WHERE tenant = 'lab' AND seq = 5",
        "DELETE FROM entries WHERE tenant = 'lab' AND seq = 1",
        "DELETE FROM entries WHERE tenant = 'lab' AND seq = 3",
        "DELETE FROM entries WHERE tenant = 'lab' AND seq = 5",
        "DELETE FROM entries WHERE tenant = 'lab'",
        "DELETE FROM entries",
        "INSERT INTO entries SELECT tenant, 6, body, hash FROM entries WHERE tenant = 'lab' AND seq = 5",
        "UPDATE entries SET tenant = 'other' WHERE tenant = 'lab'",
    ],
)
def test_every_kind_of_change_is_seen(tmp_path: Path, statement: str) -> None:
    """Edit, delete, insert, move and truncate, at the start, in the middle and at the end."""
    path = filled(tmp_path)
    tamper(path, statement)

    assert problems(path)


def test_two_entries_that_changed_places_are_seen(tmp_path: Path) -> None:
    """Both entries are genuine; only their order is a lie."""
    path = filled(tmp_path)
    tamper(
        path,
        "UPDATE entries SET seq = 99 WHERE tenant = 'lab' AND seq = 2",
        "UPDATE entries SET seq = 2 WHERE tenant = 'lab' AND seq = 3",
        "UPDATE entries SET seq = 3 WHERE tenant = 'lab' AND seq = 99",
    )

    assert "entry 2 does not follow" in problems(path, "lab")
    assert not problems(path, "default")


def test_chain_written_anew_is_seen_by_its_checkpoint(tmp_path: Path) -> None:
    """Whoever recomputes every hash has a perfect chain, but not the one that was signed for."""
    path = filled(tmp_path)
    forged = AuditLog(tmp_path / "forged" / "audit.db")
    for number in range(9):
        forged.append("lab", "analyst", "case.opened", {"number": number * 10}, NOW)
    forged.close()
    tamper(
        path,
        f"ATTACH '{tmp_path / 'forged' / 'audit.db'}' AS forged",
        "DELETE FROM entries WHERE tenant = 'lab'",
        "INSERT INTO entries SELECT * FROM forged.entries",
    )

    assert "written anew" in problems(path, "lab")


def test_truncation_stays_visible_after_further_appends(tmp_path: Path) -> None:
    """Growing past the old size must not sign the loss away."""
    path = filled(tmp_path)
    tamper(path, "DELETE FROM entries WHERE tenant = 'lab' AND seq > 3")
    assert "entries 4 to 5 are missing" in problems(path, "lab")

    log = AuditLog(path)
    for number in range(5):
        log.append("lab", "analyst", "case.closed", {"number": number}, NOW)
    log.close()

    assert "written anew" in problems(path, "lab")


def remove(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def corrupt(path: Path) -> None:
    """Leave junk in its place."""
    path.write_text("{")


def forge(path: Path) -> None:
    """Vouch for fewer entries, without the key."""
    path.write_text(path.read_text().replace('"size":5', '"size":4'))


@pytest.mark.parametrize("change", [remove, corrupt, forge])
def test_checkpoint_that_was_tampered_with_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Without a good checkpoint nobody can tell that the tail is whole; later appends do not paper over it."""
    path = filled(tmp_path)
    for checkpoint in (tmp_path / "audit.checkpoints").glob("*.json"):
        change(checkpoint)
    assert "checkpoint" in problems(path, "lab")

    log = AuditLog(path)
    log.append("lab", "analyst", "case.closed", {}, NOW)
    log.close()

    assert "checkpoint" in problems(path, "lab")
    assert "checkpoint" in problems(path)


def test_checkpoint_of_another_key_is_seen(tmp_path: Path) -> None:
    """A forger's own signature does not count."""
    path = filled(tmp_path)
    other = AuditLog(path, SigningKey.generate())
    assert "not signed by" in "; ".join(other.verify("lab").tenants[0].problems)
    other.close()


def append_many(path: Path, actor: str, count: int) -> None:
    """What one of several processes does."""
    log = AuditLog(path)
    for number in range(count):
        log.append("lab", actor, "tick", {"number": number}, NOW)
    log.close()


def test_several_processes_share_one_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost, nothing forks, and the last checkpoint covers everything."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # a page under test leaves its script there
    path = tmp_path / "audit.db"
    AuditLog(path).close()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=append_many, args=(path, f"worker-{number}", 40)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    log = AuditLog(path)
    report = log.verify()
    assert report.ok
    assert (report.tenants[0].entries, report.tenants[0].checkpoint) == (120, 120)
    for number in range(3):
        mine = [entry.data["number"] for entry in log.entries("lab", limit=200) if entry.actor == f"worker-{number}"]
        assert mine == list(range(40))
    log.close()


def test_a_batch_is_one_piece(tmp_path: Path) -> None:
    """An entry that cannot be written leaves none of its batch behind."""
    log = AuditLog(tmp_path / "audit.db")
    with pytest.raises(ValueError, match="time with a zone"):
        log.append_all("lab", [Record("a", "first", {}, NOW), Record("a", "second", {}, NOW.replace(tzinfo=None))])
    assert log.append_all("lab", []) == ()
    assert log.entries("lab") == ()
    assert log.verify().ok
    log.close()


def test_secrets_never_reach_the_log(tmp_path: Path) -> None:
    """An append-only log is the worst place for a password: it cannot be taken out again."""
    path = tmp_path / "audit.db"
    log = AuditLog(path)
    log.append("lab", "analyst", "tool.called", {"arguments": {"password": "hunter2hunter2"}}, NOW)
    log.close()

    assert all(b"hunter2" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_accidents_are_stopped_by_the_database_itself(tmp_path: Path) -> None:
    """A stray UPDATE or DELETE in some script fails loudly instead of being found later."""
    db = sqlite3.connect(filled(tmp_path))
    for statement in ("DELETE FROM entries", "UPDATE entries SET seq = seq + 1"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


def test_file_that_is_no_database_is_an_error_of_ours(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "audit.db").write_text("this is not a database, and long enough to be looked at" * 20)
    with pytest.raises(AuditError, match=r"audit\.db"):
        AuditLog(tmp_path / "audit.db")


def test_entry_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    """Reading does not verify, but it does not pass junk on either."""
    path = filled(tmp_path)
    tamper(path, "UPDATE entries SET body = CAST('junk' AS BLOB) WHERE tenant = 'lab'")
    log = AuditLog(path)
    with pytest.raises(AuditError, match="not readable"):
        log.entries("lab")
    log.close()
