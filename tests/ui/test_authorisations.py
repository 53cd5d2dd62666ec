"""The register of authorised work, written by several at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ui.authorisations import add_entry, load, revoke_entry

FROM = datetime(2026, 3, 9, 8, tzinfo=UTC)


def enter(path: Path, number: int) -> str:
    entry = add_entry(
        path,
        kind="change",
        title=f"rollout {number}",
        approver="a.lindqvist",
        window_start=FROM,
        window_end=FROM + timedelta(hours=2),
        hosts=(f"app-{number:02}",),
        accounts=(),
        source_addresses=(),
        techniques=(),
        note="",
    )
    return entry.id


def test_work_entered_at_the_same_moment_is_all_there(tmp_path: Path) -> None:
    """A lost entry is a closed door for somebody's approved work; a number given twice is one approval for two."""
    path = tmp_path / "register.json"
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: enter(path, number), range(24)))
        list(pool.map(lambda entry: revoke_entry(path, entry), ids[:6]))

    entries = load(path)
    assert sorted(entry.id for entry in entries) == sorted(ids)
    assert len(set(ids)) == 24
    assert {entry.id for entry in entries if entry.revoked} == set(ids[:6])
