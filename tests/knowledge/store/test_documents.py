"""Documents in the ledger: what a write changes, who may read what, what a person promotes. On both databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.errors import DocumentError, NotThereError
from knowledge.models import EVERYTHING, Changes, Filter, Readers
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore
from tests.knowledge.store.conftest import Opened, corpus, document

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_shipped_documents_come_back_as_they_were_given(store: KnowledgeStore) -> None:
    """Whatever the ledger drops of a document, nobody can read."""
    given = {made.id: made for made in shipped()}
    store.replace(given.values())

    assert {key: store.document(key) for key in given} == given


def test_document_comes_back_with_times_readers_and_source(store: KnowledgeStore) -> None:
    """Who may read it and how long it holds decide what is shown."""
    readers = Readers(("lab", "east"), ("lead",))
    given = document(
        "a", "x", source="/docs/a.md", valid_from=NOW, valid_until=NOW + timedelta(days=1), readers=readers
    )
    store.put([given])

    assert store.document("a") == given


def test_replacing_by_the_same_documents_writes_nothing(store: KnowledgeStore) -> None:
    """A start must neither re-embed a base that is up to date nor make every index look again."""
    assert len(store.replace(corpus(3), "folder").added) == 3
    revision = store.revision

    assert store.replace(corpus(3), "folder") == Changes()
    assert store.revision == revision


def test_replacing_an_origin_leaves_the_others_alone(store: KnowledgeStore) -> None:
    """A folder read again must not remove the runbooks."""
    store.put([document("own", "x", origin="shipped")])
    store.replace(corpus(3), "folder")

    assert store.replace([document("d1", "text 1 anew")], "folder") == Changes((), ("d1",), ("d0", "d2"))
    assert [line.id for line in store.documents()] == ["d1", "own"]


@pytest.mark.parametrize("write", ["put", "replace"])
def test_document_of_another_origin_is_not_overwritten(store: KnowledgeStore, write: str) -> None:
    """A file from outside that is named like a runbook must not take its place."""
    store.put([document("generic", "ours", origin="shipped")])

    with pytest.raises(DocumentError, match="'shipped' holds"):
        (store.put if write == "put" else lambda made: store.replace(made, "folder"))([document("generic", "theirs")])
    assert store.sections()[0].text == "ours"


def test_changes_are_told_by_section_and_revision(store: KnowledgeStore) -> None:
    """An index follows by this alone: what it is not told of, it finds for ever or never."""
    store.put([document("a", "one", "two", "three")])
    before = store.revision
    store.put([document("a", "one", "other")])

    assert store.revision == before + 1
    assert store.changed_since(before)[1] == {"a#s2"}
    assert "a#s1" in store.changed_since(before)[0]
    assert store.changed_since(store.revision) == (frozenset(), frozenset())

    store.put([document("a", "one", "other", "again")])
    assert store.changed_since(before)[1] == frozenset()
    assert store.remove(["a", "nobody"]).removed == ("a",)
    assert store.changed_since(before)[1] == {"a#s0", "a#s1", "a#s2"}
    assert store.changed_since(0)[0] == frozenset()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYTHING, {"plain", "runbook", "zh"}),
        (Filter(kinds=("runbook",)), {"runbook"}),
        (Filter(languages=("zh",)), {"zh"}),
        (Filter(provenance=("T0",)), {"runbook"}),
        (Filter(origins=("shipped",)), {"runbook"}),
        (Filter(tenant="lab"), {"plain", "runbook", "zh", "lab"}),
        (Filter(tenant="LAB"), {"plain", "runbook", "zh"}),
        (Filter(roles=("lead",)), {"plain", "runbook", "zh", "lead"}),
        (Filter(tenant="lab", roles=("lead",)), {"plain", "runbook", "zh", "lab", "lead", "both"}),
        (Filter(at=NOW - timedelta(days=1)), {"plain", "runbook", "zh", "old"}),
        (Filter(at=NOW), {"plain", "runbook", "zh"}),
    ],
)
def test_filter_gives_what_is_asked_for_and_may_be_read(
    store: KnowledgeStore, wanted: Filter, expected: set[str]
) -> None:
    """A document of another tenant or time must not come in by any way of asking."""
    lab, lead = Readers(("lab", "east")), Readers((), ("lead", "chief"))
    store.put(
        [
            document("plain", "x"),
            document("runbook", "x", kind="runbook", provenance="T0", origin="shipped"),
            document("zh", "x", language="zh"),
            document("lab", "x", readers=lab),
            document("lead", "x", readers=lead),
            document("both", "x", readers=Readers(("lab",), ("lead",))),
            document("old", "x", valid_until=NOW),
            document("future", "x", valid_from=datetime(2999, 1, 1, tzinfo=UTC)),
        ]
    )
    everything = ["plain#s0", "runbook#s0", "zh#s0", "lab#s0", "lead#s0", "both#s0", "old#s0", "future#s0", "no#s0"]

    assert {line.id for line in store.documents(wanted)} == expected
    assert {section.document for section in store.sections(wanted)} == expected
    assert {held.section.document for held in store.visible(everything, wanted).values()} == expected
    assert {key for key in everything if store.section(key, wanted)} == {f"{key}#s0" for key in expected}
    assert len(store.held(everything)) == 8


def test_promoted_document_stays_promoted_until_its_text_changes(store: KnowledgeStore) -> None:
    """A person answers for what was read, not for what somebody writes under the same name later."""
    store.replace([document("advice", "do this")], "folder")
    promoted = store.promote("advice", "ada", NOW)
    assert (promoted.provenance, promoted.promoted_by) == ("T0", "ada")

    assert store.replace([document("advice", "do this")], "folder") == Changes()
    store.replace([document("advice", "do this", source="moved.md")], "folder")
    assert [(line.provenance, line.promoted_by, line.source) for line in store.documents()] == [
        ("T0", "ada", "moved.md")
    ]

    store.replace([document("advice", "do that")], "folder")
    assert [(line.provenance, line.promoted_by) for line in store.documents()] == [("T2", None)]


def test_promotion_is_a_change_and_needs_a_document(store: KnowledgeStore) -> None:
    """Whoever has its sections in memory as outside ones has to hear of it."""
    store.put([document("advice", "do this")])
    before = store.revision
    store.promote("advice", "ada", NOW)

    assert store.changed_since(before)[0] == {"advice#s0"}
    assert store.promote("advice", "bob", NOW).promoted_by == "ada"
    with pytest.raises(NotThereError, match="'nobody'"):
        store.promote("nobody", "ada", NOW)


def test_two_stores_on_one_ledger_see_each_others_writes(opened: Opened, tmp_path: Path) -> None:
    """The page and the terminal are two."""
    first, second = opened(tmp_path), opened(tmp_path)
    first.put([document("a", "one")])

    assert second.identity == first.identity
    assert second.revision == first.revision
    assert second.section("a#s0") is not None
