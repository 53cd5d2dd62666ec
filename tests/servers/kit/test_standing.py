"""What should be in force is looked after: an effect that vanishes is told, one that comes late is found."""

import asyncio
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from servers.kit import Change
from servers.kit.actions import Action, ActionStore
from servers.kit.answer import JsonObject
from servers.kit.changes import Expiry, Risk
from tests.servers.acting import part
from tests.servers.kit.shelf import Served, Shelf, serve
from tests.servers.waiting import until


def opened(home: Path) -> Served:
    """A server over that home."""
    return serve(Shelf(home / "shelf"), ActionStore(home / "actions.db"))


def recorded(home: Path) -> list[Action]:
    """What the records say is open."""
    store = ActionStore(home / "actions.db")
    try:
        return list(store.open("shelf", "real:shelf 1").actions)
    finally:
        store.close()


async def warnings(served: Served) -> list[str]:
    """What health warns of."""
    found = part(await served.server.health(), "data", "warnings")
    assert isinstance(found, list)
    return [str(each) for each in found]


def state(envelope: JsonObject) -> object:
    """What the record of a change says."""
    return part(envelope, "action", "state")


async def test_effect_that_vanishes_is_told_and_not_made_again_by_itself(tmp_path: Path) -> None:
    """A firewall that is loaded anew forgets its blocks; whoever believes in them looks no further."""
    served = opened(tmp_path)
    await served.act("shelf_put", key="case-7", name="a")
    before = await warnings(served)
    (tmp_path / "shelf" / "a").unlink()
    served = serve(served.shelf, ActionStore(tmp_path / "actions.db"), key=served.key)
    told = await warnings(served)
    again = await served.act("shelf_put", key="case-7", name="a")

    since = "2026-03-09T12:00:00.000Z: make it again or take it back"
    assert (before, told) == ([], [f"shelf_put a is not in force any longer, noticed {since}"])
    assert (again["status"], part(again, "error", "code"), state(again)) == ("error", "not_in_force", "unknown")
    assert part(again, "action", "verified") is False
    assert served.shelf.acted == ["put a"]


@pytest.mark.parametrize("decision", ["made again", "taken back", "its time is over"])
@pytest.mark.parametrize("lapses", ["server", "backend"])
async def test_warning_ends_with_what_a_person_decides_or_with_its_time(
    tmp_path: Path, decision: str, lapses: Literal["server", "backend"]
) -> None:
    """A warning that never ends is not read."""
    served = serve(Shelf(tmp_path / "shelf", lapses=lapses), ActionStore(tmp_path / "actions.db"))
    await served.act("shelf_put", name="a", minutes=30)
    (tmp_path / "shelf" / "a").unlink()
    told = await warnings(served)
    if decision == "made again":
        await served.act("shelf_put", name="a", minutes=30)
    elif decision == "taken back":
        await served.act("shelf_take", name="a")
    else:
        served.shelf.now += timedelta(minutes=31)

    assert (len(told), await warnings(served)) == (1, [])


async def test_vanished_effect_is_noticed_while_the_server_serves(tmp_path: Path) -> None:
    """Nobody asks for health at night."""
    served = opened(tmp_path)
    await served.act("shelf_put", name="a")
    (tmp_path / "shelf" / "a").unlink()
    async with served.server.sweeping(), asyncio.timeout(10):
        await asyncio.to_thread(until, lambda: recorded(tmp_path)[0].gone_at is not None)

    assert served.shelf.acted == ["put a"]


@pytest.mark.parametrize("blind", ["cannot look", "nothing to look at"])
async def test_what_cannot_be_looked_at_is_not_told_as_gone(tmp_path: Path, blind: str) -> None:
    """A backend that is down for a minute has not lost its blocks."""
    served = opened(tmp_path)
    await served.act("shelf_put", name="a")
    (tmp_path / "shelf" / "a").unlink()
    served.shelf.blind = "cannot look" if blind == "cannot look" else "nothing to look at"

    assert await warnings(served) == []
    assert [each.state for each in recorded(tmp_path)] == ["done"]


async def test_effect_is_read_back_once_a_minute_and_not_for_every_look_at_health(tmp_path: Path) -> None:
    """Reading back is work for the product."""
    served = opened(tmp_path)
    await served.act("shelf_put", name="a")
    before = served.shelf.looks
    for _ in range(5):
        await served.server.health()

    assert served.shelf.looks == before + 1


async def test_effect_that_is_taken_back_meanwhile_is_not_told_as_gone(tmp_path: Path) -> None:
    """Between the effect and its record lies a moment in which nothing is missing."""
    served = opened(tmp_path)
    await served.act("shelf_put", name="a")
    served.shelf.entered.clear()
    served.shelf.taken = threading.Event()
    taking = asyncio.create_task(served.act("shelf_take", name="a"))
    await asyncio.to_thread(served.shelf.entered.wait, 5)
    during = await warnings(served)
    gone = [each.gone_at for each in recorded(tmp_path)]
    served.shelf.taken.set()
    await taking

    assert (during, gone) == ([], [None, None])
    assert [each.state for each in recorded(tmp_path)] == []


async def test_change_that_comes_late_is_found_and_ends_in_time(tmp_path: Path) -> None:
    """A product that answers after our time is over may act all the same: written off, its block would stay."""
    served = opened(tmp_path)
    served.shelf.trouble = "never answers"
    first = await served.act("shelf_put", key="case-7", name="a", minutes=30)
    (tmp_path / "shelf" / "a").write_text("late")
    await served.server.health()
    found = await served.act("shelf_put", key="case-7", name="a", minutes=30)
    served.shelf.now += timedelta(minutes=31)
    await served.server.call("shelf_list", {})

    assert (first["status"], state(first), part(first, "action", "verified")) == ("error", "unknown", "unknown")
    assert (found["status"], state(found), part(found, "action", "verified")) == ("success", "done", True)
    assert (served.shelf.acted, list((tmp_path / "shelf").iterdir())) == (["take a"], [])


async def test_undo_that_is_found_to_be_done_ends_the_change_although_its_answer_was_lost(tmp_path: Path) -> None:
    """What a person took back is not missed afterwards."""
    served = opened(tmp_path)
    await served.act("shelf_put", name="a")
    served.shelf.trouble = "breaks after acting"
    undone = await served.act("shelf_take", name="a")

    assert (state(undone), await warnings(served)) == ("unknown", [])
    assert "shelf_put" not in [each.tool for each in recorded(tmp_path)]


@pytest.mark.parametrize("damage", ["document = '{}'", "document = CAST(x'ff00' AS TEXT)"])
@pytest.mark.parametrize("left_at", ["intent", "done"])
async def test_record_that_cannot_be_read_stops_nothing_else(tmp_path: Path, damage: str, left_at: str) -> None:
    """One damaged row must not blind the server, nor keep every other block in force for ever."""
    served = opened(tmp_path)
    broken = await served.act("shelf_put", key="case-7", name="a", minutes=30)
    await served.act("shelf_put", name="b", minutes=30)
    with sqlite3.connect(tmp_path / "actions.db") as db:
        db.execute(f"UPDATE actions SET state = '{left_at}', {damage} WHERE key = 'key case-7'")
    db.close()
    served = serve(served.shelf, ActionStore(tmp_path / "actions.db"), key=served.key)
    told = await warnings(served)
    same = await served.act("shelf_put", key="case-7", name="a", minutes=30)
    served.shelf.now += timedelta(minutes=31)
    seen = await served.server.call("shelf_list", {})
    other = await served.act("shelf_put", name="c", minutes=30)

    assert len(told) == 1
    assert str(part(broken, "action", "action_id")) in told[0]
    assert (same["status"], part(same, "error", "code")) == ("refused", "record_unreadable")
    assert (seen["status"], other["status"]) == ("success", "success")
    assert served.shelf.acted == ["put a", "put b", "take b", "put c"]


@pytest.mark.parametrize(
    ("expiry", "risk", "undo", "contains"),
    [
        ("lapse", "low", "shelf_take", True),
        ("hold", "high", "shelf_take", True),
        ("hold", "low", "shelf_take", False),
        ("hold", "high", "shelf_put", False),
        ("hold", "high", None, False),
        (None, "high", "shelf_take", False),
    ],
)
def test_only_what_contains_is_looked_after(
    tmp_path: Path, expiry: Expiry | None, risk: Risk, undo: str | None, contains: bool
) -> None:
    """A ticket that moves on, or a playbook that is applied anew, is missed by nobody; reading it back is dear."""
    shelf = Shelf(tmp_path)
    change = Change(shelf.shelf_put, shelf.plan_put, shelf.is_there, risk=risk, expiry=expiry, undo=undo)

    assert change.contains is contains
