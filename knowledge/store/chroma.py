"""Chroma, as far as the projection needs it: a folder of this process, or a server. Nothing else imports chromadb.

In a folder the index file is written in `checkpoint` alone: a process killed while Chroma writes it leaves a collection
that misses a part of its vectors and says nothing (chroma-core/chroma#7678). Until then operations lie in Chroma's log,
which survives a kill and is replayed at the next start.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
import numpy as np

from knowledge.store.records import Matrix

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

BATCH: Final = 5_000
"""Chroma takes 5,461 at once."""
_EF_SEARCH: Final = 300
"""The default finds only nine of the ten nearest."""
_NEVER: Final = 1_000_000
"""Operations after which Chroma would write its index file by itself."""
_SOON: Final = 2
_MARKS: Final = ("checkpoint-1", "checkpoint-2", "checkpoint-3")
_TIMEOUT_S: Final = 30.0


class ChromaTrouble(Exception):
    """Chroma did not do what it was asked; the message is its own."""


class Chroma:
    """A Chroma folder or server. Not safe to use from several threads at once."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._name = ""
        self._client: Client | None = None
        self._sessions: list[httpx.Client] = []
        """The client's connections to a server, which it sets no limit of time for and does not close itself."""
        self._collection: Collection | None = None

    @property
    def local(self) -> bool:
        """A folder, which has to be checkpointed and which one process alone may open."""
        return not self._url

    def has(self, name: str) -> bool:
        """Whether this collection is there; opens it. Raises: ChromaTrouble."""
        from chromadb.errors import NotFoundError

        if self._name == name and self._collection is not None:
            return True
        if self.local and not (self._folder / name).is_dir():
            return False
        with _telling():
            self._open(name)
            try:
                self._collection = self._asked().get_collection(name, embedding_function=None)
            except NotFoundError:
                return False
        return True

    def make(self, name: str, instead_of: str) -> None:
        """A new, empty collection; the one it replaces is dropped. Raises: ChromaTrouble.

        In a folder each has a folder of its own, so that what is damaged is never opened again."""
        with _telling():
            self._open(name)
            hnsw: CreateHNSWConfiguration = {"space": "cosine", "ef_search": _EF_SEARCH}
            if self.local:
                hnsw["sync_threshold"] = _NEVER
            configuration: CreateCollectionConfiguration = {"hnsw": hnsw}
            client = self._asked()
            self._collection = client.create_collection(name, configuration=configuration, embedding_function=None)
            if self.local:
                self._clear_away(name)
            elif instead_of in {old.name for old in client.list_collections()}:
                client.delete_collection(instead_of)

    def add(self, ids: Sequence[str], vectors: Matrix) -> None:
        """Add vectors; an id that is there already stays as it is. Raises: ChromaTrouble."""
        with _telling():
            self._held().add(ids=list(ids), embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete vectors; an id that is not there changes nothing. Raises: ChromaTrouble."""
        with _telling():
            for at in range(0, len(ids), BATCH):
                self._held().delete(ids=list(ids[at : at + BATCH]))

    def count(self) -> int:
        """How many vectors there are by Chroma's own account. Raises: ChromaTrouble."""
        with _telling():
            return self._held().count()

    def nearest(self, vectors: Matrix, count: int) -> list[list[tuple[str, float]]]:
        """For each row the closest ids with their cosine, best first. Raises: ChromaTrouble."""
        with _telling():
            found = self._held().query(query_embeddings=vectors, n_results=count, include=["distances"])
        distances = found["distances"] or []
        return [
            [(key, 1 - float(distance)) for key, distance in zip(ids, row, strict=True)]
            for ids, row in zip(found["ids"], distances, strict=True)
        ]

    def checkpoint(self) -> None:
        """Have the index file written now, so that the next start need not replay the log. Raises: ChromaTrouble.

        Chroma reads the threshold when it opens a collection: hence the opening in between."""
        with _telling():
            mark = np.asarray(self._held().get(limit=1, include=["embeddings"])["embeddings"], dtype=np.float32)
            self._set_threshold(_SOON)
            self._reopen()
            self._held().add(ids=list(_MARKS), embeddings=np.repeat(mark, len(_MARKS), axis=0))
            self._held().delete(ids=list(_MARKS))
            self._set_threshold(_NEVER)
            self._reopen()

    def close(self) -> None:
        """Let go of the folder or the connection."""
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            client.close()
        while self._sessions:
            self._sessions.pop().close()

    def _set_threshold(self, operations: int) -> None:
        """What `Collection.modify` does, without its warning about a collection that has no embedding function."""
        held = self._held()
        self._asked()._server._modify(id=held.id, new_configuration={"hnsw": {"sync_threshold": operations}})

    def _reopen(self) -> None:
        self.close()
        self._open(self._name)
        self._collection = self._asked().get_collection(self._name, embedding_function=None)

    def _held(self) -> "Collection":
        if self._collection is None:
            raise ChromaTrouble("no collection is open")
        return self._collection

    def _asked(self) -> "Client":
        if self._client is None:
            raise ChromaTrouble("it is not open")
        return self._client

    def _open(self, name: str) -> None:
        if self.local and name != self._name:
            self.close()
        if self._client is None:
            self._client = self._in_folder(name) if self.local else self._on_server()
        self._name = name

    def _in_folder(self, name: str) -> "Client":
        import chromadb
        from chromadb.config import Settings

        (self._folder / name).mkdir(parents=True, exist_ok=True)
        settings = Settings(anonymized_telemetry=False)
        return _client(chromadb.PersistentClient(path=str(self._folder / name), settings=settings))

    def _on_server(self) -> "Client":
        import chromadb
        from chromadb.api.client import AdminClient
        from chromadb.api.fastapi import FastAPI
        from chromadb.config import Settings

        httpx.get(f"{self._url.rstrip('/')}/api/v2/heartbeat", timeout=_TIMEOUT_S).raise_for_status()
        parts = urlsplit(self._url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        settings = Settings(anonymized_telemetry=False)
        client = _client(chromadb.HttpClient(host=parts.hostname or "", port=port, ssl=secure, settings=settings))
        inner = client._admin_client
        for server in (client._server, inner._server if isinstance(inner, AdminClient) else None):
            if isinstance(server, FastAPI):
                server._session.timeout = httpx.Timeout(_TIMEOUT_S)
                self._sessions.append(server._session)
        return client

    def _clear_away(self, name: str) -> None:
        for old in self._folder.iterdir():
            if old.name != name:
                shutil.rmtree(old) if old.is_dir() else old.unlink()


def _client(made: "ClientAPI") -> "Client":
    """The interface that Chroma declares lacks `close`."""
    from chromadb.api.client import Client

    if not isinstance(made, Client):
        raise ChromaTrouble(f"it made a client of another class: {type(made).__name__}")
    return made


@contextmanager
def _telling() -> Iterator[None]:
    """Chroma's errors as ours; a server that is away is told by ValueError or by the HTTP library's own error."""
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError, OSError) as error:
        raise ChromaTrouble(f"{type(error).__name__}: {error}") from error
