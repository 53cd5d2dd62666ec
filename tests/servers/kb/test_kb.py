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


async def test_technique_is_found_by_id_and_by_name(kb: SecurityServer) -> None:
    """People remember the one or the other, and rarely in the right case."""
    answers = [
        await kb.call("kb_get_technique", {"technique_id": asked})
        for asked in ("t1110.003", "password spraying", "Brute Force: Password Spraying")
    ]

    assert {json.dumps(answer["data"]) for answer in answers} == {json.dumps(answers[0]["data"])}
    technique = json.loads(json.dumps(answers[0]["data"]))["technique"]
    assert technique["name"] == "Brute Force: Password Spraying"
    assert (technique["tactics"], technique["parent"]) == (["credential-access"], "T1110")
    assert technique["sections"] == ["password_attack#what-it-is"]


async def test_revoked_technique_names_its_successor(kb: SecurityServer) -> None:
    """Old alerts carry old ids."""
    technique = json.loads(json.dumps((await kb.call("kb_get_technique", {"technique_id": "T1002"}))["data"]))

    assert technique["technique"]["revoked_by"] == "T1560"
    assert technique["technique"]["name"] == "Archive Collected Data"


@pytest.mark.parametrize(
    ("asked", "meant"), [("pasword sprayin", "T1110.003"), ("cloud accounts", "T1585.003"), ("T1110.099", "T1110")]
)
async def test_technique_that_is_none_is_no_data_with_what_was_meant(
    kb: SecurityServer, asked: str, meant: str
) -> None:
    """A name that three techniques have is not answered with one of them."""
    answer = await kb.call("kb_get_technique", {"technique_id": asked})

    assert answer["status"] == "no_data"
    assert meant in str(answer["error"])
