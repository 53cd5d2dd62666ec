"""Conversations over HTTP: a run goes on by itself, is followed from any step, and is nobody else's business."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from agent.conversation.models import ChatStep, Run
from tests.ui.api.conftest import Api
from ui.api.models import EvidenceView, StepPage, ThreadView

LAB = {"world": "lab"}
pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = "is sensor edr fresh?"


async def new_thread(client: httpx.AsyncClient, case_id: str | None = None) -> str:
    answer = await client.post("/threads", json={"world": "lab", "case_id": case_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def asked(client: httpx.AsyncClient, thread: str, question: str = QUESTION) -> Run:
    answer = await client.post(f"/threads/{thread}/runs", params=LAB, json={"question": question})
    assert answer.status_code == 202, answer.text
    return Run.model_validate_json(answer.content)


async def events(client: httpx.AsyncClient, run: str, **headers: str) -> list[tuple[str, str, str]]:
    """Event, id and data of everything a stream tells until it ends."""
    async with client.stream("GET", f"/runs/{run}/stream", params=LAB, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [event async for event in _events(answer.aiter_lines())]


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, str]]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        elif "data" in fields:
            yield fields.get("event", ""), fields.get("id", ""), fields["data"]
            fields = {}


async def test_a_question_is_streamed_to_its_end(reading: Api) -> None:
    """The first step says what was understood, the last one is the answer."""
    run = await asked(reading.ana, await new_thread(reading.ana))
    told = await events(reading.ana, run.id)
    steps = [ChatStep.model_validate_json(data) for event, _, data in told if event == "step"]

    assert run.status == "running"
    assert [int(number) for event, number, _ in told if event == "step"] == [step.seq for step in steps]
    assert [step.seq for step in steps] == list(range(1, len(steps) + 1))
    assert (steps[0].kind, steps[-1].kind) == ("understood", "answer")
    assert told[-1][::2] == ("end", "done")


async def test_a_stream_goes_on_after_the_last_step_that_was_seen(reading: Api) -> None:
    """A browser that lost the connection sends Last-Event-ID and misses nothing, gets nothing twice."""
    run = await asked(reading.ana, await new_thread(reading.ana))
    whole = await events(reading.ana, run.id)
    rest = await events(reading.ana, run.id, **{"last-event-id": whole[1][1]})

    assert len(whole) > 3
    assert rest == whole[2:]


async def test_a_second_reader_sees_the_same_run(reading: Api) -> None:
    """Two tabs, one run: followed at once, they tell the same."""
    run = await asked(reading.ana, await new_thread(reading.ana))
    one, other = await asyncio.gather(events(reading.ana, run.id), events(reading.ana, run.id))

    assert one == other


async def test_steps_are_read_without_a_stream_too(reading: Api) -> None:
    """The page polls; it gets the run along, so that it knows when to stop."""
    thread = await new_thread(reading.ana)
    run = await asked(reading.ana, thread)
    await events(reading.ana, run.id)
    page = StepPage.model_validate_json((await reading.ana.get(f"/runs/{run.id}/steps", params=LAB)).content)
    late = (await reading.ana.get(f"/runs/{run.id}/steps", params={**LAB, "after": page.steps[-1].seq})).json()
    view = ThreadView.model_validate_json((await reading.ana.get(f"/threads/{thread}", params=LAB)).content)

    assert page.run.status == "done"
    assert page.run.answer == page.steps[-1].answer
    assert late["steps"] == []
    assert view.runs == (page.run,)


async def test_cited_evidence_of_a_conversation_opens(reading: Api) -> None:
    """A sentence cites a place; the place is there and marked."""
    thread = await new_thread(reading.ana, "C-1")
    run = await asked(reading.ana, thread, "is sensor edr fresh?")
    await events(reading.ana, run.id)
    answer = Run.model_validate_json((await reading.ana.get(f"/runs/{run.id}", params=LAB)).content).answer
    assert answer is not None
    cites = [cite for sentence in answer.sentences for cite in sentence.cites]
    assert cites
    for cite in cites:
        place = f"/threads/{thread}/evidence/{cite.evidence}"
        view = EvidenceView.model_validate_json(
            (await reading.ana.get(place, params={**LAB, "path": cite.path})).content
        )
        assert view.hash_fits
        assert any(leaf.cited for leaf in view.leaves)


async def test_a_run_is_stopped(reading: Api) -> None:
    """Stopping twice is stopping once; what was said stays."""
    run = await asked(reading.ana, await new_thread(reading.ana))
    stopped = await reading.ana.post(f"/runs/{run.id}/stop", params=LAB)
    again = await reading.ana.post(f"/runs/{run.id}/stop", params=LAB)

    assert stopped.json()["status"] in ("stopped", "done")
    assert again.json() == stopped.json()
    assert json.loads((await reading.ana.get(f"/runs/{run.id}/steps", params=LAB)).text)["steps"]


async def test_conversations_are_nobody_elses_business(reading: Api) -> None:
    """Ids can be guessed or seen over a shoulder; to anybody else there is no such conversation."""
    thread = await new_thread(reading.ana)
    run = await asked(reading.ana, thread)
    async with reading.user("ben") as ben:
        tried = [
            await ben.get(f"/threads/{thread}", params=LAB),
            await ben.get(f"/threads/{thread}/evidence/E1", params=LAB),
            await ben.post(f"/threads/{thread}/runs", params=LAB, json={"question": "x"}),
            await ben.get(f"/runs/{run.id}", params=LAB),
            await ben.get(f"/runs/{run.id}/steps", params=LAB),
            await ben.get(f"/runs/{run.id}/stream", params=LAB),
            await ben.post(f"/runs/{run.id}/stop", params=LAB),
        ]
        theirs = (await ben.get("/threads", params=LAB)).json()["threads"]

    assert [answer.status_code for answer in tried] == [404] * len(tried)
    assert {answer.json()["error"]["code"] for answer in tried} == {"no_thread", "no_run"}
    assert theirs == []


async def test_a_conversation_of_the_other_world_is_not_there(reading: Api) -> None:
    """The lab's conversations rest on the lab's evidence."""
    thread = await new_thread(reading.ana)
    run = await asked(reading.ana, thread)
    answers = [await reading.ana.get(f"/threads/{thread}"), await reading.ana.get(f"/runs/{run.id}/stream")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await reading.ana.get("/threads")).json() == {"threads": []}


async def test_a_conversation_about_a_case_that_is_not_there_is_not_opened(reading: Api) -> None:
    """Nor about one of the other world."""
    for case_id, world in (("C-99", "lab"), ("C-2", "site")):
        answer = await reading.ana.post("/threads", json={"world": world, "case_id": case_id})

        assert answer.status_code == 404


async def test_a_question_of_nothing_or_of_far_too_much_is_refused(reading: Api) -> None:
    """Before anything is stored."""
    thread = await new_thread(reading.ana)
    for question in ("", "   ", "x" * 8001):
        answer = await reading.ana.post(f"/threads/{thread}/runs", params=LAB, json={"question": question})

        assert answer.status_code == 422
