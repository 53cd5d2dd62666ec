"""What changed: asked for cheaply, and told as soon as it happens."""

import asyncio
from time import monotonic

from tests.ui.api.conftest import Api

LAB = {"world": "lab"}


async def test_without_a_number_only_where_to_go_on_from_is_told(api: Api) -> None:
    """A page that opens now wants what comes, not what was."""
    now = (await api.ana.get("/events", params=LAB)).json()
    everything = (await api.ana.get("/events", params={**LAB, "after": 0})).json()

    assert now == {"events": [], "last": everything["last"]}
    assert [event["seq"] for event in everything["events"]] == sorted(event["seq"] for event in everything["events"])
    assert {event["case_id"] for event in everything["events"]} == {"C-1", "C-2", "C-3", "C-4"}


async def test_events_are_of_one_world(api: Api) -> None:
    """Counting the other world's changes would tell how busy it is."""
    await api.ana.post("/cases/C-1/take", params=LAB)
    site = (await api.ana.get("/events", params={"after": 0})).json()

    assert [event["kind"] for event in site["events"]] == ["opened"]


async def test_a_waiting_request_is_answered_when_something_happens(api: Api) -> None:
    """The queue of a second tab changes without anybody reloading it."""
    last = (await api.ana.get("/events", params=LAB)).json()["last"]
    started = monotonic()
    waiting = asyncio.create_task(api.ana.get("/events", params={**LAB, "after": last, "wait_s": 20}))
    await api.ana.post("/cases/C-2/notes", params=LAB, json={"text": "look at this"})
    found = (await waiting).json()

    assert [(event["case_id"], event["kind"]) for event in found["events"]] == [("C-2", "noted")]
    assert found["last"] == found["events"][-1]["seq"] > last
    assert monotonic() - started < 10


async def test_waiting_ends_with_nothing_when_nothing_happens(api: Api) -> None:
    """The next request goes on from the same number."""
    last = (await api.ana.get("/events", params=LAB)).json()["last"]
    answer = await api.ana.get("/events", params={**LAB, "after": last, "wait_s": 0.05})

    assert answer.json() == {"events": [], "last": last}


async def test_a_number_that_no_change_can_have_is_refused(api: Api) -> None:
    """The database would choke on it, and the answer be a fault of ours."""
    for path in ("/events", "/runs/run-1/steps", "/runs/run-1/stream"):
        answer = await api.ana.get(path, params={**LAB, "after": 2**64})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_request"), path
