"""What a search finds, in which order, and what it leaves out."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from knowledge.models import EVERYTHING, Filter
from knowledge.search import Search
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore
from tests.knowledge.search.conftest import Writing

ADVICE = (
    "Isolate the printer of the third floor, then call the keeper of the zebra and write down every page it printed."
)
WRITER = """
import sys, pathlib
from knowledge.chunking import document_from_markdown
from knowledge.store import KnowledgeStore
store = KnowledgeStore(pathlib.Path(sys.argv[1]))
store.put([document_from_markdown("told", "# Told\\n\\n## Quokka\\nFeed the quokka at noon.", provenance="T0")])
"""


class Asked(BaseModel):
    """A question and where its answer is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: str
    find: tuple[str, ...]


class Development(BaseModel):
    """The questions that the ranking was set by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: tuple[Asked, ...]
    zh: tuple[Asked, ...]
    nothing: tuple[str, ...]


def questions() -> Development:
    return Development.model_validate(yaml.safe_load((Path(__file__).parent / "development.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A search over the shipped documents."""
    store = KnowledgeStore(Path(tmp_path_factory.mktemp("kb")))
    store.replace(shipped())
    return Search(store)


def ids(search: Search, query: str, wanted: Filter = EVERYTHING, limit: int = 5) -> list[str]:
    return [hit.section.id for hit in search.search(query, limit, wanted)]


def recalled(search: Search, asked: Sequence[Asked]) -> float:
    return sum(bool(set(ids(search, row.ask)) & set(row.find)) for row in asked) / len(asked)


def test_questions_in_both_languages_find_their_section(search: Search) -> None:
    """A change of the ranking that helps one question must not lose ten others."""
    assert recalled(search, questions().en) >= 0.9
    assert recalled(search, questions().zh) >= 0.9


def test_other_topics_find_nothing_in_either_language(search: Search) -> None:
    """An answer that is always full teaches people not to trust it."""
    assert [query for query in questions().nothing if search.search(query)] == []


def test_chinese_question_gets_chinese_sections_first(search: Search) -> None:
    """The twin in one's own language is what one wants to read."""
    assert [hit.language for hit in search.search("如何遏制横向移动", 3)] == ["zh", "zh", "zh"]
    assert [hit.language for hit in search.search("how do I contain lateral movement", 3)] == ["en", "en", "en"]


def test_chinese_question_finds_english_section_when_there_is_no_other(search: Search) -> None:
    """Most of what is written in this field is English."""
    found = search.search("如何遏制横向移动", 3, Filter(languages=("en",)))

    assert found
    assert {hit.language for hit in found} == {"en"}
    assert {hit.section.document for hit in found} & {"lateral_movement", "tactic/lateral-movement"}


def test_copies_are_one_hit_that_names_the_others(tmp_path: Path, write: Writing) -> None:
    """Five copies of one advisory are one answer, and the operator's own text is the one to show."""
    store = KnowledgeStore(tmp_path)
    store.put(
        [
            write("blog", ADVICE, provenance="T2"),
            write("own", ADVICE),
            write("mirror", f"{ADVICE} Again.", provenance="T2"),
        ]
    )

    (hit,) = Search(store).search("zebra keeper printer", 5, Filter())

    assert hit.section.id == "own#part-0"
    assert hit.provenance == "T0"
    assert set(hit.also) == {"blog#part-0", "mirror#part-0"}


def test_outside_documents_are_found_only_when_asked_for(tmp_path: Path, write: Writing) -> None:
    """What outsiders wrote must not come back as our own procedure."""
    store = KnowledgeStore(tmp_path)
    store.put([write("blog", "The quokka closes every alert.", provenance="T2")])
    search = Search(store)

    assert search.search("quokka closes alert") == []
    assert ids(search, "quokka closes alert", Filter(provenance=("T2",))) == ["blog#part-0"]
    store.promote("blog", "kim", datetime(2026, 1, 1, tzinfo=UTC))
    assert [hit.provenance for hit in search.search("quokka closes alert")] == ["T0"]


def test_documents_of_another_tenant_are_not_there(tmp_path: Path, write: Writing) -> None:
    """A search must not tell one customer of another, however well it fits."""
    store = KnowledgeStore(tmp_path)
    store.put(
        [
            write("theirs", "The quokka of the north.", readers=("north",)),
            write("all", "A quokka, in the north and elsewhere."),
        ]
    )
    search = Search(store)

    assert ids(search, "quokka north") == ["all#part-0"]
    assert ids(search, "quokka north", Filter(tenant="south")) == ["all#part-0"]
    assert set(ids(search, "quokka north", Filter(tenant="north"))) == {"theirs#part-0", "all#part-0"}


def test_hidden_sections_do_not_crowd_out_those_that_may_be_seen(tmp_path: Path, write: Writing) -> None:
    """With many documents of others above it the one that may be read is still to be found."""
    store = KnowledgeStore(tmp_path)
    hidden = [write(f"h{at}", f"quokka quokka food number {at}", readers=("north",)) for at in range(150)]
    store.put(
        [*hidden, write("mine", "There is a quokka that wants to be fed in the evening, as long as it is light.")]
    )

    assert ids(Search(store), "quokka food") == ["mine#part-0"]


def test_write_of_another_process_is_found_by_the_next_search(tmp_path: Path, write: Writing) -> None:
    """The page is open while somebody adds a document in a terminal."""
    store = KnowledgeStore(tmp_path)
    store.put([write("first", "Something about a wombat.")])
    search = Search(store)
    assert search.search("feed the quokka") == []

    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], check=True)
    assert ids(search, "feed the quokka") == ["told#quokka"]
    assert ids(search, "wombat") == ["first#part-0"]
    store.remove(["told"])
    assert ids(search, "feed the quokka") == []


def test_embedder_stays_until_the_base_has_grown_by_half(tmp_path: Path, write: Writing) -> None:
    """Fitting anew at every note would cost every note all vectors."""
    store = KnowledgeStore(tmp_path)
    store.put([write(f"a{at}", f"alpha beta gamma number {at}") for at in range(20)])
    search = Search(store)
    before = search.embedder().id
    store.put([write(f"b{at}", f"delta epsilon number {at}") for at in range(8)])
    assert search.embedder().id == before
    assert store.missing_vectors(before, 10) == []
    store.put([write(f"c{at}", f"zeta eta number {at}") for at in range(8)])
    assert search.embedder().id != before

    heard: list[tuple[int, int]] = []
    search.refresh(lambda done, whole: heard.append((done, whole)), refit=True)
    assert store.missing_vectors(search.embedder().id, 10) == []
