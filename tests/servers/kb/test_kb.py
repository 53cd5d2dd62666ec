"""The kb server over the shipped runbooks."""

import json
import sqlite3
from pathlib import Path

import pytest

from servers.kb.server import build
from servers.kit import SecurityServer
from servers.settings import Settings


@pytest.fixture
def kb(tmp_path: Path) -> SecurityServer:
    """The kb over a fresh home."""
    return build(tmp_path, Settings(home=tmp_path))


async def test_hit_can_be_read_whole(kb: SecurityServer) -> None:
    """A search shows beginnings; procedures are followed to their end."""
    hits = json.loads(json.dumps((await kb.call("kb_search", {"query": "contain ransomware", "limit": 2}))["data"]))[
        "hits"
    ]
    whole = await kb.call("kb_get_section", {"section_id": hits[0]["id"]})

    assert hits[0]["id"] == "ransomware#contain"
    assert json.loads(json.dumps(whole["data"]))["text"].startswith(hits[0]["text"][:200])
    assert whole["untrusted"] == []


async def test_question_without_an_answer_is_no_data(kb: SecurityServer) -> None:
    """Nothing found is said, not filled up."""
    for envelope in (
        await kb.call("kb_search", {"query": "recipe for apple pie"}),
        await kb.call("kb_get_section", {"section_id": "cooking#pie"}),
    ):
        assert (envelope["status"], envelope["ok"]) == ("no_data", True)


async def test_base_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A broken file must not read as an empty base."""
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    server = build(tmp_path, Settings(home=tmp_path))

    search = await server.call("kb_search", {"query": "ransomware"})
    health = json.loads(json.dumps((await server.call("kb_health", {}))["data"]))

    assert search["status"] == "error"
    assert health["ready"] is False
