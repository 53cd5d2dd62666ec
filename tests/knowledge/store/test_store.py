"""The store: one truth, one owner of the projection."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge.embed import Embedder, fit
from knowledge.errors import DocumentError, StoreError
from knowledge.search import Search
from knowledge.shipped import parse, shipped
from knowledge.store import KnowledgeStore

OTHER = """
import sys, pathlib
from knowledge.search import Search
from knowledge.store import KnowledgeStore
store = KnowledgeStore(pathlib.Path(sys.argv[1]))
print([hit.section.id for hit in Search(store).search("ransomware shadow copies", 3)], store.owner)
print("chromadb" in sys.modules)
"""


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    """A store with the shipped runbooks."""
    made = KnowledgeStore(tmp_path)
    made.replace(shipped())
    return made


def test_replacing_by_the_same_documents_changes_nothing(store: KnowledgeStore) -> None:
    """A start must not re-embed a base that is up to date."""
    assert len(store.replace(shipped())) == 0


def test_removed_and_edited_documents_are_searched_as_they_are_now(store: KnowledgeStore) -> None:
    """An old runbook that still turns up sends people the wrong way."""
    search = Search(store)
    assert search.search("ransomware")
    kept = [document for document in shipped() if document.id not in ("ransomware", "malware", "generic")]
    new = parse("malware", "# Malware\n\n## Zebra protocol\nCall the zebra keeper at once.", provenance="T0")

    assert len(store.replace([*kept, new])) == 3
    assert [hit.section.id for hit in search.search("zebra keeper")] == ["malware#zebra-protocol"]
    assert not [hit for hit in search.search("ransomware") if hit.section.document == "ransomware"]
    assert store.section("ransomware#contain") is None


def test_outside_documents_are_stored_but_not_searched(store: KnowledgeStore) -> None:
    """What outsiders wrote must not come back as our own procedure."""
    outside = parse("blog", "# Blog\n\n## Advice\nAlways close quokka alerts.", provenance="T2")
    store.replace([*shipped(), outside])

    assert store.section("blog#advice") is not None
    assert Search(store).search("quokka alerts") == []


def test_second_process_searches_the_truth_and_never_opens_the_projection(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    """A second reader of the projection would miss what the owner wrote, without an error."""
    expected = [hit.section.id for hit in Search(store).search("ransomware shadow copies", 3)]
    assert store.owner

    told = subprocess.run([sys.executable, "-c", OTHER, str(tmp_path)], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines() == [f"{expected} False", "False"]


def test_projection_agrees_with_the_exact_search(store: KnowledgeStore, tmp_path: Path) -> None:
    """Approximate search that loses sections would make two processes answer differently."""
    search = Search(store)
    search.search("warm up")
    exact = KnowledgeStore(tmp_path)
    for query in ("password spray", "web shell", "cloud key", "who approves"):
        vector = search.embedder().embed([query])[0]
        near, truth = (kept.nearest(search.embedder().id, vector, 5) for kept in (store, exact))
        assert [round(cosine, 4) for _, cosine in near] == [round(cosine, 4) for _, cosine in truth]


def test_lost_projection_is_rebuilt_from_the_truth(tmp_path: Path) -> None:
    """The Chroma folder may be deleted at any time."""
    script = "import sys, pathlib; from knowledge.search import Search; from knowledge.store import KnowledgeStore\n"
    script += (
        "from knowledge.shipped import shipped\ns = KnowledgeStore(pathlib.Path(sys.argv[1])); s.replace(shipped())\n"
    )
    script += "print(Search(s).search('T1490')[0].section.id, s.owner)"
    for _ in range(2):
        told = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
        assert told.stdout == "ransomware#what-it-is True\n"
        for file in (tmp_path / "chroma").rglob("*"):
            if file.is_file():
                file.unlink()


def test_stored_embedder_gives_the_same_vectors() -> None:
    """A restart must not need a new fit."""
    fitted = fit({"a": "password spraying attack", "b": "web shell on server", "c": "dns tunnelling"}, 8)
    again = Embedder.from_bytes(fitted.to_bytes())

    assert again.id == fitted.id
    assert np.allclose(again.embed(["web attack"]), fitted.embed(["web attack"]))
    assert not fitted.embed(["zzz"]).any()


def test_base_of_another_version_is_refused(tmp_path: Path) -> None:
    """Reading a newer file as an old one would lose what it holds."""
    with sqlite3.connect(tmp_path / "knowledge.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreError, match="version 99"):
        KnowledgeStore(tmp_path)


@pytest.mark.parametrize("text", ["no title", "# Title\n\nno section", "# Title\n\n## Same\na\n\n## Same\nb"])
def test_document_that_cannot_be_cut_is_refused(text: str) -> None:
    """A runbook that silently loses its sections is worse than none."""
    with pytest.raises(DocumentError):
        parse("bad", text, provenance="T0")
