"""Vectors in the ledger: complete before they are live, never of another text. On both databases."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.store import KnowledgeStore
from knowledge.store.exact import ExactIndex
from tests.knowledge.store.conftest import Opened, corpus, document, embed, finds_itself, vector_of


def test_every_section_gets_a_vector_and_is_found_by_it(store: KnowledgeStore) -> None:
    """What has no vector is invisible to the dense channel."""
    store.put(corpus(20))
    assert [section.id for section in store.missing_vectors("e", 3)] == ["d0#s0", "d1#s0", "d10#s0"]
    embed(store)

    assert store.missing_vectors("e", 100) == []
    assert all(finds_itself(store, f"d{number}#s0") for number in range(20))


def test_changed_section_loses_its_vector_and_the_others_keep_theirs(store: KnowledgeStore) -> None:
    """An old vector would lead to a text that says something else; a new fit of all would take minutes."""
    store.put([document("a", "one", "two")])
    embed(store)
    store.put([document("a", "one", "two, changed")])

    assert [section.id for section in store.missing_vectors("e", 100)] == ["a#s1"]
    assert [key for key, _ in store.nearest("e", vector_of(store.sections()[0]), 5)] == ["a#s0"]
    embed(store)
    assert finds_itself(store, "a#s1")


def test_vector_of_a_text_that_changed_meanwhile_is_not_kept(opened: Opened, tmp_path: Path) -> None:
    """Between reading a section and having its vector, another process may write."""
    store, other = opened(tmp_path), opened(tmp_path)
    store.put([document("a", "one")])
    rows = [(section.id, vector_of(section)) for section in store.missing_vectors("e", 10)]
    other.put([document("a", "changed")])
    store.add_vectors("e", rows)

    assert [section.text for section in store.missing_vectors("e", 10)] == ["changed"]


def test_old_embedder_serves_until_the_switch(store: KnowledgeStore) -> None:
    """A search during a re-embedding must neither fail nor compare vectors of two spaces."""
    store.put(corpus(5))
    embed(store)
    half = store.missing_vectors("other", 2)
    store.add_vectors("other", [(section.id, vector_of(section)) for section in half])
    live = store.embedder()
    assert live is not None
    assert (live.id, live.fitted) == ("e", b"fitted")
    assert len(store.nearest("e", vector_of(half[0]), 10)) == 5

    embed(store, "other")
    live = store.embedder()
    assert live is not None
    assert live.id == "other"
    assert store.nearest("e", vector_of(half[0]), 10) == []
    assert len(store.nearest("other", vector_of(half[0]), 10)) == 5


def test_write_of_another_process_is_in_the_next_answer(opened: Opened, tmp_path: Path) -> None:
    """An answer from memory that misses what was committed sends people the wrong way."""
    reader, writer = opened(tmp_path), opened(tmp_path)
    writer.put(corpus(5))
    embed(writer)
    assert finds_itself(reader, "d1#s0")

    writer.put([document("d1", "other words"), document("new", "new words")])
    embed(writer)
    writer.remove(["d2"])

    assert finds_itself(reader, "d1#s0")
    assert finds_itself(reader, "new#s0")
    assert "d2#s0" not in [key for key, _ in reader.nearest("e", vector_of(reader.sections()[0]), 100)]


def test_stats_count_by_what_can_be_filtered_by(store: KnowledgeStore) -> None:
    """`mcpsoc kb stats` is where a person sees that an import arrived."""
    store.put([document("a", "one", "two"), document("b", "x", language="zh", kind="advisory")])
    embed(store)
    stats = store.stats()

    assert (stats.documents, stats.sections, stats.vectors, stats.embedder) == (2, 3, 3, "e")
    assert (stats.kinds, stats.languages, stats.provenance) == (
        {"advisory": 1, "document": 2},
        {"en": 2, "zh": 1},
        {"T2": 3},
    )
    assert stats.revision == store.revision


@pytest.mark.parametrize("count", [0, 1, 7, 5_000])
def test_exact_index_agrees_with_comparing_all(count: int) -> None:
    """It is what the approximate search is measured against, whatever came and went."""
    drawn = np.random.default_rng(3).standard_normal((3_000, 8)).astype(np.float32)
    rows = [(f"s{at}", f"s{at}@x", at, vector.tobytes()) for at, vector in enumerate(drawn)]
    index = ExactIndex("e", 0)
    index.update(rows[:2_000], [], 1)
    lost = {row[1] for row in rows[:1_900:2]} | {row[1] for row in rows[500:1_400]}
    index.update(rows[2_000:], sorted(lost), 2)
    alive = [(key, float(drawn[at] @ drawn[0])) for at, (key, name, _, _) in enumerate(rows) if name not in lost]

    found = index.nearest(drawn[0], count)

    assert len(index) == len(alive)
    assert [key for key, _ in found] == [key for key, _ in sorted(alive, key=lambda row: -row[1])[:count]]
