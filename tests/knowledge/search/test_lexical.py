"""The lexical channel: right scores, kept on disk, exact for what is newer, whole after a kill."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.lexical import LexicalIndex, Word, files
from knowledge.models import EVERYTHING, Document, Filter
from knowledge.store import KnowledgeStore
from knowledge.tokens import tokens
from tests.knowledge.search.conftest import Writing

ROOT = Path(__file__).resolve().parents[3]
WRITE_FOR_EVER = """
import sys
from pathlib import Path

from knowledge.lexical import LexicalIndex
from knowledge.store import KnowledgeStore

index = LexicalIndex(KnowledgeStore(Path(sys.argv[1])))
while True:
    index.rebuild()
"""

TEXTS = [
    "password spraying against many accounts",
    "web shell on the server, the server started a shell",
    "dns tunnelling carries data in queries",
    "the server answers dns queries for all accounts of the house and more words",
]
MANY = 60


@pytest.fixture
def store(tmp_path: Path, write: Writing) -> KnowledgeStore:
    """A store with a few documents."""
    made = KnowledgeStore(tmp_path)
    made.put([write(f"d{at}", text) for at, text in enumerate(TEXTS)])
    return made


def many(write: Writing, word: str = "word") -> list[Document]:
    return [write(f"m{at}", f"{word} number n{at} of the row") for at in range(MANY)]


def found(index: LexicalIndex, *words: str, wanted: Filter = EVERYTHING) -> list[str]:
    return [key for key, _ in index.ranked([Word(word) for word in words], wanted, 10)]


def test_scores_are_those_of_the_reference(store: KnowledgeStore) -> None:
    """A BM25 of our own that ranks otherwise than everybody's is no BM25."""
    sections = sorted(store.sections(), key=lambda section: section.id)
    corpus = [tokens(f"{section.title}\n{section.heading}\n{section.text}") for section in sections]
    reference = importlib.import_module("bm25s").BM25()
    reference.index(corpus, show_progress=False)
    for query in ("server dns", "account", "shell server password"):
        expected = reference.get_scores(tokens(query))
        got = dict(LexicalIndex(store).ranked([Word(token) for token in tokens(query)], EVERYTHING, 10))
        assert got == pytest.approx(
            {section.id: float(score) for section, score in zip(sections, expected, strict=True) if score > 0}, rel=1e-4
        )


def test_second_start_reads_what_the_first_has_made(store: KnowledgeStore) -> None:
    """A command must not pay for an index that is there."""
    expected = LexicalIndex(store).ranked([Word("server")], EVERYTHING, 10)
    before = sorted((store.home / "lexical").rglob("*"))

    assert LexicalIndex(store).ranked([Word("server")], EVERYTHING, 10) == expected
    assert sorted((store.home / "lexical").rglob("*")) == before


def test_what_was_added_changed_or_removed_since_is_found_as_it_is_now(store: KnowledgeStore, write: Writing) -> None:
    """The table is older than the store nearly always."""
    store.put(many(write))
    index = LexicalIndex(store)
    index.follow(store.revision)
    table = index.status().revision
    store.put([write("d1", "a zebra instead"), write("new", "server of the zebra")])
    store.remove(["d3"])
    index.follow(store.revision)

    assert index.status().revision == table
    assert index.status().newer == 2
    assert set(found(index, "zebra")) == {"d1#part-0", "new#part-0"}
    assert found(index, "server") == ["new#part-0"]
    assert index.held(["zebra", "server"], ["d1#part-0", "d2#part-0"]) == {
        "d1#part-0": frozenset({"zebra"}),
        "d2#part-0": frozenset(),
    }


def test_long_tail_becomes_a_new_table_that_others_take(store: KnowledgeStore, write: Writing) -> None:
    """A tail that only grows makes every search slower."""
    index, other = LexicalIndex(store), LexicalIndex(store)
    for one in (index, other):
        one.follow(store.revision)
    store.put(many(write))
    index.follow(store.revision)
    assert index.status().newer == 0
    store.put([write("last", "zebra")])
    other.follow(store.revision)

    assert other.status().revision == index.status().revision
    assert found(other, "zebra") == ["last#part-0"]


def test_filter_holds_in_table_and_tail(store: KnowledgeStore, write: Writing) -> None:
    """Outside text must not push the operator's own out of the list before it is filtered."""
    store.put([*many(write), write("outside", "server server server", provenance="T2")])
    index = LexicalIndex(store)
    index.follow(store.revision)
    store.put([write("newer", "server server", provenance="T2", language="zh")])
    index.follow(store.revision)

    own = Filter(provenance=("T0",))
    assert not {"outside#part-0", "newer#part-0"} & set(found(index, "server", wanted=own))
    assert found(index, "server", wanted=Filter(languages=("zh",))) == ["newer#part-0"]
    assert index.allowed(["outside#part-0", "newer#part-0", "d1#part-0"], own) == {"d1#part-0"}


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_table_is_made_anew(store: KnowledgeStore, damage: str) -> None:
    """A disk that loses bytes must not lose answers."""
    expected = LexicalIndex(store).ranked([Word("server")], EVERYTHING, 10)
    (file,) = (store.home / "lexical").rglob("scores.npy")
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-8] if damage == "cut" else content[:128] + bytes(len(content) - 128))

    assert LexicalIndex(store).ranked([Word("server")], EVERYTHING, 10) == expected


def test_table_of_another_database_is_not_taken(store: KnowledgeStore, tmp_path: Path, write: Writing) -> None:
    """A base that was deleted and begun anew comes to the same numbers."""
    LexicalIndex(store).follow(store.revision)
    for file in tmp_path.glob("knowledge.db*"):
        file.unlink()
    again = KnowledgeStore(tmp_path)
    again.put([write("other", "zebra")])

    assert found(LexicalIndex(again), "zebra") == ["other#part-0"]
    assert found(LexicalIndex(again), "server") == []


def test_kill_while_writing_leaves_a_whole_table(store: KnowledgeStore, write: Writing) -> None:
    """Machines lose power while they write."""
    store.put(many(write))
    expected = found(LexicalIndex(store), "word")
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(store.home)], cwd=ROOT) as child:
            before = files.newest(store.home / "lexical")
            while files.newest(store.home / "lexical") == before:
                assert child.poll() is None
            child.kill()
        read = files.read(store.home / "lexical", store.identity)
        assert read is not None
        assert found(LexicalIndex(store), "word") == expected


@pytest.mark.parametrize(
    ("typed", "meant"), [("pasword", "password"), ("tunneling", "tunnell"), ("acounts", "accounts")]
)
def test_slip_of_the_keys_is_taken_for_the_word(store: KnowledgeStore, typed: str, meant: str) -> None:
    """People ask in a hurry."""
    index = LexicalIndex(store)
    word = tokens(typed)[0]
    assert index.frequency(word) or index.meant(word) in tokens(meant)
    assert index.meant("zzzzzz") is None
