"""Real processes, really killed: no accepted alert is lost, none ends in two cases."""

import json
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace

import httpx
import pytest

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.intake.inbox import Inbox
from agent.intake.inbox_rows import Incoming
from agent.models import JsonObject, utc_now
from tests.real import free_port
from tests.ui.conftest import CommandLine
from ui.api.keyring import local_token
from ui.home import Home

KILLS = 3
ALERTS = 40
SENDERS = 8
START_S = 60.0


@pytest.fixture
def product(run: CommandLine) -> CommandLine:
    """A product whose log says what it works on."""
    return replace(run, environment={"MCPSOC_LOG_LEVEL": "info", "MCPSOC_API_RATE_PER_S": "100000"})


@pytest.fixture
def home(product: CommandLine) -> Home:
    return Home(product.home).make()


def alert(number: int) -> JsonObject:
    """A failed sign-in at a host of its own: no two of them belong together."""
    return {
        "timestamp": f"2026-11-18T07:{number // 60 % 60:02d}:{number % 60:02d}.000+0000",
        "rule": {"level": 5, "description": "one sign-in failed", "id": "5716", "groups": ["syslog", "sshd"]},
        "agent": {"id": f"{number:03d}", "name": f"host-{number}", "ip": f"10.40.{number // 250}.{number % 250}"},
        "id": f"1795075111.{number}",
        "decoder": {"name": "sshd"},
        "data": {"srcip": f"10.41.{number // 250}.{number % 250}", "dstuser": f"user{number}"},
        "location": "/var/log/auth.log",
    }


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """SIGKILL, whatever it is at."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def ready(url: str) -> None:
    """Return once the service answers."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            threading.Event().wait(0.05)
    raise AssertionError("the API did not start")


def work_through(product: CommandLine, home: Home, rows: int) -> None:
    """Let a worker finish everything, and end it the way it wants to be ended."""
    with killed_at_the_end(product.start("worker")) as worker:
        for _ in worked(worker):
            with closing(Inbox(home.work)) as inbox:
                if inbox.counts("site").done == rows:
                    break
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
        assert worker.returncode == 0


def worked(worker: subprocess.Popen[str]) -> Iterator[str]:
    """What a worker's log says about rows."""
    assert worker.stderr is not None
    return (line for line in worker.stderr if "worked row=" in line)


def let_leases_run_out(home: Home) -> None:
    """What the time does by itself a few seconds after a worker was killed."""
    with closing(sqlite3.connect(home.work, timeout=30)) as db, db:
        db.execute("UPDATE inbox SET lease_until = 0 WHERE status = 'working'")


def alerts_in_cases(home: Home) -> Counter[str]:
    """How often each alert is in a case, or was counted as a repeat of one."""
    store = CaseStore(home.cases_url)
    lines = store.list_cases(CaseQuery(now=utc_now(), limit=10_000))
    found = Counter(alert.alert_id for line in lines for alert in store.get(line.id).alerts)
    assert sum(line.repeats for line in lines) == 0
    store.dispose()
    return found


@pytest.mark.thorough
def test_api_killed_while_it_accepts_loses_nothing_it_accepted(product: CommandLine, home: Home) -> None:
    """Senders post from all sides, the process is killed, and every answer that was 202 is a row afterwards."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    numbers = iter(range(1, 100_000))
    accepted: list[str] = []
    enough = threading.Event()

    def send() -> None:
        headers = {"authorization": f"Bearer {local_token(home)}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            while True:
                body = alert(next(numbers))
                try:
                    answer = client.post("/alerts", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 202
                accepted.append(str(body["id"]))
                if len(accepted) >= 100:
                    enough.set()

    with killed_at_the_end(product.start("api", "--port", str(port))) as api, ThreadPoolExecutor(SENDERS) as senders:
        ready(url)
        sending = [senders.submit(send) for _ in range(SENDERS)]
        assert enough.wait(START_S)
        api.kill()
        for future in sending:
            future.result()

    with closing(Inbox(home.work)) as inbox:
        rows = inbox.listed("queued", "site", limit=100_000)
    kept = Counter(json.loads(row.raw)["id"] for row in rows)
    assert set(accepted) <= set(kept)
    assert set(kept.values()) == {1}
    assert len(kept) - len(accepted) <= SENDERS


@pytest.mark.thorough
async def test_worker_killed_again_and_again_handles_each_alert_once(product: CommandLine, home: Home) -> None:
    """At a moment of chance each time; the alert at hand is in no case or in one, never in two."""
    seed = time.time_ns()
    chance = random.Random(seed)
    with closing(Inbox(home.work)) as inbox:
        await post(inbox, ALERTS)
    for _ in range(KILLS):
        with killed_at_the_end(product.start("worker")) as worker:
            lines = worked(worker)
            for _ in range(chance.randint(1, ALERTS // (2 * KILLS))):
                next(lines)
            threading.Event().wait(chance.uniform(0, 0.06))
        let_leases_run_out(home)

    work_through(product, home, ALERTS)

    found = alerts_in_cases(home)
    assert found == Counter(str(alert(number)["id"]) for number in range(ALERTS)), f"seed {seed}"


async def post(inbox: Inbox, count: int) -> None:
    await inbox.post([Incoming("site", json.dumps(alert(number)).encode(), "siem") for number in range(count)])
