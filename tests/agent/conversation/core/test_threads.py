"""The file of the threads: one truth for every thread and process that opens it."""

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.conversation.errors import RunBusyError, RunOverError, ThreadStoreError
from agent.conversation.holders import Holder, is_gone
from agent.conversation.models import ChatStep, Run, Thread
from agent.conversation.telling import Teller
from agent.conversation.threads import ThreadStore
from agent.conversation.visits import last_visit

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    """An open store."""
    store = ThreadStore(tmp_path / "threads.db")
    yield store
    store.close()


def make_thread(name: str = "th-1", *, tenant: str = "lab", minutes: int = 0) -> Thread:
    at = NOON + timedelta(minutes=minutes)
    return Thread(id=name, tenant=tenant, owner="ana", title="", created_at=at, updated_at=at)


def make_run(name: str = "run-1", thread: str = "th-1") -> Run:
    return Run(id=name, thread_id=thread, question="q", author="ana", status="running", started_at=NOON)


def make_step(run: str = "run-1", text: str = "t") -> ChatStep:
    return ChatStep(run_id=run, seq=0, kind="notice", text=text, at=NOON)


def test_steps_of_several_threads_are_numbered_without_gaps(store):
    """Call steps come from several tasks at once; a hole or a double in the numbers breaks every reader."""
    store.create(make_thread())
    store.start(make_run(), "h")

    def append() -> None:
        other = ThreadStore(store.path)
        for _ in range(20):
            other.append(make_step())
        other.close()

    workers = [threading.Thread(target=append) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [step.seq for step in store.steps("run-1")] == list(range(1, 81))


def test_nothing_is_added_to_a_run_that_ended(store):
    """What was stopped stays as the person who stopped it saw it."""
    store.create(make_thread())
    store.start(make_run(), "h")
    assert store.end("run-1", "stopped", NOON, make_step(text="stopped"))

    assert not store.end("run-1", "done", NOON, make_step(text="done"))
    with pytest.raises(RunOverError):
        store.append(make_step())
    with pytest.raises(RunOverError):
        store.add_evidence("th-1", "run-1", ())
    assert [step.text for step in store.steps("run-1")] == ["stopped"]
    assert store.run("run-1", "lab").status == "stopped"


async def test_a_step_is_told_once_also_by_the_attempt_after_an_interruption(store):
    """A node that was killed in the middle runs again from its top, and tells everything again."""
    store.create(make_thread())
    store.start(make_run(), "h")
    heard = []
    for _ in range(2):
        teller = Teller(store, "th-1", "run-1", lambda: NOON, heard.append)
        await teller.tell("sentence", "It is so.")
        await teller.tell("sentence", "It is so.")
        await teller.first_time("Without a model.")

    assert [step.text for step in store.steps("run-1")] == ["It is so.", "Without a model."]
    assert heard == list(store.steps("run-1"))


def test_of_two_processes_that_take_over_one_run_one_gets_it(store):
    """Answered twice, it would be told twice."""
    store.create(make_thread())
    store.start(make_run(), "dead")

    assert store.take_over("run-1", "dead", "first")
    assert not store.take_over("run-1", "dead", "second")
    assert [(run.id, holder, attempts) for run, holder, attempts in store.held("lab")] == [("run-1", "first", 2)]


def test_a_busy_thread_names_the_run_it_is_busy_with(store):
    """So that whoever asks can wait for it, or stop it."""
    store.create(make_thread())
    store.start(make_run(), "h")

    with pytest.raises(RunBusyError) as busy:
        store.start(make_run("run-2"), "h")
    assert busy.value.run_id == "run-1"
    assert store.counts("lab") == {"running": 1}


def test_the_thread_used_last_comes_first_in_its_own_tenant(store):
    """A list in any other order hides what somebody is working on."""
    for name, tenant, minutes in (("th-1", "lab", -3), ("th-2", "lab", -2), ("th-3", "default", -1)):
        store.create(make_thread(name, tenant=tenant, minutes=minutes))
    store.start(make_run(), "h", title="named")

    assert [thread.id for thread in store.threads("lab")] == ["th-1", "th-2"]
    assert store.get("th-1", "lab").title == "named"
    assert store.get("th-1", "lab").updated_at == NOON


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    """Written with older code, it would be broken for the newer one."""
    path = tmp_path / "threads.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(ThreadStoreError, match="newer version"):
        ThreadStore(path)


def test_something_that_is_no_database_is_refused(tmp_path):
    """The message names the file."""
    path = tmp_path / "threads.db"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(ThreadStoreError, match=r"threads\.db"):
        ThreadStore(path)


def test_a_holder_is_gone_when_its_process_is(tmp_path):
    """However it ended: no clock is asked, and no process id that another may have by now."""
    living = Holder(tmp_path)
    script = "import sys; from pathlib import Path; from agent.conversation.holders import Holder\n"
    script += "print(Holder(Path(sys.argv[1])).id, flush=True); import os; os._exit(9)"
    root = Path(__file__).parents[4]
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, cwd=root, check=False
    )

    assert is_gone(tmp_path, run.stdout.strip())
    assert not is_gone(tmp_path, living.id)
    living.close()
    assert is_gone(tmp_path, living.id)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("minutes_ago", "last"),
    [((), None), ((5,), None), ((5, 20, 45), None), ((45,), 45), ((5, 20, 51, 90), 51), ((1440,), 1440)],
)
def test_questions_less_than_half_an_hour_apart_are_one_visit(minutes_ago, last):
    """A visit of several hours is one visit as long as somebody keeps asking."""
    asked = [NOON - timedelta(minutes=minutes) for minutes in minutes_ago]

    assert last_visit(NOON, asked) == (None if last is None else NOON - timedelta(minutes=last))
