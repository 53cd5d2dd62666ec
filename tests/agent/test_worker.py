"""The worker: every alert ends in one case, whatever kills whom and when."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.cases import CaseStore
from agent.cases.errors import StoreError
from agent.cases.queries import CaseQuery
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.intake.inbox import LEASE_S, Inbox
from agent.intake.inbox_rows import Incoming
from agent.models import Case, HumanVerdict, World
from agent.playbooks.format import load_playbooks
from agent.pulse import LeaseLostError, Pulse
from agent.settings import Settings
from agent.worker import Worked, WorldDesk, work
from knowledge.trust.audit import AuditLog

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """Wall time of the inbox, which moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Office:
    """An inbox, analysts, and what workers told."""

    inbox: Inbox
    analyst: Analyst
    clock: Clock
    opened: int = 0
    current: bool = True
    at_desk: Analyst | None = None

    async def post(self, *bodies: dict[str, object]) -> list[int]:
        items = [Incoming("site", json.dumps(body).encode(), "siem") for body in bodies]
        return [posted.id for posted in await self.inbox.post(items)]

    @asynccontextmanager
    async def open_desk(self, world: World) -> AsyncIterator[WorldDesk]:
        self.opened += 1
        self.current = True
        assert self.at_desk is not None
        yield WorldDesk(self.at_desk, lambda: self.current)

    async def work(self, until: int, analyst: Analyst | None = None, name: str = "w1") -> list[Worked]:
        """Run a worker until that many attempts have ended."""
        stop, ended = asyncio.Event(), list[Worked]()

        def hear(worked: Worked) -> None:
            ended.append(worked)
            if len(ended) == until:
                stop.set()

        self.at_desk = analyst or self.analyst
        async with asyncio.timeout(30):
            await work(self.inbox, self.open_desk, name=name, worlds=("site",), stop=stop, on_event=hear)
        return ended

    def cases(self) -> list[Case]:
        store = self.analyst.store
        return [store.get(line.id) for line in store.list_cases(CaseQuery(now=NOW, sort="recent"))]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def office(tmp_path: Path, clock: Clock) -> AsyncIterator[Office]:
    """A site without any server."""
    settings = Settings(home=tmp_path)
    async with AsyncExitStack() as stack:
        inbox = stack.enter_context(closing(Inbox(tmp_path / "work.db", clock)))
        audit = stack.enter_context(closing(AuditLog(settings.audit_path)))
        store = CaseStore(settings.cases_url)
        stack.callback(store.dispose)
        host = await stack.enter_async_context(Host([], settings=settings, pins=PinStore()))
        analyst = Analyst(host, store, PlaybookBrain(), load_playbooks(), audit, settings, lambda _: NOW)
        yield Office(inbox, analyst, clock)


def alert(number: int, **changes: object) -> dict[str, object]:
    """A failed sign-in at a host of its own: no two of them belong together."""
    return {
        "id": f"a-{number}",
        "timestamp": NOW.isoformat(),
        "title": "Sign-in failed",
        "rule": {"id": "r-1", "name": "Sign-in failed"},
        "source.ip": f"198.51.100.{number}",
        "host.name": f"vpn-{number}",
        **changes,
    }


class Killed(BaseException):
    """The process is gone: nothing of ours gets to see this."""


class BreakingStore(CaseStore):
    """A case store that breaks at its next saves, before or after they are on disk."""

    def __init__(self, url: str, *errors: BaseException, saves_first: bool = False) -> None:
        super().__init__(url)
        self._errors = list(errors)
        self._saves_first = saves_first

    def save(self, case: Case) -> Case:
        if not self._errors:
            return super().save(case)
        if self._saves_first:
            super().save(case)
        raise self._errors.pop(0)


@contextmanager
def breaking(office: Office, *errors: BaseException, saves_first: bool = False) -> Iterator[Analyst]:
    """The analyst over a store that breaks."""
    store = BreakingStore(office.analyst.store.url, *errors, saves_first=saves_first)
    yield replace(office.analyst, store=store)
    store.dispose()


class PickyStore(CaseStore):
    """A case store that has trouble with one alert, always."""

    def __init__(self, url: str, alert_id: str) -> None:
        super().__init__(url)
        self._alert_id = alert_id

    def save(self, case: Case) -> Case:
        if any(item.alert_id == self._alert_id for item in case.alerts):
            raise StoreError("pattern too complex")
        return super().save(case)


@contextmanager
def picky(office: Office, alert_id: str) -> Iterator[Analyst]:
    """The analyst over a store that never takes one alert."""
    store = PickyStore(office.analyst.store.url, alert_id)
    yield replace(office.analyst, store=store)
    store.dispose()


async def test_alerts_become_cases_in_order(office: Office) -> None:
    """The row says which alert it was and which case it is in."""
    rows = await office.post(alert(1), alert(2), alert(3))

    worked = await office.work(3)

    assert [(item.row.id, item.outcome, item.case_id) for item in worked] == [
        (rows[0], "done", "C-1"),
        (rows[1], "done", "C-2"),
        (rows[2], "done", "C-3"),
    ]
    row = office.inbox.get(rows[1])
    assert row is not None
    assert (row.status, row.alert_id, row.case_id) == ("done", "a-2", "C-2")


@pytest.mark.parametrize("saves_first", [False, True], ids=["before it is saved", "after it is saved"])
async def test_worker_killed_at_the_save_leaves_one_case(office: Office, *, saves_first: bool) -> None:
    """Between the case and the inbox there is no common transaction: the next worker looks before it investigates."""
    await office.post(alert(1))
    with breaking(office, Killed(), saves_first=saves_first) as analyst, pytest.raises(BaseExceptionGroup):
        await office.work(1, analyst, name="killed")

    office.clock.now += LEASE_S + 1
    (worked,) = await office.work(1, name="next")

    assert (worked.outcome, worked.row.begun) == ("done", 2)
    (case,) = office.cases()
    assert (case.id, len(case.alerts), case.duplicates) == (worked.case_id, 1, {})
    assert case.report is not None


async def test_case_closed_before_the_takeover_is_not_opened_again(office: Office) -> None:
    """The alert is in it: that somebody was quicker than the next worker changes nothing."""
    await office.post(alert(1))
    with breaking(office, Killed(), saves_first=True) as analyst, pytest.raises(BaseExceptionGroup):
        await office.work(1, analyst, name="killed")
    verdict = HumanVerdict(at=NOW, author="kim", disposition="true_positive", reason_code="confirmed_attack")
    office.analyst.store.close("C-1", verdict)

    office.clock.now += LEASE_S + 1
    await office.work(1)

    assert [(case.id, case.status) for case in office.cases()] == [("C-1", "closed")]


async def test_alert_that_breaks_us_is_tried_again_and_then_done(office: Office) -> None:
    """One failure may be chance; what it was is kept until it succeeds."""
    (number,) = await office.post(alert(1))
    with breaking(office, ValueError("chance")) as analyst:
        (first,) = await office.work(1, analyst)
    row = office.inbox.get(number)
    office.clock.now += 60
    (second,) = await office.work(1)

    assert (first.outcome, first.error, second.outcome) == ("again", "ValueError: chance", "done")
    assert row is not None
    assert (row.status, row.error) == ("queued", "ValueError: chance")
    assert len(office.cases()) == 1


async def test_alert_that_always_breaks_us_is_put_aside_and_the_next_one_handled(office: Office) -> None:
    """It is shown as failed with the reason, and costs nobody else anything."""
    bad, good = await office.post(alert(1), alert(2))
    outcomes = []
    with breaking(office, *(ValueError("always") for _ in range(3))) as analyst:
        for _ in range(3):
            (worked,) = await office.work(1, analyst)
            outcomes.append(worked.outcome)
            office.clock.now += 60
    (last,) = await office.work(1)

    assert outcomes == ["again", "again", "failed"]
    assert (last.row.id, last.outcome) == (good, "done")
    assert [(row.id, row.error) for row in office.inbox.listed("failed", "site")] == [(bad, "ValueError: always")]


async def test_trouble_of_ours_counts_against_no_alert(office: Office) -> None:
    """While a disk is full, a thousand alerts wait; none is given up."""
    (number,) = await office.post(alert(1))
    trouble = [StoreError("disk full") for _ in range(4)]
    with breaking(office, *trouble) as analyst:
        for _ in trouble:
            (worked,) = await office.work(1, analyst)
            assert worked.outcome == "put_off"
            office.clock.now += 60
    row = office.inbox.get(number)
    (done,) = await office.work(1)

    assert row is not None
    assert (row.status, row.attempts, row.error) == ("queued", 0, "StoreError: disk full")
    assert done.outcome == "done"


async def test_trouble_that_others_do_not_have_is_the_alerts_own(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that upsets the database would otherwise be investigated again and again for ever."""
    monkeypatch.setattr("agent.worker.TROUBLE_S", 0.01)
    bad, good = await office.post(alert(1), alert(2))
    stop, told = asyncio.Event(), list[Worked]()

    def hear(worked: Worked) -> None:
        told.append(worked)
        office.clock.now += 60 if len(told) > 1 else 0
        if worked.outcome == "failed":
            stop.set()

    with picky(office, "a-1") as analyst:
        office.at_desk = analyst
        async with asyncio.timeout(30):
            await work(office.inbox, office.open_desk, name="w", worlds=("site",), stop=stop, on_event=hear)

    assert [(item.row.id, item.outcome) for item in told] == [
        (bad, "put_off"),
        (good, "done"),
        (bad, "again"),
        (bad, "again"),
        (bad, "failed"),
    ]


async def test_worker_that_hangs_gives_its_row_away_and_says_so(office: Office) -> None:
    """Nothing in a process can end a step that never comes back; another process has to take over."""
    (number,) = await office.post(alert(1))
    stuck = threading.Event()
    with Pulse(office.inbox, "hangs", beat_s=0.01, on_stuck=lambda _: stuck.set()) as pulse:
        assert office.inbox.lease("hangs", "site") is not None
        with pulse.holding(number, longest_s=0.05):
            assert await asyncio.to_thread(stuck.wait, 10)
            office.clock.now += LEASE_S + 1
            taken = office.inbox.lease("next", "site")

    assert taken is not None
    assert (taken.id, taken.lease_owner, taken.attempts) == (number, "next", 2)


async def test_what_is_no_alert_is_put_aside_at_once(office: Office) -> None:
    """Trying again would not make it one."""
    await office.post({"no": "alert"})

    (worked,) = await office.work(1)

    assert worked.outcome == "failed"
    assert [row.attempts for row in office.inbox.listed("failed", "site")] == [1]


async def test_stopping_finishes_the_alert_at_hand(office: Office) -> None:
    """SIGTERM costs no work; what was not begun waits for the next worker."""
    rows = await office.post(alert(1), alert(2))

    await office.work(1)

    kept = [office.inbox.get(row) for row in rows]
    assert [row.status for row in kept if row] == ["done", "queued"]


async def test_worker_that_was_taken_over_saves_nothing(office: Office) -> None:
    """It was stopped, not killed (a suspended machine), and wakes up in the middle of an investigation."""
    (number,) = await office.post(alert(1))
    with Pulse(office.inbox, "asleep", beat_s=3600) as pulse:
        office.inbox.lease("asleep", "site")
        with pulse.holding(number):
            pulse.check(number)
            office.clock.now += LEASE_S + 1
            assert office.inbox.lease("next", "site") is not None

            with pytest.raises(LeaseLostError):
                pulse.beat(number)
            with pytest.raises(LeaseLostError):
                pulse.check(number)


async def test_desk_is_opened_anew_when_its_files_were_replaced(office: Office) -> None:
    """`mcpsoc demo` makes the lab anew under a worker that has it open."""
    await office.post(alert(1), alert(2))

    await office.work(1)
    office.current = False
    await office.work(1)

    assert office.opened == 2
    assert len(office.cases()) == 2


async def test_workers_side_by_side_share_the_rows(office: Office) -> None:
    """Any number may run: each row is worked on once."""
    rows = await office.post(*(alert(number) for number in range(1, 21)))
    stop, done = asyncio.Event(), list[int]()

    def hear(worked: Worked) -> None:
        done.append(worked.row.id)
        if len(done) == len(rows):
            stop.set()

    office.at_desk = office.analyst
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(3):
            coroutine = work(
                office.inbox, office.open_desk, name=f"w{number}", worlds=("site",), stop=stop, on_event=hear
            )
            group.create_task(coroutine)

    assert sorted(done) == rows
    assert len(office.cases()) == len(rows)
