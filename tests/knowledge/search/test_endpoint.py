"""Vectors from an endpoint, which is a real server here, and what happens when it fails."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zlib import crc32

import pytest
from pydantic import SecretStr

from knowledge.endpoint import EmbeddingEndpoint, EmbeddingSettings, endpoint_of
from knowledge.errors import EmbeddingError
from knowledge.models import Filter
from knowledge.search import Search
from knowledge.store import KnowledgeStore
from tests.knowledge.search.conftest import Writing

SIZE = 64
SAME = {"feline": "cat", "猫": "cat", "kitten": "cat"}
"""What this model knows to mean the same."""
IGNORED = {"about", "part", "0", "tells", "of"}


class Server(ThreadingHTTPServer):
    """Answers `/v1/embeddings` with a bag of words. `failures` is the list of statuses to answer first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.failures: list[int] = []
        self.size = SIZE
        self.requests: list[list[str]] = []
        self.keys: set[str | None] = set()
        self.body: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def vector(self, text: str) -> list[float]:
        numbers = [0.001] * self.size
        for word in text.lower().split():
            if word in IGNORED:
                continue
            numbers[crc32(SAME.get(word, word).encode()) % self.size] += 1.0
        return numbers


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(asked["input"])
        self.server.keys.add(self.headers["Authorization"])
        rows = [{"index": at, "embedding": self.server.vector(text)} for at, text in enumerate(asked["input"])]
        body = self.server.body or json.dumps({"data": rows[::-1], "model": asked["model"]}).encode()
        self.send_response(self.server.failures.pop(0) if self.server.failures else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    """An endpoint on this machine."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def endpoint(server: Server) -> Iterator[EmbeddingEndpoint]:
    """A client of it."""
    made = EmbeddingEndpoint(settings(server), pause_s=0.001)
    yield made
    made.close()


def settings(server: Server) -> EmbeddingSettings:
    return EmbeddingSettings(
        model="words", base_url=server.url, batch=2, retries=2, timeout_s=5, api_key=SecretStr("secret")
    )


def animals(home: Path, write: Writing) -> KnowledgeStore:
    store = KnowledgeStore(home)
    weather = ("rain", "wind", "snow", "hail", "fog")
    others = [write(word, f"tells of {word}") for word in weather]
    store.put([*others, write("pets", "cat cat cat")])
    return store


def test_texts_are_sent_in_batches_and_come_back_in_order(server: Server, endpoint: EmbeddingEndpoint) -> None:
    """An answer in another order gives each section the meaning of its neighbour."""
    vectors = endpoint.embed(["cat", "rain", "wind", "snow", "cat"])

    assert [len(batch) for batch in server.requests] == [2, 2, 1]
    assert server.keys == {"Bearer secret"}
    assert vectors[0] @ vectors[4] == pytest.approx(1.0)
    assert vectors[0] @ vectors[1] < 0.5


def test_passing_failure_is_tried_again_and_a_refusal_is_not(server: Server, endpoint: EmbeddingEndpoint) -> None:
    """A busy endpoint is not a broken one; a wrong key stays wrong."""
    server.failures = [503, 429]
    endpoint.embed(["cat"])
    assert len(server.requests) == 3
    server.failures = [401]
    with pytest.raises(EmbeddingError, match="401"):
        endpoint.embed(["cat"])
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b'{"data": []}',
        b'{"data": [{"index": 0, "embedding": []}]}',
        b'{"data": [{"index": 5, "embedding": [1]}]}',
    ],
)
def test_answer_in_another_form_is_refused(server: Server, endpoint: EmbeddingEndpoint, body: bytes) -> None:
    """A vector that is missing must not be taken from another text."""
    server.body = body
    with pytest.raises(EmbeddingError):
        endpoint.embed(["cat"])


def test_section_without_a_common_word_is_found_by_meaning(
    server: Server, endpoint: EmbeddingEndpoint, tmp_path: Path, write: Writing
) -> None:
    """That is what one sets an endpoint for."""
    store = animals(tmp_path, write)
    search = Search(store, endpoint=endpoint)
    search.refresh()

    assert [hit.section.id for hit in search.search("feline")] == ["pets#part-0"]
    assert [hit.section.id for hit in search.search("猫")] == ["pets#part-0"]
    assert search.degraded == ""
    live = store.embedder()
    assert live is not None
    assert live.id.startswith("endpoint-")


def test_silent_endpoint_leaves_the_words_and_says_so(
    server: Server, endpoint: EmbeddingEndpoint, tmp_path: Path, write: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    """A search that fails because somebody else's server is down is worse than a plainer one."""
    search = Search(animals(tmp_path, write), endpoint=endpoint)
    search.refresh()
    server.failures = [500] * 9

    assert [hit.section.id for hit in search.search("cat")] == ["pets#part-0"]
    assert "500" in search.degraded
    assert "embedding_endpoint_failed" in caplog.text
    asked = len(server.requests)
    assert search.search("snow")
    assert len(server.requests) == asked


def test_vectors_of_another_length_are_not_compared(
    server: Server, endpoint: EmbeddingEndpoint, tmp_path: Path, write: Writing
) -> None:
    """A model that was changed behind its name gives numbers that mean nothing beside the old ones."""
    search = Search(animals(tmp_path, write), endpoint=endpoint)
    search.refresh()
    server.size = 32

    assert [hit.section.id for hit in search.search("cat")] == ["pets#part-0"]
    assert "32 numbers instead of 64" in search.degraded


def test_fitted_vectors_serve_until_those_of_the_endpoint_are_complete(
    server: Server, endpoint: EmbeddingEndpoint, tmp_path: Path, write: Writing
) -> None:
    """Embedding a large base takes an hour; nobody waits for it."""
    store = animals(tmp_path, write)
    Search(store).search("cat")
    fitted = store.embedder()
    server.failures = [401] * 9
    search = Search(store, endpoint=endpoint)
    assert search.search("cat")
    search.settle()
    assert store.embedder() == fitted

    server.failures = []
    Search(store, endpoint=endpoint).refresh()
    again = Search(store)
    assert again.search("cat", 5, Filter())
    assert again.embedder().id == (store.embedder() or fitted).id if fitted else False


def test_half_a_setting_is_refused_by_name() -> None:
    """A model without an address would silently be no model."""
    assert endpoint_of(EmbeddingSettings(model="", base_url="")) is None
    with pytest.raises(EmbeddingError, match="MCPSOC_EMBEDDING_BASE_URL"):
        endpoint_of(EmbeddingSettings(model="words", base_url=""))
