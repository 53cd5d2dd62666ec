"""Asking, following, stopping: what a person sees of a run is what is stored, in every process."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest

from agent.conversation.errors import (
    EvidenceNotFoundError,
    QuestionError,
    RunBusyError,
    RunNotFoundError,
    ThreadNotFoundError,
)
from agent.conversation.models import Entity, Reading
from agent.conversation.protocol import Draft, Fact, Speech
from agent.models import Equals, Ref
from knowledge.trust.audit import AuditLog


async def test_a_question_becomes_steps_an_answer_and_evidence_that_opens(chats, follow):
    """The whole way once: nothing is said that does not open."""
    async with chats.asked("count the sources") as (chat, run):
        steps = await follow(chat, run)
        ended = await chat.run(run.id)
        evidence = await chat.evidence(run.thread_id, "E1")

    assert [step.kind for step in steps] == ["understood", "notice", "call", "sentence", "answer"]
    assert [step.seq for step in steps] == [1, 2, 3, 4, 5]
    assert ended.status == "done"
    assert ended.answer == steps[-1].answer
    assert [sentence.text for sentence in ended.answer.sentences] == ["12 log sources."]
    assert ended.answer.sentences[0].cites == (Ref(evidence="E1", path="$.sources[*]"),)
    assert (ended.answer.brain, ended.answer.intent, ended.answer.evidence) == ("playbook", "count", ("E1",))
    assert ended.answer.suggestions[0] == "count again"
    assert len(ended.answer.suggestions) == 3
    assert len(evidence.data["sources"]) == 12


async def test_every_step_is_stored_before_it_is_streamed(chats, follow):
    """Whoever reloads in mid-answer finds everything that was on the screen."""
    other = chats.store()
    async with chats.asked("count the sources") as (chat, run):
        async for step in chat.follow(run.id):
            assert step in other.steps(run.id)


async def test_the_first_step_comes_at_once_however_long_the_names_take(chats):
    """A person who pressed Enter sees within a second that somebody heard."""
    release = asyncio.Event()
    inner = chats.understanding

    async def slow(*asked):
        await release.wait()
        return await inner(*asked)

    chats.understanding = slow
    async with asyncio.timeout(10), chats.asked("count the sources") as (chat, run):
        steps = chat.follow(run.id)
        async with asyncio.timeout(1):
            first = await anext(steps)
        release.set()
        rest = [step.kind async for step in steps]

    assert (first.kind, first.seq) == ("understood", 1)
    assert rest == ["understood", "notice", "call", "sentence", "answer"]


@pytest.fixture
def forever(chats):
    """An intent that looks once and then never comes back."""
    looked = asyncio.Event()

    async def answering(question, referents, looker):
        await looker.read("siem__siem_list_sources", {})
        looked.set()
        await asyncio.Event().wait()

    chats.answering["hang"] = answering
    return looked


async def test_whoever_goes_away_while_asking_leaves_no_run_that_nobody_works_on(chats, forever, tmp_path):
    """Such a run kept its thread busy for as long as the process lived, and the next one took it up."""
    async with chats.open() as chat:
        thread = await chat.create_thread("ana")
        with closing(sqlite3.connect(tmp_path / "threads.db", isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            asking = asyncio.create_task(chat.ask(thread.id, "hang on", "ana"))
            await asyncio.sleep(0.1)
            freed = threading.Timer(0.1, other.execute, ["ROLLBACK"])
            freed.start()
            asking.cancel()
            await asyncio.wait({asking})
            freed.join()

        assert asking.cancelled()
        assert [run.status for run in await chat.runs(thread.id)] == ["stopped"]


async def test_a_stopped_run_says_who_stopped_it_and_frees_the_thread(chats, forever, follow):
    """A question that was a mistake does not have to be waited for."""
    async with chats.asked("hang on") as (chat, run):
        await forever.wait()
        stopped = await chat.stop(run.id, "ben")
        steps = await follow(chat, run)
        again = await chat.ask(run.thread_id, "count the sources", "ana")
        await follow(chat, again)
        finished = await chat.run(again.id)
        twice = await chat.stop(again.id, "ben")

    assert (stopped.status, stopped.answer) == ("stopped", None)
    assert (steps[-1].kind, steps[-1].text) == ("notice", "Stopped by ben.")
    assert finished.status == "done"
    assert twice == finished


async def test_a_run_is_stopped_from_another_process_too(chats, forever, follow):
    """The page's API and a terminal share the threads: the step after the stop is refused, and the run ends."""
    go_on = asyncio.Event()

    async def answering(question, referents, looker):
        await looker.read("siem__siem_list_sources", {})
        forever.set()
        await go_on.wait()
        await looker.read("siem__siem_check_coverage", {"sensors": ["dns"]})
        raise AssertionError("a stopped run went on")

    chats.answering["hang"] = answering
    async with chats.asked("hang on") as (chat, run), chats.open() as elsewhere:
        await forever.wait()
        await elsewhere.stop(run.id, "ben")
        go_on.set()
        steps = await follow(chat, run)

    assert steps[-1].text == "Stopped by ben."
    assert [item.id for item in chats.store().evidence(run.thread_id)] == ["E1"]


async def test_a_thread_answers_one_question_at_a_time(chats, forever):
    """Two answers at once would share referents and evidence numbers."""
    async with chats.asked("hang on") as (chat, run), chats.open() as elsewhere:
        await forever.wait()
        for service in (chat, elsewhere):
            with pytest.raises(RunBusyError) as busy:
                await service.ask(run.thread_id, "count the sources", "ana")
            assert busy.value.run_id == run.id
        assert len(await chat.runs(run.thread_id)) == 1


async def test_two_threads_answer_side_by_side(chats, forever, follow):
    """One slow question keeps nobody else waiting."""
    async with chats.asked("hang on") as (chat, run):
        await forever.wait()
        other = await chat.create_thread("ben")
        asked = await chat.ask(other.id, "count the sources", "ben")
        await follow(chat, asked)
        assert (await chat.run(asked.id)).status == "done"
        assert (await chat.run(run.id)).status == "running"


async def test_a_thread_of_another_world_does_not_exist(chats, follow):
    """Case ids, names and evidence of one world are nobody's business in the other."""
    async with chats.asked("count the sources") as (chat, run), chats.open(tenant="default") as site:
        await follow(chat, run)
        for forbidden in (
            site.thread(run.thread_id),
            site.runs(run.thread_id),
            site.evidence(run.thread_id, "E1"),
            site.ask(run.thread_id, "count the sources", "ana"),
        ):
            with pytest.raises(ThreadNotFoundError):
                await forbidden
        for forbidden in (site.run(run.id), site.steps(run.id), site.stop(run.id, "eve"), anext(site.follow(run.id))):
            with pytest.raises(RunNotFoundError):
                await forbidden
        assert await site.threads() == ()


async def test_evidence_is_numbered_over_the_whole_thread(chats, follow):
    """E3 means one thing in a thread, whichever question brought it."""
    async with chats.asked("count the sources") as (chat, run):
        await follow(chat, run)
        again = await chat.ask(run.thread_id, "count them again", "ana")
        await follow(chat, again)
        second = await chat.run(again.id)
        with pytest.raises(EvidenceNotFoundError):
            await chat.evidence(run.thread_id, "E3")

    assert second.answer.evidence == ("E2",)
    assert second.answer.sentences[0].cites[0].evidence == "E2"


async def test_a_late_follower_sees_the_same_from_where_it_left_off(chats, follow):
    """A second tab and a reconnecting stream show what the first one showed."""
    async with chats.asked("count the sources") as (chat, run):
        live = await follow(chat, run)
        late = await follow(chat, run)
        rest = await follow(chat, run, after=3)
        assert await chat.steps(run.id, after=4) == tuple(live[4:])

    assert late == live
    assert rest == live[3:]


async def test_a_question_that_breaks_something_ends_as_failed(chats, follow):
    """A bug costs its own answer, and says so."""

    async def answering(question, referents, looker):
        raise ZeroDivisionError

    chats.answering["break"] = answering
    async with chats.asked("break it") as (chat, run):
        steps = await follow(chat, run)
        ended = await chat.run(run.id)
        again = await chat.ask(run.thread_id, "count the sources", "ana")
        await follow(chat, again)
        assert (await chat.run(again.id)).status == "done"

    assert ended.status == "failed"
    assert (steps[-1].kind, steps[-1].answer) == ("notice", None)


@pytest.mark.parametrize("question", ["", " \n ", "x" * 8001])
async def test_a_question_that_is_none_is_refused(chats, question):
    """Nothing is started for it."""
    async with chats.open() as chat:
        thread = await chat.create_thread("ana")
        with pytest.raises(QuestionError):
            await chat.ask(thread.id, question, "ana")
        assert await chat.runs(thread.id) == ()


async def test_a_secret_in_a_question_is_stored_nowhere(chats, follow, tmp_path):
    """People paste what they should not; rows, checkpoints, audit and answers are read by others."""
    secret = "hunter2-canary-81"
    audit = AuditLog(tmp_path / "audit.db")
    async with chats.open(audit=audit) as chat:
        thread = await chat.create_thread("ana", title=f"password={secret}")
        run = await chat.ask(thread.id, f"count password: {secret}", "ana")
        await follow(chat, run)
    audit.close()

    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"count password: " in stored
    assert secret.encode() not in stored


async def test_what_was_asked_and_answered_is_audited(chats, follow, tmp_path):
    """Who asked what, and who stopped whom, is part of the record."""
    audit = AuditLog(tmp_path / "audit.db")
    async with chats.open(audit=audit) as chat:
        thread = await chat.create_thread("ana")
        run = await chat.ask(thread.id, "count the sources", "ana")
        await follow(chat, run)
    entries = [(entry.event, entry.actor) for entry in audit.entries("lab")]
    audit.close()

    assert entries == [("chat.asked", "ana"), ("chat.answered", "mcpsoc")]


async def test_later_questions_know_what_earlier_ones_were_about(chats, follow):
    """`it` needs somebody to refer to, also after the process was started anew."""
    async with chats.asked("count host=ws-1", case_id="C-7") as (chat, run):
        await follow(chat, run)
        await follow(chat, await chat.ask(run.thread_id, "count host=ws-2 account=ana", "ana"))
    async with chats.open() as chat:
        await follow(chat, await chat.ask(run.thread_id, "count", "ana"))

    first, second, third = chats.understanding.seen
    assert first.entities == (Entity(type="case", value="C-7"),)
    assert [entity.value for entity in second.entities] == ["ws-1", "C-7"]
    assert [entity.value for entity in third.entities] == ["ws-2", "ana", "C-7"]
    assert third.intent == "count"


async def test_a_fixed_language_is_kept(chats, follow):
    """A thread opened in Chinese answers in Chinese, whatever alphabet the next indicator has."""
    async with chats.asked("nothing known", language="zh") as (chat, run):
        await follow(chat, run)
        answer = (await chat.run(run.id)).answer

    assert answer.language == "zh"
    assert answer.sentences[0].text == "我不知道如何回答这个问题。"


async def test_an_ambiguous_question_lists_its_readings(chats, follow):
    """Guessing which host was meant would answer a question that nobody asked."""
    readings = (Reading(label="ws-1", question="count host=ws-1"), Reading(label="ws-2", question="count host=ws-2"))
    chats.understanding.readings = readings
    async with chats.asked("either of them") as (chat, run):
        await follow(chat, run)
        answer = (await chat.run(run.id)).answer

    assert answer.readings == readings
    assert [sentence.kind for sentence in answer.sentences] == ["speech"]


async def test_what_does_not_hold_is_told_as_struck(chats, follow):
    """An intent's mistake is shown as one, and never among what holds."""

    async def answering(question, referents, looker):
        answer = await looker.read("siem__siem_list_sources", {})
        ref = Ref(evidence=answer.id, path="$.sources[0].state")
        return Draft(
            said=(Fact(Equals(id="x", template="It is {value}.", ref=ref, value="on fire")), Speech("Ask on."))
        )

    chats.answering["lie"] = answering
    async with chats.asked("lie to me") as (chat, run):
        steps = await follow(chat, run)
        answer = (await chat.run(run.id)).answer

    assert [step.kind for step in steps[3:]] == ["sentence", "struck", "answer"]
    assert [sentence.text for sentence in answer.sentences] == ["Ask on."]
    assert "not on fire" in answer.struck[0].struck_because


async def test_the_last_visit_is_the_one_before_this_one(chats, follow):
    """`What changed since my last visit?` is about yesterday, not about the question of a minute ago."""
    now = chats.clock()
    moments = [now - timedelta(days=2), now - timedelta(days=1), now - timedelta(minutes=20), now]
    for moment in moments:
        chats.clock = lambda moment=moment: moment
        async with chats.asked("count") as (chat, run):
            await follow(chat, run)

    assert [seen.last_visit for seen in chats.understanding.seen] == [None, moments[0], moments[1], moments[1]]


async def test_how_it_answers_is_said_once_in_a_thread(chats, follow):
    """Said with every answer, nobody reads it any more."""
    async with chats.asked("count") as (chat, run):
        await follow(chat, run)
        again = await chat.ask(run.thread_id, "count", "ana")
        assert "notice" not in [step.kind for step in await follow(chat, again)]


async def test_a_thread_is_named_by_its_first_question(chats, follow):
    """A list of untitled threads helps nobody."""
    async with chats.asked("count the   sources\nplease") as (chat, run):
        await follow(chat, run)
        assert [thread.title for thread in await chat.threads("ana")] == ["count the sources please"]
        assert await chat.threads("ben") == ()
