"""Two processes on one home; a process that is killed."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from tests.knowledge.store.conftest import corpus, document, embed, finds_itself, vector_of

ROOT = Path(__file__).parents[3]
KILLS = 12
SMALL = 300

TERMINAL = """
import json, pathlib, sys
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from tests.knowledge.store.conftest import document, embed, finds_itself

home = pathlib.Path(sys.argv[1])
store = KnowledgeStore(home, Settings(home=home, chroma_url=""))
for line in sys.stdin:
    wish = json.loads(line)
    if "put" in wish:
        store.put([document(wish["put"], wish["put"] + " of the terminal")])
        embed(store)
    answer = {"finds": finds_itself(store, wish["find"]), "state": store.projection_state, "owner": store.owner}
    print(json.dumps(answer | {"chroma": "chromadb" in sys.modules}), flush=True)
"""

WRITER = """
import itertools, pathlib, sys
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from tests.knowledge.store.conftest import corpus, embed

home, first = pathlib.Path(sys.argv[1]), int(sys.argv[2])
store = KnowledgeStore(home, Settings(home=home, chroma_url=""))
for part in itertools.count():
    store.put(corpus(300, first=first + 300 * part))
    embed(store)
    store.settle()
    store.catch_up()
    print(part, flush=True)
"""


def opened(home: Path) -> KnowledgeStore:
    return KnowledgeStore(home, Settings(home=home, knowledge_database="", chroma_url=""))


@contextmanager
def running(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own; killed at the end if it is still there."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=ROOT) as process:
        yield process
        process.kill()


def ask(terminal: subprocess.Popen[str], **wish: str) -> dict[str, bool | str]:
    assert terminal.stdin is not None
    assert terminal.stdout is not None
    terminal.stdin.write(json.dumps(wish) + "\n")
    terminal.stdin.flush()
    answer: dict[str, bool | str] = json.loads(terminal.stdout.readline())
    return answer


def test_page_and_terminal_find_what_the_other_has_just_written(tmp_path: Path) -> None:
    """Neither is told: what was committed is in the next answer of both."""
    page = opened(tmp_path)
    page.put(corpus(SMALL))
    embed(page)
    page.catch_up()
    assert finds_itself(page, "d3#s0")
    with running(TERMINAL, str(tmp_path)) as terminal:
        exact = {"finds": True, "state": "exact", "owner": False, "chroma": False}
        assert ask(terminal, find="d3#s0") == exact

        page.put([document("p", "of the page")])
        embed(page)
        assert ask(terminal, find="p#s0") == exact
        assert ask(terminal, put="t", find="t#s0") == exact
        assert finds_itself(page, "t#s0")

        page.remove(["d3"])
        page.catch_up()
        assert ask(terminal, put="u", find="u#s0") == exact
        assert finds_itself(page, "u#s0")
        assert page.projection_state == "ready"
        assert page.stats().owner != terminal.pid

        page.close()
        assert ask(terminal, find="p#s0") == {"finds": True, "state": "ready", "owner": True, "chroma": True}
    page.close()


def state_of(home: Path) -> str:
    """What the ledger says is going on in Chroma."""
    db = sqlite3.connect(home / "knowledge.db", timeout=30)
    row = db.execute("SELECT state FROM projections").fetchone()
    db.close()
    return "" if row is None else str(row[0])


def missing_themselves(store: KnowledgeStore) -> float:
    """Part of the sections whose own vector does not lead to them."""
    sections = store.sections()
    missed = sum(store.nearest("e", vector_of(section), 1)[0][0] != section.id for section in sections)
    return missed / len(sections)


@pytest.mark.thorough
def test_killed_writer_leaves_nothing_that_is_not_found_or_made_anew(tmp_path: Path) -> None:
    """A kill while Chroma writes its index file damages it without a word."""
    home, control = tmp_path / "home", tmp_path / "control"
    killed: list[str] = []
    for number in range(KILLS):
        wanted = "checkpointing" if number % 2 else "writing"
        with running(WRITER, str(home), str(1_000_000 + 10_000 * number)) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while writer.poll() is None and state_of(home) != wanted:
                pass
            for _ in range(number):
                state_of(home)
            writer.kill()
        killed.append(state_of(home))
    store = opened(home)
    sections = store.sections()
    other = opened(control)
    other.put([made for line in store.documents() if (made := store.document(line.id)) is not None])
    for each in (store, other):
        embed(each)
        each.settle()
        each.catch_up()
        each.settle()

    assert len([state for state in killed if state != "clean"]) >= KILLS // 2
    assert len(sections) % 300 == 0
    assert store.stats().watermark == store.revision
    print({"killed": killed, "sections": len(sections), "rebuilt": store.rebuilt_because})
    assert missing_themselves(store) <= missing_themselves(other) + 0.01
    store.close()
    other.close()
