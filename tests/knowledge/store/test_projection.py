"""Chroma beside the ledger: as good as comparing all, never believed when damaged. In a folder and on a server."""

import logging
import shutil
import socket
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import StoreError
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from knowledge.store.chroma import Chroma
from tests.knowledge.store.conftest import Opened, corpus, document, embed, finds_itself, vector_of


def filled(store: KnowledgeStore, count: int = 300) -> KnowledgeStore:
    """With documents that Chroma knows."""
    store.put(corpus(count))
    embed(store)
    store.settle()
    store.catch_up()
    return store


def agrees(store: KnowledgeStore, home: Path) -> bool:
    """With what comparing all vectors of the ledger gives."""
    nowhere = Settings(home=home, knowledge_database=f"sqlite:///{home / 'knowledge.db'}", chroma_url="")
    (home / "elsewhere").mkdir(exist_ok=True)
    exact = KnowledgeStore(home / "elsewhere", nowhere)
    vectors = [vector_of(section) for section in exact.sections()[:40]]
    pairs = [(store.nearest("e", vector, 5), exact.nearest("e", vector, 5)) for vector in vectors]
    exact.close()
    return all(
        [key for key, _ in near] == [key for key, _ in truth]
        and np.allclose([cosine for _, cosine in near], [cosine for _, cosine in truth], atol=1e-4)
        for near, truth in pairs
    )


def noted(home: Path) -> tuple[str, str, int]:
    """Collection, state and operations in the log, as the ledger has them."""
    with sqlite3.connect(home / "knowledge.db") as db:
        row = db.execute("SELECT collection, state, pending FROM projections").fetchone()
    db.close()
    return str(row[0]), str(row[1]), int(row[2])


def leave_unclean(home: Path) -> None:
    """As a process does that is killed while it writes."""
    with sqlite3.connect(home / "knowledge.db") as db:
        db.execute("UPDATE projections SET state = 'writing'")
    db.close()


def test_answers_agree_with_comparing_all_whatever_chroma_has_heard_of(projected: Opened, tmp_path: Path) -> None:
    """Readers see what was committed, however far the projection is behind."""
    store = filled(projected(tmp_path))
    assert store.stats().watermark == store.revision
    assert agrees(store, tmp_path)

    store.put([document("d1", "other words"), *corpus(20, first=300)])
    store.remove([f"d{number}" for number in range(2, 12)])
    embed(store)
    assert agrees(store, tmp_path)

    store.settle()
    store.catch_up()
    assert store.stats().watermark == store.revision
    assert agrees(store, tmp_path)


def test_what_was_removed_does_not_crowd_out_what_is_there(projected: Opened, tmp_path: Path) -> None:
    """Chroma still holds it: asked for ten, it may give ten that are gone."""
    store = filled(projected(tmp_path))
    asked = vector_of(store.sections()[0])
    best = [key.partition("#")[0] for key, _ in store.nearest("e", asked, 100)]
    store.remove(best)

    found = store.nearest("e", asked, 10)

    assert len(found) == 10
    assert not {key.partition("#")[0] for key, _ in found} & set(best)


def test_text_that_comes_back_is_found_again(projected: Opened, tmp_path: Path) -> None:
    """Its vector has the id that was deleted."""
    store = filled(projected(tmp_path))
    for text in ("other", "text 7", "other", "text 7"):
        store.put([document("d7", text)])
        embed(store)
        store.settle()
        store.catch_up()
        assert finds_itself(store, "d7#s0")


def test_clean_projection_is_opened_as_it_is(projected: Opened, tmp_path: Path) -> None:
    """Making it anew takes a minute for 100,000 vectors."""
    filled(projected(tmp_path)).close()
    before = noted(tmp_path)[0]
    store = projected(tmp_path)

    assert finds_itself(store, "d7#s0")
    assert (store.projection_state, store.rebuilt_because, noted(tmp_path)[0]) == ("ready", None, before)


def test_unclean_projection_without_damage_is_believed_after_a_look(projected: Opened, tmp_path: Path) -> None:
    """A kill does no harm to Chroma's log."""
    filled(projected(tmp_path)).close()
    leave_unclean(tmp_path)
    store = projected(tmp_path)

    assert finds_itself(store, "d7#s0")
    assert (store.rebuilt_because, noted(tmp_path)[1]) == (None, "clean")


@pytest.mark.parametrize(
    "damage", ["lost", *(pytest.param(how, marks=pytest.mark.thorough) for how in ("partly gone", "overwritten"))]
)
def test_damaged_projection_is_made_anew_and_says_so(
    projected: Opened, chroma_url: str, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A collection that has lost vectors answers as if nothing were missing."""
    filled(projected(tmp_path)).close()
    leave_unclean(tmp_path)
    collection = noted(tmp_path)[0]
    chroma = Chroma(tmp_path / "chroma", chroma_url)
    assert chroma.has(collection)
    ids = [key for key, _ in chroma.nearest(np.ones((1, 24), dtype=np.float32), 300)[0]][:60]
    if damage == "lost":
        chroma.make("sections-of-nobody", collection)
    else:
        chroma.delete(ids)
    if damage == "overwritten":
        chroma.add(ids, np.tile(np.eye(24, dtype=np.float32)[0], (60, 1)))
    chroma.close()
    store = projected(tmp_path)

    with caplog.at_level(logging.WARNING):
        assert all(finds_itself(store, f"d{number}#s0") for number in range(0, 300, 7))
    store.catch_up()

    said = {"lost": "not there", "partly gone": "240 of 300", "overwritten": "no longer found themselves"}[damage]
    assert said in str(store.rebuilt_because)
    assert said in caplog.text
    assert store.projection_state == "rebuilt"
    assert store.stats().watermark == store.revision
    assert agrees(store, tmp_path)


def test_folder_that_chroma_cannot_read_is_made_anew(tmp_path: Path) -> None:
    """A power cut may leave anything."""
    store = filled(KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url="")))
    store.close()
    for file in (tmp_path / "chroma").rglob("*"):
        if file.is_file():
            file.write_bytes(b"no database")
    store = KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url=""))

    assert finds_itself(store, "d7#s0")
    store.catch_up()
    assert "cannot be read" in str(store.rebuilt_because)
    assert agrees(store, tmp_path)
    store.close()


def test_reindexing_tells_how_far_it_is_and_forgets_why_it_was_made_anew(projected: Opened, tmp_path: Path) -> None:
    """A person who has looked at it has it made, and sees that it goes on."""
    store = filled(projected(tmp_path))
    before = noted(tmp_path)[0]
    told: list[tuple[int, int]] = []
    store.reindex(lambda done, whole: told.append((done, whole)))

    assert told[-1] == (300, 300)
    assert noted(tmp_path)[0] != before
    assert agrees(store, tmp_path)


def test_another_process_cannot_reindex(projected: Opened, tmp_path: Path) -> None:
    """Two writers on one Chroma folder destroy it."""
    store = filled(projected(tmp_path))
    assert store.owner
    with pytest.raises(StoreError, match="owns the search index"):
        projected(tmp_path).reindex(lambda done, whole: None)


def test_many_new_vectors_reach_a_folder_by_themselves_and_its_index_file(tmp_path: Path) -> None:
    """Nobody has to ask for it; a start need not replay them."""
    store = KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url=""))
    store.put(corpus(1_500))
    embed(store)
    assert finds_itself(store, "d3#s0")
    store.settle()
    assert store.stats().watermark == store.revision
    collection, state, pending = noted(tmp_path)
    assert (state, pending) == ("clean", 0)
    store.close()

    again = KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url=""))
    assert all(finds_itself(again, f"d{number}#s0") for number in range(0, 1_500, 50))
    assert noted(tmp_path)[0] == collection
    again.close()


def test_server_that_is_away_leaves_the_exact_search(tmp_path: Path) -> None:
    """An answer must not depend on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        store = KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url=url))
        store.put(corpus(10))
        embed(store)
        store.settle()

        assert all(finds_itself(store, f"d{number}#s0") for number in range(10))
        assert store.projection_state == "exact"
        store.close()


def test_deleted_folder_costs_nothing_but_time(tmp_path: Path) -> None:
    """A person may delete what can be made again."""
    store = filled(KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url="")))
    store.close()
    shutil.rmtree(tmp_path / "chroma")
    store = KnowledgeStore(tmp_path, Settings(home=tmp_path, chroma_url=""))

    assert finds_itself(store, "d7#s0")
    store.catch_up()
    assert agrees(store, tmp_path)
    store.close()
