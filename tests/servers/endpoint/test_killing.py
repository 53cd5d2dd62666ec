"""Real processes of this machine, seen with whoever started them, and ended one at a time."""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest

from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from tests.servers.acting import Analyst, analyst, part
from tests.servers.endpoint.processes import child, since, stranger

SLEEPER = ("sleep", "300")


@pytest.fixture
def soc(tmp_path: Path) -> Analyst:
    """A server that may end processes."""
    return analyst(build, EndpointSettings(backend="local", kill=True), tmp_path)


def dead(process: psutil.Process) -> bool:
    """Whether it ended, cleared away by its parent or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_running_process_is_shown_with_its_parent(soc: Analyst) -> None:
    """Who started what is the core of most investigations."""
    words = [sys.executable, "-c", "input()", "--user-wrote-this"]
    with child(*words) as started:
        process = psutil.Process(started.pid)
        name = f"{process.pid}-{round(process.create_time() * 1000)}"
        found = await soc.asks("process_tree", host="localhost", process_id=name, at=since(process))

    rows = {row["depth"]: row for row in part(found, "data", "processes")}
    assert rows[0]["process.pid"] == process.pid
    assert rows[0]["process.command_line"].endswith("--user-wrote-this")
    assert rows[-1]["process.pid"] == os.getpid()
    assert rows[0]["process.parent.entity_id"] == rows[-1]["process.entity_id"]
    assert any("command_line" in path for path in part(found, "untrusted"))
    assert not any("process.pid" in path for path in part(found, "untrusted"))


async def test_without_an_audit_log_absence_is_not_called_nothing(soc: Analyst) -> None:
    """What ended before it was looked at is not known here."""
    found = await soc.asks("process_tree", host="localhost", process_id="/no/such", at="2026-11-21T00:00:00Z")

    assert (found["status"], part(found, "error", "code")) == ("stale", "not_covered")


async def test_process_is_ended_and_read_back(soc: Analyst) -> None:
    """The plan says that there is no way back; the process table says that it is gone."""
    with stranger(*SLEEPER) as process:
        target = {"host": "localhost", "pid": process.pid, "started": since(process)}
        plan = await soc.plans("kill_process", **target)
        before = dead(process)
        done = await soc.does("kill_process", **target)

        assert not before
        assert dead(process)
    assert part(plan, "action", "undo") is None
    assert "irreversible" in part(plan, "action", "blast_radius")
    assert part(done, "action", "verified") is True


async def test_pid_that_is_used_again_is_refused(soc: Analyst) -> None:
    """The number alone names whoever has it now."""
    with stranger(*SLEEPER) as process:
        earlier = (datetime.fromisoformat(since(process)) - timedelta(seconds=1)).isoformat()
        done = await soc.does("kill_process", host="localhost", pid=process.pid, started=earlier)

        assert not dead(process)
    assert part(done, "error", "code") == "not_found"


async def test_own_kin_and_the_first_process_are_refused(soc: Analyst) -> None:
    """A server that ends itself, what it works with, or the machine, helps the attacker."""
    with child(*SLEEPER) as ours:
        for pid in (1, os.getpid(), os.getppid(), ours.pid):
            started = since(psutil.Process(pid))
            done = await soc.does("kill_process", host="localhost", pid=pid, started=started)
            assert part(done, "error", "code") == "protected_target", pid
        assert ours.poll() is None


async def test_protected_program_is_refused_whatever_it_calls_itself(tmp_path: Path) -> None:
    """Named by its file; and malware that calls itself like a protected program is not protected by that."""
    soc = analyst(build, EndpointSettings(backend="local", kill=True, protected_processes=("sleep",)), tmp_path)
    with stranger("bash", "-c", "exec -a innocent sleep 300") as service, stranger(*LIAR) as liar:
        done = [
            await soc.does("kill_process", host="localhost", pid=each.pid, started=since(each))
            for each in (service, liar)
        ]
        assert not dead(service)
        assert dead(liar)
    assert part(done[0], "error", "code") == "protected_target"


LIAR = (sys.executable, "-c", "open('/proc/self/comm', 'w').write('sleep'); import time; time.sleep(300)")


async def test_kernel_thread_is_refused(soc: Analyst) -> None:
    """There is no program to end."""
    threads = [each for each in psutil.process_iter() if each.ppid() == 2]
    if not threads:
        pytest.skip("no kernel thread is seen from here")
    done = await soc.plans("kill_process", host="localhost", pid=threads[0].pid, started=since(threads[0]))

    assert "kernel_thread" in str(part(done, "action", "guards"))


async def test_nothing_is_ended_where_nobody_switched_it_on(tmp_path: Path) -> None:
    """It cannot be taken back, so that it takes a setting."""
    soc = analyst(build, EndpointSettings(backend="local"), tmp_path)

    assert "endpoint_kill_process" not in soc.server.tools


async def test_other_machine_is_not_this_one(soc: Analyst) -> None:
    """An answer about the wrong machine would be believed."""
    found = await soc.asks("get_host", host="mail-01")

    assert part(found, "error", "code") == "unknown_host"
