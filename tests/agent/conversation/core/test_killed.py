"""A process that is killed in mid-run: the next one goes on where it left, and nobody sees anything twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.conversation.errors import RunBusyError

VICTIM = Path(__file__).with_name("victim.py")
ROOT = Path(__file__).parents[4]


@pytest.fixture
def victim(chats, lab_path: Path) -> Callable[..., object]:
    """Another process over the same threads, in the middle of a run."""

    @asynccontextmanager
    async def started(where: str) -> AsyncIterator[tuple[Process, str]]:
        arguments = (str(chats.path.parent), str(lab_path), where)
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, VICTIM, *arguments, stdin=PIPE, stdout=PIPE, env=environment
        )
        assert process.stdout is not None
        run_id = (await process.stdout.readline()).decode().strip()
        assert (await process.stdout.readline()).strip() == b"ready"
        try:
            yield process, run_id
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.wait()

    return started


async def kill(process: Process) -> None:
    """As a power cut does."""
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_a_killed_run_goes_on_after_its_last_node_and_asks_nothing_twice(chats, follow, victim):
    """What was understood and looked up stays; its evidence keeps its number, its steps their place."""

    async def not_again(*_: object) -> None:
        raise AssertionError("the question was read twice")

    chats.understanding = not_again
    async with victim("answer") as (process, run_id):
        await kill(process)
        before = chats.store().steps(run_id)
        async with chats.open() as chat:
            resumed = await chat.resume_runs()
            steps = await follow(chat, resumed[0])
            ended = await chat.run(run_id)

    assert [run.id for run in resumed] == [run_id]
    assert [step.kind for step in before] == ["understood", "notice", "call"]
    assert steps[:3] == list(before)
    assert [step.kind for step in steps[3:]] == ["notice", "sentence", "answer"]
    assert steps[3].text == "The run was interrupted and goes on."
    assert (ended.status, ended.answer.evidence) == ("done", ("E1",))
    assert [item.id for item in chats.store().evidence(ended.thread_id)] == ["E1"]


@pytest.mark.thorough
async def test_a_run_killed_before_its_last_line_is_only_ended(chats, follow, victim):
    """Everything was done but the noting of it: nothing is answered a second time."""
    chats.answering.clear()
    async with victim("end") as (process, run_id):
        await kill(process)
        async with chats.open() as chat:
            await chat.resume_runs()
            steps = await follow(chat, await chat.run(run_id))

    assert [step.kind for step in steps] == ["understood", "notice", "call", "sentence", "notice", "answer"]


@pytest.mark.thorough
async def test_a_run_of_a_living_process_is_left_alone_and_can_be_read(chats, victim):
    """Two processes share the threads: each sees the other's runs, neither takes them away."""
    async with victim("answer") as (_, run_id), chats.open() as chat:
        assert await chat.resume_runs() == ()
        run = await chat.run(run_id)
        stream = chat.follow(run_id)
        seen = [(await anext(stream)).kind for _ in range(3)]
        with pytest.raises(RunBusyError):
            await chat.ask(run.thread_id, "count the sources", "ben")
        evidence = await chat.evidence(run.thread_id, "E1")

        assert seen == ["understood", "notice", "call"]
        assert run.status == "running"
        assert evidence.tool == "siem_list_sources"

        await chat.stop(run_id, "ben")
        assert [step.kind async for step in stream] == ["notice"]


@pytest.mark.thorough
async def test_a_thread_whose_process_died_takes_the_next_question(chats, follow, victim):
    """Somebody who asks again does not have to know that a process was killed."""
    async with victim("answer") as (process, run_id):
        await kill(process)
        async with chats.open() as chat:
            left = await chat.run(run_id)
            again = await chat.ask(left.thread_id, "count the sources", "ana")
            await follow(chat, again)
            runs = await chat.runs(left.thread_id)

    assert [run.status for run in runs] == ["failed", "done"]


async def test_a_run_left_by_a_service_that_closed_goes_on_in_the_next(chats, follow):
    """Ctrl-C is no stop: what somebody asked is still answered after the restart."""
    ready = asyncio.Event()
    answer = chats.answering["count"]

    async def hang(*asked):
        ready.set()
        await asyncio.Event().wait()

    chats.answering["count"] = hang
    async with chats.asked("count the sources") as (_, run):
        await ready.wait()
    chats.answering["count"] = answer
    async with chats.open() as chat:
        await chat.resume_runs()
        steps = await follow(chat, run)

    assert [step.kind for step in steps] == ["understood", "notice", "notice", "call", "sentence", "answer"]


async def test_a_run_that_kills_every_process_is_given_up(chats, follow):
    """A question that brings the house down must not do so at every start."""
    ready = asyncio.Event()

    async def hang(*asked):
        ready.set()
        await asyncio.Event().wait()

    chats.answering["count"] = hang
    async with chats.asked("count the sources") as (_, run):
        await ready.wait()
    for _ in range(2):
        ready.clear()
        async with chats.open() as chat:
            assert len(await chat.resume_runs()) == 1
            await ready.wait()
    async with chats.open() as chat:
        assert await chat.resume_runs() == ()
        steps = await follow(chat, run)
        ended = await chat.run(run.id)

    assert ended.status == "failed"
    assert steps[-1].text == "The run was interrupted and is not taken up again."
