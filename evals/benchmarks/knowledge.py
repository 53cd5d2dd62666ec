"""How fast the knowledge base answers over 100,000 sections: `python -m evals.benchmarks.knowledge`.

Sections are sentences of the shipped documents drawn at random, each with a word of its own; questions are five words
that stand together in one of them. Each phase is a process of its own, so that memory and opening time are its own:
building, the owner of the projection, a second process that compares exactly, and Chroma alone with the same vectors.
Times are those of one client on a machine that may have other work.
"""

import argparse
import json
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.models import JsonObject
from evals.errors import EvalError
from knowledge.models import Document, Filter, Section
from knowledge.search import Search
from knowledge.settings import Settings
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore, Matrix
from knowledge.tokens import searchable

SECTIONS: Final = 100_000
QUERIES: Final = 300
LIMIT: Final = 20
PER_DOCUMENT: Final = 20
SENTENCES: Final = 3
ASKED_WORDS: Final = 5
KIB: Final = 1024
ALL: Final = Filter()
_BATCH: Final = 5_000
_SHORTEST: Final = 30
_TRUTH: Final = "truth.json"
_SENTENCE: Final = re.compile(r"(?<=[.:?])\s+")
if TYPE_CHECKING:
    from chromadb.api.client import Client

Phase = Callable[[Path, int], JsonObject]


def build(home: Path, count: int) -> JsonObject:
    """Documents in, vectors fitted and embedded, the word index written, the projection brought up to date."""
    store = _store(home)
    written = _timed(lambda: store.replace(_documents(count), "benchmark"))
    search = Search(store)
    embedded = _timed(search.refresh)
    projected = _timed(store.settle) + _timed(store.catch_up)
    stats = store.stats()
    if stats.watermark != stats.revision or stats.vectors < count:
        raise EvalError(f"only {stats.vectors} vectors up to revision {stats.watermark} of {stats.revision}")
    seconds = {"write_s": written, "embed_and_words_s": embedded, "project_s": projected}
    disk = round(stats.bytes / KIB / KIB, 1)
    return {**seconds, "index_s": round(sum(seconds.values()), 1), "disk_mib": disk, "rss_mib": _rss_mib()}


def exact(home: Path, count: int) -> JsonObject:
    """A second process on the same home."""
    first = _store(home)
    if not first.owner:
        raise EvalError("somebody else owns the projection")
    return _phase(beside, home, count)


def beside(home: Path, _: int) -> JsonObject:
    """What `exact` starts; keeps what it finds as the truth for the others."""
    store = _store(home)
    queries = _queries(store)
    measured, found = _answers(store, queries)
    (home / _TRUTH).write_text(json.dumps([[key for key, _ in row] for row in found]), encoding="utf-8")
    return {"state": store.projection_state, **measured}


def owner(home: Path, _: int) -> JsonObject:
    """The process that may ask Chroma; then whole searches."""
    store = _store(home)
    queries = _queries(store)
    measured, found = _answers(store, queries)
    return {"state": store.projection_state, "recall": _recall(home, found), **measured, "whole": _whole(store)}


def plain(home: Path, _: int) -> JsonObject:
    """Chroma alone, as it comes, with the same vectors."""
    store = _store(home)
    sections, queries = store.sections(), _queries(store)
    vectors = Search(store).embedder().embed([searchable(section) for section in sections])
    ids = [section.id for section in sections]
    before = _rss_mib()
    client = _client(home)
    collection = client.create_collection("plain", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None)
    started = time.perf_counter()
    for at in range(0, len(ids), _BATCH):
        collection.add(ids=ids[at : at + _BATCH], embeddings=vectors[at : at + _BATCH])
    added, grown = round(time.perf_counter() - started, 1), round(_rss_mib() - before, 1)
    client.close()

    started = time.perf_counter()
    collection = _client(home).get_collection("plain", embedding_function=None)
    found = [collection.query(query_embeddings=queries[:1], n_results=LIMIT)["ids"][0]]
    opened_s, waits = time.perf_counter() - started, []
    for query in queries[1:]:
        started = time.perf_counter()
        found.append(collection.query(query_embeddings=query.reshape(1, -1), n_results=LIMIT)["ids"][0])
        waits.append(time.perf_counter() - started)
    recall = _recall(home, [[(key, 0.0) for key in row] for row in found])
    return {"add_s": added, "grown_mib": grown, "open_s": round(opened_s, 2), "recall": recall, **_quantiles(waits)}


def _answers(store: KnowledgeStore, queries: Matrix) -> tuple[JsonObject, list[list[tuple[str, float]]]]:
    """The first answer counts as opening; the later ones are measured."""
    live = store.embedder()
    if live is None:
        raise EvalError("no embedder is live")
    started = time.perf_counter()
    found = [store.nearest(live.id, queries[0], LIMIT)]
    opened_s, waits = time.perf_counter() - started, []
    for query in queries[1:]:
        started = time.perf_counter()
        found.append(store.nearest(live.id, query, LIMIT))
        waits.append(time.perf_counter() - started)
    return {"open_s": round(opened_s, 2), **_quantiles(waits), "rss_mib": _rss_mib()}, found


def _whole(store: KnowledgeStore) -> JsonObject:
    """Searches as a person makes them: both channels, filters, re-ranking."""
    search, asked = Search(store), _questions(store)
    started = time.perf_counter()
    search.search(asked[0], LIMIT, ALL)
    opened_s, waits = time.perf_counter() - started, []
    for question in asked[1:]:
        started = time.perf_counter()
        search.search(question, LIMIT, ALL)
        waits.append(time.perf_counter() - started)
    return {"open_s": round(opened_s, 2), **_quantiles(waits), "rss_mib": _rss_mib()}


def _documents(count: int) -> Iterator[Document]:
    """Of PER_DOCUMENT sections each; the same every time."""
    chance = np.random.default_rng(5)
    texts = (section.text for document in shipped() if document.language == "en" for section in document.sections)
    sentences = [part for text in texts for part in _SENTENCE.split(text) if len(part) > _SHORTEST]
    for number in range(count // PER_DOCUMENT):
        key = f"bench/{number}"
        drawn = chance.integers(0, len(sentences), (PER_DOCUMENT, SENTENCES))
        parts = [" ".join(sentences[place] for place in row) for row in drawn]
        sections = tuple(
            Section(f"{key}#s{at}", key, f"Host {number}", f"Step {at}", f"{text} Ticket n{number}x{at}.")
            for at, text in enumerate(parts)
        )
        yield Document(key, f"Host {number}", "T2", sections, origin="benchmark")


def _questions(store: KnowledgeStore) -> list[str]:
    """Words that stand together in a section, and so in every other with that sentence."""
    chance = np.random.default_rng(7)
    sections = store.sections()
    asked = []
    for place in chance.choice(len(sections), QUERIES + 1, replace=False):
        words = sections[place].text.split()
        at = int(chance.integers(0, max(1, len(words) - ASKED_WORDS)))
        asked.append(" ".join(words[at : at + ASKED_WORDS]))
    return asked


def _queries(store: KnowledgeStore) -> Matrix:
    return Search(store).embedder().embed(_questions(store))


def _recall(home: Path, found: Sequence[Sequence[tuple[str, float]]]) -> float:
    """Part of what comparing all vectors finds."""
    truth: list[list[str]] = json.loads((home / _TRUTH).read_text(encoding="utf-8"))
    shared = sum(len({key for key, _ in row} & set(right)) for row, right in zip(found, truth, strict=True))
    return round(shared / sum(map(len, truth)), 4)


def _store(home: Path) -> KnowledgeStore:
    return KnowledgeStore(home, Settings(home=home, knowledge_database="", chroma_url=""))


def _client(home: Path) -> "Client":
    import chromadb
    from chromadb.api.client import Client
    from chromadb.config import Settings as ChromaSettings

    made = chromadb.PersistentClient(str(home / "plain"), settings=ChromaSettings(anonymized_telemetry=False))
    if not isinstance(made, Client):
        raise EvalError("Chroma made another client")
    return made


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 1)


def _quantiles(waits: Sequence[float]) -> JsonObject:
    """The nearest rank."""
    ordered = sorted(waits)
    places = {"p50_ms": 0.50, "p95_ms": 0.95, "max_ms": 1.0}
    return {name: round(1000 * ordered[math.ceil(part * len(ordered)) - 1], 2) for name, part in places.items()}


def _rss_mib() -> float:
    """Resident memory, as Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / KIB, 1)


def _phase(work: Phase, home: Path, count: int) -> JsonObject:
    """In a process of its own that has nothing in memory yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(work, home, count).result()


def main() -> int:
    parser = argparse.ArgumentParser(description="Searching 100,000 sections, beside Chroma alone.")
    parser.add_argument("--sections", type=int, default=SECTIONS)
    count = parser.parse_args().sections
    with tempfile.TemporaryDirectory(prefix="mcpsoc-bench-") as folder:
        runs = {phase.__name__: _phase(phase, Path(folder), count) for phase in (build, exact, owner, plain)}
    about = {"benchmark": "knowledge", "cores": os.cpu_count(), "sections": count, "queries": QUERIES}
    json.dump({**about, **runs}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
