"""Ledgers in SQLite and in a real PostgreSQL, Chroma in a folder and on a real server, and documents to put there."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from knowledge.models import Document, Section
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore, Matrix
from tests.real import missing

WIDTH = 24
Opened = Callable[[Path], KnowledgeStore]


def document(key: str, *texts: str, origin: str = "folder", **about: object) -> Document:
    """A T2 document with a section for each text."""
    parts = tuple(Section(f"{key}#s{at}", key, key.title(), f"Part {at}", text) for at, text in enumerate(texts))
    made = Document(key, key.title(), "T2", parts, origin=origin)
    return Document(**{name: getattr(made, name) for name in Document.__slots__} | about)


def corpus(count: int, first: int = 0) -> list[Document]:
    """So many documents of one section each."""
    return [document(f"d{number}", f"text {number}") for number in range(first, first + count)]


def vector_of(section: Section) -> Matrix:
    """A unit vector that depends on the section's text alone."""
    seed = int.from_bytes(sha256(section.text.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def embed(store: KnowledgeStore, embedder: str = "e", *, switch: bool = True) -> None:
    """Give every section that lacks one its vector."""
    rows = [(section.id, vector_of(section)) for section in store.missing_vectors(embedder, 1_000_000)]
    store.add_vectors(embedder, rows)
    if (switch and (live := store.embedder()) is None) or (live is not None and live.id != embedder):
        store.switch_embedder(embedder, b"fitted")


def finds_itself(store: KnowledgeStore, key: str) -> bool:
    """Whether the vector of a section's text leads to the section."""
    held = store.held([key])[key]
    return store.nearest("e", vector_of(held.section), 1)[0][0] == key


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The folder with the socket of a PostgreSQL server that is there for these tests alone."""
    folders = [Path(path) for path in os.environ["PATH"].split(":")]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = next((folder for folder in folders if (folder / "initdb").exists()), None)
    if programs is None:
        missing("postgresql is not installed: sh .ci/packages")
        return
    with tempfile.TemporaryDirectory(prefix="mcpsoc-pg-") as name:
        user = "postgres" if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(name, user)
        data = Path(name) / "data"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "user": user, "cwd": name}
        options = f"-c listen_addresses='' -c unix_socket_directories='{name}' -c fsync=off"
        control = [programs / "pg_ctl", "-D", data, "-w", "-l", f"{name}/log"]
        subprocess.run([programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres"], **quiet)
        subprocess.run([*control, "-o", options, "start"], **quiet)
        yield Path(name)
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger; empty stands for the file in the home."""
    if request.param == "sqlite":
        return ""
    socket_folder = request.getfixturevalue("postgres_server")
    from sqlalchemy import create_engine, text

    url = f"postgresql+psycopg://postgres@/{{name}}?host={socket_folder}"
    name = f"t{abs(hash(tmp_path)):x}"
    engine = create_engine(url.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.format(name=name)


@pytest.fixture
def opened(ledger: str, tmp_path: Path) -> Iterator[Opened]:
    """Opens a store on that ledger in a home; closed at the end."""
    made: list[KnowledgeStore] = []

    def opening(home: Path) -> KnowledgeStore:
        made.append(KnowledgeStore(home, Settings(home=home, knowledge_database=ledger, chroma_url="")))
        return made[-1]

    yield opening
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Opened, tmp_path: Path) -> KnowledgeStore:
    """An empty store."""
    return opened(tmp_path)


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma-server")
    command = [Path(sys.executable).with_name("chroma"), "run", "--path", folder, "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--host", "127.0.0.1"], stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urlopen(f"{url}/api/v2/heartbeat", timeout=5):
            break
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(params=["folder", "server"])
def chroma_url(request: pytest.FixtureRequest) -> str:
    """Where Chroma is: empty stands for the folder in the home."""
    return "" if request.param == "folder" else str(request.getfixturevalue("chroma_server"))


@pytest.fixture
def projected(chroma_url: str, tmp_path: Path) -> Iterator[Opened]:
    """Opens a store with that Chroma in a home; closed at the end."""
    made: list[KnowledgeStore] = []

    def opening(home: Path) -> KnowledgeStore:
        made.append(KnowledgeStore(home, Settings(home=home, knowledge_database="", chroma_url=chroma_url)))
        return made[-1]

    yield opening
    for store in made:
        store.close()
