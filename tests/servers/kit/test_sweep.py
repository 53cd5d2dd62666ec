"""Effects end in time: while the server lives, after it was away, and after it was killed in the middle of a change."""

import json
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.errors import ConfigurationError
from servers.kit import Conditions, Gate
from servers.kit.actions import ActionStore
from tests.servers.conftest import Connect
from tests.servers.kit.shelf import START, Served, Shelf, serve

KEY = SigningKey.generate()
VICTIM = """
import asyncio, sys
from pathlib import Path
from knowledge.trust.keys import SigningKey
from servers.kit.actions import ActionStore
from tests.servers.kit.shelf import Shelf, serve

home = Path(sys.argv[1])
shelf = Shelf(home / "shelf", trouble="is killed after acting")
asyncio.run(serve(shelf, ActionStore(home / "actions.db")).act("shelf_put", key="case-7", name="a", minutes=30))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where records are kept."""
    return tmp_path


def opened(home: Path, minutes: float = 0, product: str = "shelf 1") -> Served:
    """A server over that home as if started anew, so many minutes later."""
    shelf = Shelf(home / "shelf")
    shelf.now += timedelta(minutes=minutes)
    return serve(shelf, ActionStore(home / "actions.db"), key=KEY, product=product)


def things(home: Path) -> list[str]:
    """What is on the shelf."""
    return sorted(path.name for path in (home / "shelf").iterdir())


def full(home: Path) -> None:
    """From now on no outcome can be written down any more, as on a full disk."""
    with sqlite3.connect(home / "actions.db") as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON actions BEGIN SELECT RAISE(ABORT, 'full'); END")
    db.close()


def killed(home: Path) -> None:
    """Run a server that dies between the effect and the record."""
    command = [sys.executable, "-W", "error", "-c", VICTIM, str(home)]
    ended = subprocess.run(command, timeout=60, check=False, cwd=Path(__file__).parents[3])
    assert ended.returncode == -signal.SIGKILL


async def test_effect_ends_on_the_first_call_after_its_time(home: Path) -> None:
    """Nobody has to remember a block."""
    served = opened(home)
    await served.act("shelf_put", name="a", minutes=30)
    served.shelf.now += timedelta(minutes=29)
    await served.server.call("shelf_list", {})
    before = things(home)
    served.shelf.now += timedelta(minutes=2)
    await served.server.call("shelf_list", {})

    assert (before, things(home)) == (["a"], [])
    assert served.shelf.acted == ["put a", "take a"]


async def test_effect_ends_after_a_restart_once_somebody_connects(home: Path, connect: Connect) -> None:
    """A block that outlives the process that set it would stay for ever."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    later = opened(home, minutes=31)
    async with connect(later.server) as session:
        await session.call_tool("shelf_list", {})

    assert (things(home), later.shelf.acted) == ([], ["take a"])


async def test_what_the_backend_ends_itself_is_left_to_it(home: Path) -> None:
    """Two who end the same thing take away what somebody set in between."""
    shelf = Shelf(home / "shelf", lapses="backend")
    served = serve(shelf, ActionStore(home / "actions.db"))
    await served.act("shelf_put", name="a", minutes=30)
    shelf.now += timedelta(hours=2)
    await served.server.call("shelf_list", {})

    assert shelf.acted == ["put a"]


@pytest.mark.parametrize("denied", [(), ("shelf_put",)])
async def test_effect_ends_in_its_own_way_also_when_no_more_may_be_made(home: Path, denied: tuple[str, ...]) -> None:
    """The undo may take back what others did, too: an operator who denies a tool must not set that off."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    gate = Gate(KEY.public, "lab", lambda: pytest.fail("nothing is used up"))
    conditions = Conditions(gate=gate, actions=ActionStore(home / "actions.db"), deny=frozenset(denied))
    shelf = Shelf(home / "shelf", now=START + timedelta(minutes=31), own_way=True)
    await serve(shelf, conditions=conditions, key=KEY).server.call("shelf_list", {})

    assert (shelf.acted, things(home)) == (["end a"], [])


async def test_effect_that_cannot_be_ended_stays_due_and_health_says_so(home: Path) -> None:
    """A backend that is away when the time comes is asked again."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    served = opened(home, minutes=31)
    served.shelf.trouble = "refuses"
    health = await served.server.call("shelf_health", {})
    again = opened(home, minutes=32)
    await again.server.call("shelf_list", {})

    assert "1 effects are over and could not be ended" in json.dumps(health["data"])
    assert things(home) == []


async def test_end_that_nobody_could_look_at_stays_due(home: Path) -> None:
    """What is not known to be gone may still be there: written down as ended, nobody would ever end it."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    served = opened(home, minutes=31)
    served.shelf.blind = "cannot look"
    health = await served.server.call("shelf_health", {})
    again = opened(home, minutes=32)
    await again.server.call("shelf_list", {})

    assert "1 effects are over and could not be ended" in json.dumps(health["data"])
    assert again.shelf.acted == ["take a"]


async def test_records_that_cannot_be_written_stop_no_read_and_repeat_no_end(home: Path) -> None:
    """A full disk must not blind the server, nor have it lift on every call what somebody set meanwhile."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    full(home)
    served = opened(home, minutes=31)
    answers = [await served.server.call("shelf_list", {}) for _ in range(2)]
    health = await served.server.call("shelf_health", {})

    assert [answer["status"] for answer in answers] == ["success"] * 2
    assert served.shelf.acted == ["take a"]
    assert "record of changes cannot be used" in json.dumps(health["data"])


async def test_change_whose_outcome_cannot_be_written_down_is_never_told_as_not_made(home: Path) -> None:
    """Whoever believed that would send it again."""
    served = opened(home)
    await served.act("shelf_put", name="b", minutes=30)
    full(home)
    answer = await served.act("shelf_put", name="a", minutes=30)

    record, error = answer["action"], answer["error"]
    assert isinstance(record, dict)
    assert isinstance(error, dict)
    assert (error["code"], record["state"], record["verified"]) == ("not_recorded", "unknown", True)
    assert things(home) == ["a", "b"]


async def test_later_change_at_the_same_target_takes_over_the_end(home: Path) -> None:
    """The first block's time must not lift the second one."""
    served = opened(home)
    await served.act("shelf_put", name="a", minutes=30)
    await served.act("shelf_put", name="a", minutes=120)
    served.shelf.now += timedelta(minutes=60)
    await served.server.call("shelf_list", {})
    between = things(home)
    served.shelf.now += timedelta(minutes=61)
    await served.server.call("shelf_list", {})

    assert (between, things(home)) == (["a"], [])


async def test_effect_that_a_person_took_back_is_not_ended_again(home: Path) -> None:
    """What somebody else set there meanwhile is theirs."""
    served = opened(home)
    await served.act("shelf_put", name="a", minutes=30)
    await served.act("shelf_take", name="a")
    (home / "shelf" / "a").write_text("by another hand")
    served.shelf.now += timedelta(hours=1)
    await served.server.call("shelf_list", {})

    assert things(home) == ["a"]


async def test_undo_that_was_not_done_leaves_the_end_in_place(home: Path) -> None:
    """An attempt to lift a block must not make it stay for ever."""
    served = opened(home)
    await served.act("shelf_put", name="a", minutes=30)
    served.shelf.trouble = "refuses"
    await served.act("shelf_take", name="a")
    served.shelf.trouble = "none"
    served.shelf.now += timedelta(hours=1)
    await served.server.call("shelf_list", {})

    assert things(home) == []


async def test_another_product_is_never_asked_to_end_it(home: Path) -> None:
    """Lifting at the new firewall what the old one blocks would read as lifted."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    other = opened(home, minutes=60, product="shelf 2")
    await other.server.call("shelf_list", {})
    same = opened(home, minutes=61)
    await same.server.call("shelf_list", {})

    assert (other.shelf.acted, same.shelf.acted) == ([], ["take a"])


async def test_read_only_server_ends_nothing_and_says_so(home: Path) -> None:
    """Read-only always wins; an operator who sets it is told what stays behind."""
    await opened(home).act("shelf_put", name="a", minutes=30)
    gate = Gate(KEY.public, "lab", lambda: pytest.fail("nothing is used up"))
    shelf = Shelf(home / "shelf")
    shelf.now += timedelta(hours=1)
    conditions = Conditions(gate=gate, actions=ActionStore(home / "actions.db"), read_only=True)
    served = serve(shelf, conditions=conditions, key=KEY)
    health = await served.server.call("shelf_health", {})

    assert (things(home), shelf.acted) == (["a"], [])
    assert "1 effects are over" in json.dumps(health["data"])


async def test_change_whose_process_was_killed_is_found_out_by_reading_back(home: Path) -> None:
    """Between the effect and the record lies a moment; whoever comes next looks instead of acting again."""
    killed(home)
    served = opened(home)
    again = await served.act("shelf_put", key="case-7", name="a", minutes=30)

    record = again["action"]
    assert isinstance(record, dict)
    assert (again["status"], record["state"], record["verified"], record["repeated"]) == ("success", "done", True, True)
    assert served.shelf.acted == []


async def test_killed_change_without_an_effect_is_unknown_and_never_a_success(home: Path) -> None:
    """It may still come, or have come and gone."""
    killed(home)
    (home / "shelf" / "a").unlink()
    served = opened(home)
    again = await served.act("shelf_put", key="case-7", name="a", minutes=30)

    record = again["action"]
    assert isinstance(record, dict)
    assert (again["status"], record["state"], record["verified"]) == ("error", "unknown", False)
    assert served.shelf.acted == []


async def test_killed_change_ends_in_time_too(home: Path) -> None:
    """The end was written down before the effect."""
    killed(home)
    served = opened(home, minutes=31)
    await served.server.call("shelf_list", {})

    assert (things(home), served.shelf.acted) == ([], ["take a"])


def test_change_that_could_not_be_ended_is_not_offered(home: Path) -> None:
    """Denying the undo alone would make every block eternal."""
    gate = Gate(KEY.public, "lab", lambda: pytest.fail("nothing is used up"))
    with pytest.raises(ConfigurationError, match="deny both"):
        serve(Shelf(home / "shelf"), conditions=Conditions(gate=gate, deny=frozenset({"shelf_take"})))
