"""The inbox: on disk before it is accepted, once however often it is sent, and never in two hands."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.intake.errors import InboxError
from agent.intake.inbox import LEASE_S, Inbox
from agent.intake.inbox_rows import ATTEMPTS, InboxRow, Incoming
from agent.models import World
from knowledge.trust.sqlite_files import transaction


class Clock:
    """Wall time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path / "work.db", clock)) as inbox:
        yield inbox


def incoming(number: int, world: World = "site", key: str | None = None, sender: str = "siem") -> Incoming:
    return Incoming(world, json.dumps({"n": number}).encode(), sender, None, key)


async def posted(inbox: Inbox, *numbers: int) -> list[int]:
    return [item.id for item in await inbox.post([incoming(number) for number in numbers])]


def leased(inbox: Inbox, owner: str = "w1", world: World = "site") -> InboxRow:
    row = inbox.lease(owner, world)
    assert row is not None
    return row


async def test_alert_is_on_disk_when_post_returns(inbox: Inbox) -> None:
    """Whoever opens the file now, after any crash of ours, finds it."""
    (number,) = await posted(inbox, 1)

    with closing(sqlite3.connect(inbox.path)) as other:
        assert other.execute("SELECT id, raw, status FROM inbox").fetchall() == [(number, b'{"n": 1}', "queued")]


async def test_file_that_cannot_be_written_accepts_nothing(inbox: Inbox) -> None:
    """A sender that was refused sends again; one that was told yes does not."""
    await posted(inbox, 1)
    with closing(sqlite3.connect(inbox.path)) as other:
        other.execute("DROP TABLE inbox")

    with pytest.raises(InboxError):
        await posted(inbox, 2)


async def test_many_senders_at_once_each_get_their_own_rows(inbox: Inbox) -> None:
    """Their alerts share transactions; the answers must not be mixed up."""
    batches = await asyncio.gather(*(posted(inbox, *range(50 * sender, 50 * sender + 50)) for sender in range(20)))

    for sender, rows in enumerate(batches):
        kept = [inbox.get(row) for row in rows]
        assert [json.loads(row.raw)["n"] for row in kept if row] == list(range(50 * sender, 50 * sender + 50))
    assert len({row for rows in batches for row in rows}) == 1000


async def test_many_long_alerts_at_once_are_not_one_transaction(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred of a megabyte each would be in memory several times over, and too much for one statement."""
    transactions = []

    def counted(db: sqlite3.Connection) -> AbstractContextManager[None]:
        transactions.append(1)
        return transaction(db)

    monkeypatch.setattr("agent.intake.inbox_writer.transaction", counted)
    long = [
        Incoming("site", json.dumps({"n": number, "text": "x" * 1_000_000}).encode(), "siem") for number in range(20)
    ]

    rows = await asyncio.gather(*(inbox.post([item]) for item in long))

    assert len({row.id for (row,) in rows}) == 20
    assert len(transactions) >= 3


async def test_same_alert_is_one_row_however_it_is_sent(inbox: Inbox) -> None:
    """Again later, again in the same request, and by two senders at once."""
    first = await inbox.post([incoming(1), incoming(2), incoming(1)])
    again = await asyncio.gather(inbox.post([incoming(2)]), inbox.post([incoming(2, sender="other")]))

    assert [(item.id == first[0].id, item.duplicate) for item in first] == [(True, False), (False, False), (True, True)]
    assert [(item.id, item.duplicate) for part in again for item in part] == [(first[1].id, True)] * 2
    assert inbox.counts("site").queued == 2


async def test_same_alert_in_the_other_world_is_another_row(inbox: Inbox) -> None:
    """What happens in the simulated enterprise never answers for the site."""
    site, lab = await inbox.post([incoming(1), incoming(1, "lab")])

    assert site.id != lab.id
    assert not lab.duplicate


async def test_senders_own_key_names_one_row(inbox: Inbox) -> None:
    """A retry whose time stamp differs is still the same; another sender's key of the same name is not."""
    first, retry, other = await inbox.post(
        [incoming(1, key="k"), incoming(2, key="k"), incoming(3, key="k", sender="other")]
    )

    assert (retry.id, retry.duplicate) == (first.id, True)
    assert (other.id != first.id, other.duplicate) == (True, False)


async def test_rows_are_leased_in_order_and_one_at_a_time(inbox: Inbox) -> None:
    """The second alert of a world waits for the first one's case, to join it; the other world does not."""
    rows = await posted(inbox, 1, 2)
    (lab,) = await inbox.post([incoming(1, "lab")])

    first = leased(inbox)
    assert first.id == rows[0]
    assert inbox.lease("w2", "site") is None
    assert leased(inbox, "w2", "lab").id == lab.id

    assert inbox.done(first.id, "w1", alert_id="a", case_id="C-1")
    assert leased(inbox, "w2").id == rows[1]


async def test_silent_worker_loses_its_row(inbox: Inbox, clock: Clock) -> None:
    """A killed one never says so. What it still tries to say afterwards changes nothing."""
    await posted(inbox, 1)
    row = leased(inbox, "killed")

    clock.now += LEASE_S - 1
    assert inbox.lease("next", "site") is None
    clock.now += 2
    taken = leased(inbox, "next")

    assert (taken.id, taken.begun) == (row.id, 2)
    assert not inbox.heartbeat(row.id, "killed")
    assert not inbox.done(row.id, "killed", alert_id="a", case_id="C-1")
    assert not inbox.failed(row.id, "killed", "late")
    assert inbox.done(row.id, "next", alert_id="a", case_id="C-2")


async def test_living_worker_keeps_its_row(inbox: Inbox, clock: Clock) -> None:
    """An investigation may take longer than a lease."""
    await posted(inbox, 1)
    row = leased(inbox)
    for _ in range(10):
        clock.now += LEASE_S - 1
        assert inbox.heartbeat(row.id, "w1")

    assert inbox.lease("w2", "site") is None


async def test_lease_from_before_the_clock_was_set_back_does_not_count(inbox: Inbox, clock: Clock) -> None:
    """Else a dead worker would hold its world up for as long as the clock was wrong."""
    await posted(inbox, 1)
    leased(inbox, "killed")
    clock.now -= 3600

    assert leased(inbox, "next").begun == 2


async def test_failing_row_is_tried_three_times_and_then_shown(inbox: Inbox, clock: Clock) -> None:
    """It waits between the attempts, lets others pass meanwhile, and is never thrown away."""
    bad, good = await posted(inbox, 1, 2)
    seen = []
    for attempt in range(ATTEMPTS):
        clock.now += 60
        row = leased(inbox)
        seen.append(row.id)
        assert inbox.failed(row.id, "w1", f"attempt {attempt}")
    between = leased(inbox)

    assert (seen, between.id) == ([bad] * ATTEMPTS, good)
    (failed,) = inbox.listed("failed", "site")
    assert (failed.id, failed.error, failed.raw) == (bad, "attempt 2", b'{"n": 1}')


async def test_others_pass_a_row_that_waits_for_its_next_attempt(inbox: Inbox) -> None:
    """One alert that breaks us does not hold up the queue."""
    bad, good = await posted(inbox, 1, 2)
    inbox.failed(leased(inbox).id, "w1", "broken")

    assert leased(inbox).id == good
    assert bad != good


async def test_row_that_kills_its_workers_is_put_aside(inbox: Inbox, clock: Clock) -> None:
    """Else it would kill the next one, for ever."""
    (row,) = await posted(inbox, 1)
    for _ in range(ATTEMPTS):
        leased(inbox, "killed")
        clock.now += LEASE_S + 1

    assert inbox.lease("next", "site") is None
    (failed,) = inbox.listed("failed", "site")
    assert failed.id == row
    assert failed.error


async def test_attempt_that_could_not_be_made_does_not_count(inbox: Inbox, clock: Clock) -> None:
    """A full disk is no fault of the alert: it waits as long as that takes."""
    await posted(inbox, 1)
    for _ in range(10):
        row = leased(inbox)
        assert inbox.put_off(row.id, "w1", "disk full")
        assert inbox.lease("w1", "site") is None
        clock.now += 60

    assert leased(inbox).attempts == 1
    assert leased_begun(inbox) == 11


def leased_begun(inbox: Inbox) -> int:
    (row,) = inbox.listed("working", "site")
    return row.begun


async def test_failed_row_can_be_retried_and_remembers_that_it_was_begun(inbox: Inbox) -> None:
    """Its alert may be in a case already; who works on it next has to know."""
    (number,) = await posted(inbox, 1)
    inbox.failed(leased(inbox).id, "w1", "unreadable", final=True)

    retried = inbox.retry(number)

    assert retried is not None
    assert (retried.status, retried.attempts) == ("queued", 0)
    assert leased(inbox).begun == 2
    assert inbox.retry(999) is None


async def test_retry_leaves_alone_what_did_not_fail(inbox: Inbox) -> None:
    """A second click does not investigate twice."""
    (number,) = await posted(inbox, 1)
    inbox.done(leased(inbox).id, "w1", alert_id="a", case_id="C-1")

    row = inbox.retry(number)

    assert row is not None
    assert row.status == "done"


async def test_counts_tell_the_age_of_what_waits_longest(inbox: Inbox, clock: Clock) -> None:
    """A queue that is long is busy; one whose oldest alert gets older is stuck."""
    await posted(inbox, 1, 2, 3)
    clock.now += 90
    inbox.done(leased(inbox).id, "w1", alert_id="a", case_id="C-1")
    leased(inbox)

    counts = inbox.counts("site")

    assert (counts.queued, counts.working, counts.done, counts.failed, counts.oldest_waiting_s) == (1, 1, 1, 0, 90)
    assert inbox.counts("lab").oldest_waiting_s == 0
    assert inbox.waiting() == 1


async def test_only_what_was_dealt_with_is_forgotten(inbox: Inbox, clock: Clock) -> None:
    """Waiting and failed alerts stay whatever their age."""
    rows = await posted(inbox, 1, 2, 3)
    inbox.done(leased(inbox).id, "w1", alert_id="a", case_id="C-1")
    inbox.failed(leased(inbox).id, "w1", "unreadable", final=True)
    clock.now += 10 * 86_400

    assert inbox.prune(datetime.fromtimestamp(clock.now - 86_400, UTC)) == 1
    assert [inbox.get(row) is None for row in rows] == [True, False, False]


async def test_workers_are_seen_and_forgotten_after_a_day(inbox: Inbox, clock: Clock) -> None:
    """The page says whether anybody works."""
    inbox.seen("old", 1)
    clock.now += 86_401
    inbox.seen("new", 2)

    assert [(worker.name, worker.pid) for worker in inbox.workers()] == [("new", 2)]


async def test_closed_inbox_accepts_nothing(inbox: Inbox) -> None:
    """An answer that will never come is worse than a refusal."""
    inbox.close()

    with pytest.raises(InboxError, match="closed"):
        await posted(inbox, 1)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With a message that names it, at the start."""
    path = tmp_path / "work.db"
    path.write_text("not a database, but long enough to be looked at as one", encoding="utf-8")

    with pytest.raises(InboxError, match=r"work\.db"):
        Inbox(path)
