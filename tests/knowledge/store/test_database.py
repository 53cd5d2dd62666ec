"""Files and servers that cannot be the ledger, and the file of version 1."""

import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.errors import StoreError
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from tests.knowledge.store.conftest import document

STARTS = """
import pathlib, sys
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
home = pathlib.Path(sys.argv[1])
print(KnowledgeStore(home, Settings(home=home, chroma_url="")).identity)
"""


def test_base_of_version_1_is_made_anew_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It held nothing that does not come with the product; a person should know why it is empty for a moment."""
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        db.executescript(
            "CREATE TABLE documents (id TEXT PRIMARY KEY); CREATE TABLE sections (id TEXT, document TEXT REFERENCES"
            " documents (id)); CREATE TABLE vectors (section TEXT); CREATE TABLE embedders (id TEXT);"
            "INSERT INTO documents VALUES ('malware'); PRAGMA user_version = 1;"
        )
    db.close()

    with caplog.at_level(logging.WARNING):
        store = KnowledgeStore(tmp_path, Settings(home=tmp_path))
    assert "version 1" in caplog.text
    assert store.documents() == ()
    store.put([document("a", "one")])
    store.close()
    assert len(KnowledgeStore(tmp_path, Settings(home=tmp_path)).documents()) == 1


def test_base_of_another_version_is_refused(tmp_path: Path) -> None:
    """Reading a newer file as an old one would lose what it holds."""
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreError, match="version 99"):
        KnowledgeStore(tmp_path, Settings(home=tmp_path))


@pytest.mark.parametrize("text", [b"no database at all, whatever its name says", b"SQLite format 3\x00 and no more"])
def test_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, text: bytes) -> None:
    """It may be somebody's; nothing of it may be overwritten."""
    (tmp_path / "knowledge.db").write_bytes(text * 100)

    with pytest.raises(StoreError, match=r"knowledge\.db"):
        KnowledgeStore(tmp_path, Settings(home=tmp_path))
    assert (tmp_path / "knowledge.db").read_bytes() == text * 100


@pytest.mark.parametrize("url", ["postgresql+psycopg://me:hidden@127.0.0.1:9/kb", "nonsense", "oracle://x"])
def test_database_that_cannot_be_opened_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    """The message goes to logs and to the page."""
    with pytest.raises(StoreError) as told:
        KnowledgeStore(tmp_path, Settings(home=tmp_path, knowledge_database=url))
    assert "hidden" not in str(told.value)


def test_several_processes_may_make_a_home_at_once(tmp_path: Path) -> None:
    """The page, the worker and the terminal are started together."""
    started = [subprocess.Popen([sys.executable, "-c", STARTS, str(tmp_path)], stdout=-1, text=True) for _ in range(3)]
    told = [process.communicate(timeout=60)[0] for process in started]

    assert len(set(told)) == 1
    assert told[0].strip()
