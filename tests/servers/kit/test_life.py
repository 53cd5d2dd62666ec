"""The life of a change: nothing without permission, nothing twice, and no success that was not seen."""

import asyncio
import json
import threading
from functools import partial
from pathlib import Path

import anyio
import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from servers.kit import Rate
from servers.kit.actions import ActionStore
from servers.kit.answer import JsonObject
from tests.servers.conftest import Connect
from tests.servers.kit.shelf import Served, Shelf, Trouble, serve


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """An empty shelf."""
    return serve(Shelf(tmp_path / "shelf"))


def action(envelope: JsonObject) -> JsonObject:
    """What the envelope says of the change."""
    found = envelope["action"]
    assert isinstance(found, dict)
    return found


def code(envelope: JsonObject) -> JsonValue:
    """Why there is no success."""
    error = envelope["error"]
    return error["code"] if isinstance(error, dict) else None


async def test_plan_needs_no_grant_and_changes_nothing(served: Served, connect: Connect) -> None:
    """Whoever approves has to see first what would happen, in the words of the server."""
    async with connect(served.server) as session:
        answer = await session.call_tool("shelf_put", {"name": "a"}, meta={"mcpsoc/mode": "plan"})

    envelope = answer.structuredContent
    assert envelope is not None
    assert (envelope["status"], envelope["data"], served.shelf.acted) == ("success", None, [])
    assert envelope["action"] == {
        "mode": "plan",
        "action_id": None,
        "state": "planned",
        "verified": None,
        "target": "a",
        "blast_radius": "1 place taken for 30 minutes",
        "risk": "high",
        "undo": {"tool": "shelf_take", "arguments": {"name": "a"}},
        "expires_at": "2026-03-09T12:30:00.000Z",
        "expiry": "lapse",
        "dry_run": "not_offered",
        "guards": [],
        "repeated": False,
    }


async def test_refusal_has_the_plan_beside_it(served: Served) -> None:
    """A caller without a grant learns what to ask a grant for, and nothing happens."""
    bare = await served.server.call("shelf_put", {"name": "a"})
    impossible = await served.server.call("shelf_put", {"name": "nowhere"})

    assert (bare["status"], action(bare)["state"], action(bare)["target"]) == ("refused", "planned", "a")
    assert (impossible["status"], impossible["action"]) == ("refused", None)
    assert served.shelf.acted == []


async def test_change_is_done_read_back_and_recorded(served: Served) -> None:
    """Success is what was seen at the backend, with the way back and the end beside it."""
    done = await served.act("shelf_put", name="a", minutes=5)

    record = action(done)
    assert done["status"] == "success"
    assert str(done["summary"]).endswith("read back: it is there")
    assert (record["state"], record["verified"], record["expires_at"]) == ("done", True, "2026-03-09T12:05:00.000Z")
    assert str(record["action_id"]).startswith("act-")


async def test_protected_target_is_refused_even_with_a_grant(served: Served) -> None:
    """No approval opens what would cut us off, and the grant is not used up by the attempt."""
    refused = await served.act("shelf_put", name="ours")

    assert (refused["status"], code(refused), served.shelf.acted) == ("refused", "protected_target", [])
    assert action(refused)["guards"] == [{"guard": "own_place", "why": "we stand there ourselves"}]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"mcpsoc/mode": "dryrun"}, "plan or execute"),
        ({"mcpsoc/mod": "plan"}, "did you mean 'mcpsoc/mode'"),
        ({"mcpsoc/idempotency-key": 7}, "text"),
        ({"mcpsoc/idempotency-key": ""}, "text"),
    ],
)
async def test_mistyped_word_beside_the_arguments_never_acts(served: Served, meta: JsonObject, said: str) -> None:
    """Whoever wanted a rehearsal and mistyped it must not get the change."""
    envelope = await served.server.call("shelf_put", {"name": "a"}, served.grant("shelf_put", name="a"), meta=meta)

    assert (envelope["status"], served.shelf.acted) == ("error", [])
    assert said in json.dumps(envelope["error"])


async def test_same_key_answers_the_first_record_and_acts_once(served: Served) -> None:
    """A caller that lost the answer asks again; it must not act again, not even under a fresh grant."""
    first = await served.act("shelf_put", key="case-7", name="a")
    again = await served.act("shelf_put", key="case-7", name="a")
    other = await served.act("shelf_put", key="case-7", name="b")

    assert (first["status"], again["status"], other["status"]) == ("success", "success", "refused")
    assert action(again) == {**action(first), "repeated": True}
    assert again["data"] == first["data"]
    assert code(other) == "key_reused"
    assert served.shelf.acted == ["put a"]


async def test_key_alone_is_no_permission(served: Served) -> None:
    """What was done under a key is told only to who may do it."""
    await served.act("shelf_put", key="case-7", name="a")
    asked = await served.server.call("shelf_put", {"name": "a"}, meta={"mcpsoc/idempotency-key": "case-7"})

    assert (asked["status"], action(asked)["action_id"]) == ("refused", None)


async def test_fifty_calls_at_once_under_one_key_act_once(tmp_path: Path) -> None:
    """Retries come in flocks; two servers over one home count as one."""
    shelf = Shelf(tmp_path / "shelf")
    first = serve(shelf, ActionStore(tmp_path / "actions.db"))
    second = serve(shelf, ActionStore(tmp_path / "actions.db"), key=first.key)
    answers = await asyncio.gather(
        *(served.act("shelf_put", key="flock", name="a") for _ in range(25) for served in (first, second))
    )

    assert {str(answer["status"]) for answer in answers} == {"success"}
    assert len({str(action(answer)["action_id"]) for answer in answers}) == 1
    assert shelf.acted == ["put a"]


async def test_reads_do_not_wait_for_a_slow_change_and_all_calls_end(served: Served) -> None:
    """Changes come one after the other; the looks an investigation needs never wait for them."""
    served.shelf.leave = threading.Event()
    changes = [asyncio.create_task(served.act("shelf_put", name=f"thing-{n}")) for n in range(50)]
    await asyncio.to_thread(served.shelf.entered.wait, 5)
    async with asyncio.timeout(5):
        looks = await asyncio.gather(*(served.server.call("shelf_list", {}) for _ in range(50)))
    assert not any(change.done() for change in changes)
    served.shelf.leave.set()
    answers = await asyncio.gather(*changes)

    assert {str(answer["status"]) for answer in (*looks, *answers)} == {"success"}
    assert len(served.shelf.acted) == 50


@pytest.mark.parametrize(
    ("trouble", "blind", "status", "state", "verified", "why"),
    [
        ("none", "nothing to look at", "success", "done", "unknown", None),
        ("none", "cannot look", "error", "unknown", "unknown", "outcome_unknown"),
        ("forgets", "no", "error", "unknown", False, "not_verified"),
        ("refuses", "no", "error", "failed", False, "refused_by_backend"),
        ("cannot be reached", "no", "error", "failed", False, "unreachable"),
        ("never answers", "no", "error", "unknown", "unknown", "outcome_unknown"),
        ("bug before acting", "no", "error", "unknown", "unknown", "outcome_unknown"),
        ("breaks after acting", "no", "error", "unknown", True, "outcome_unknown"),
        ("breaks after acting", "cannot look", "error", "unknown", "unknown", "outcome_unknown"),
        ("bug after acting", "no", "error", "unknown", True, "outcome_unknown"),
    ],
)
async def test_only_what_was_done_is_a_success(
    served: Served, trouble: Trouble, blind: str, status: str, state: str, verified: JsonValue, why: str | None
) -> None:
    """A backend that says yes and does nothing, or dies in the middle, must not read as contained."""
    served.shelf.trouble = trouble
    served.shelf.blind = "cannot look" if blind == "cannot look" else "nothing to look at" if blind != "no" else "no"
    envelope = await served.act("shelf_put", name="a")

    assert (envelope["status"], code(envelope)) == (status, why)
    assert (action(envelope)["state"], action(envelope)["verified"]) == (state, verified)
    schema = {tool.name: tool.output_schema for tool in served.server.published}["shelf_put"]
    Draft202012Validator(schema).validate(envelope)


async def test_client_that_gives_up_does_not_leave_a_change_half_way(served: Served, connect: Connect) -> None:
    """What has begun is finished, read back and written down, whoever waits."""
    served.shelf.leave = threading.Event()
    grant = served.grant("shelf_put", name="a")
    async with connect(served.server) as session:
        meta = {"mcpsoc/grant": grant, "mcpsoc/idempotency-key": "left"}
        call = asyncio.create_task(session.call_tool("shelf_put", {"name": "a"}, meta=meta))
        await asyncio.to_thread(served.shelf.entered.wait, 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        looking = await session.call_tool("shelf_list", {})
        served.shelf.leave.set()
        again = await served.act("shelf_put", key="left", name="a")

    assert not looking.isError
    assert (action(again)["state"], action(again)["repeated"]) == ("done", True)
    assert served.shelf.acted == ["put a"]


async def test_change_whose_call_is_cancelled_is_finished_and_written_down(served: Served) -> None:
    """A server that is told to stop must know afterwards what it did, without having to look."""
    served.shelf.leave = threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(partial(served.act, "shelf_put", key="left", name="a"))
        await asyncio.to_thread(served.shelf.entered.wait, 5)
        group.cancel_scope.cancel()
        served.shelf.leave.set()
    again = await served.act("shelf_put", key="left", name="a")

    assert (again["data"], action(again)["state"], action(again)["repeated"]) == ({"name": "a"}, "done", True)


async def test_too_many_changes_are_put_off_and_do_not_cost_their_grant(tmp_path: Path) -> None:
    """A loop must not block half the network; the approved call may still be made later."""
    served = serve(Shelf(tmp_path / "shelf", rate=Rate(2, per_s=3600)))
    kept = served.grant("shelf_put", name="c")
    for name in ("a", "b"):
        assert (await served.act("shelf_put", name=name))["status"] == "success"
    late = await served.server.call("shelf_put", {"name": "c"}, kept)
    plan = await served.server.call("shelf_put", {"name": "c"}, meta={"mcpsoc/mode": "plan"})

    assert code(late) == "rate_limited"
    assert "retry after 3600 s" in json.dumps(late["error"])
    assert plan["status"] == "success"
    assert served.shelf.acted == ["put a", "put b"]


async def test_read_with_a_rate_is_put_off_too(served: Served) -> None:
    """A service outside counts our questions."""
    answers = [await served.server.call("shelf_ask_outside", {}) for _ in range(3)]

    assert [code(answer) for answer in answers] == [None, None, "rate_limited"]


async def test_home_that_cannot_be_written_to_changes_nothing(tmp_path: Path) -> None:
    """A change nobody can remember is not made; looking goes on, and health says what is wrong."""
    (tmp_path / "file").write_text("no folder")
    served = serve(Shelf(tmp_path / "shelf"), ActionStore(tmp_path / "file" / "actions.db"))
    refused = await served.act("shelf_put", name="a")
    seen = await served.server.call("shelf_list", {})

    assert (refused["status"], code(refused), served.shelf.acted) == ("error", "no_record", [])
    assert seen["status"] == "success"
