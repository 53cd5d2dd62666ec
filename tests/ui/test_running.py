"""`mcpsoc ui` as a person runs it: three processes that come up together, survive each other and end together."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ui.cli.keeping import door
from ui.errors import UsageError
from ui.home import Home
from ui.running import Crew, Part, free_port

PATIENCE_S = 40.0


@dataclass(frozen=True, slots=True)
class Running:
    """One `mcpsoc ui` and what it said about itself."""

    process: "subprocess.Popen[bytes]"
    said: dict[str, str]

    def children(self) -> dict[str, int]:
        """Process id by the part's name."""
        found: dict[str, int] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                if _parent(entry) == self.process.pid:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[words[words.index(b"ui") + 1].decode()] = int(entry.name)
        return found


def _parent(entry: Path) -> int:
    return int((entry / "stat").read_text().rpartition(")")[2].split()[1])


def _alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about yet does not."""
    with suppress(OSError):
        return (Path(f"/proc/{pid}") / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _until(holds: Callable[[], bool]) -> bool:
    """Whether it came to hold in time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def _healthy(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health", trust_env=False, timeout=5).status_code == httpx.codes.OK
    return False


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """On a home without anything, which stays without a demo."""
    command = [sys.executable, "-m", "ui", "ui", "--port", "0", "--api-port", "0", "--no-demo", "--json"]
    environment = {**os.environ, "MCPSOC_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        text = b""
        while not text.rstrip().endswith(b"}"):
            line = process.stdout.readline()
            assert line, f"mcpsoc ui ended: {process.poll()}"
            text += line
        try:
            yield Running(process, json.loads(text))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(PATIENCE_S)


def test_everything_comes_up_and_ctrl_c_ends_all(running: Running) -> None:
    """Nothing is left behind at the end."""
    children = running.children()
    assert set(children) == {"api", "worker", "page"}
    assert httpx.get(running.said["page"], trust_env=False, follow_redirects=True).status_code == httpx.codes.OK
    assert _healthy(running.said["api"])

    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE_S) == 0
    assert not any(_alive(pid) for pid in children.values())


async def test_a_part_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    """Each time, until the end is asked for; and each time is told."""
    ended: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    crew = Crew([Part("short", ("--version",))], tmp_path, lambda name, code: ended.put_nowait((name, code)))
    running = asyncio.create_task(crew.run(lambda: None))

    async with asyncio.timeout(PATIENCE_S):
        assert [await ended.get(), await ended.get()] == [("short", 0), ("short", 0)]
        crew.stop()
        await running


@pytest.mark.thorough
def test_a_killed_api_comes_back_and_no_process_outlives_the_one_that_started_it(running: Running) -> None:
    """A crashed process costs seconds, not the night. Whoever is killed cannot tell its processes; they look
    for themselves."""
    children = running.children()

    os.kill(children["api"], signal.SIGKILL)
    assert _until(lambda: running.children().get("api", children["api"]) != children["api"])
    assert _until(lambda: _healthy(running.said["api"]))

    after = running.children()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(PATIENCE_S)

    assert _until(lambda: not any(_alive(pid) for pid in after.values()))


def test_a_port_in_use_is_told_before_anything_starts() -> None:
    """Two of them on one port would serve each other's pages."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]

        with pytest.raises(UsageError, match=str(taken)):
            free_port(taken)


def test_browser_is_not_started_with_the_token(tmp_path: Path) -> None:
    """Command lines are seen by everybody on the machine; a file of ours by its owner."""
    path = door(Home(tmp_path), "http://127.0.0.1:1/enter?token=secret&lang=en")

    assert path.stat().st_mode & 0o077 == 0
    assert "secret" not in path.as_uri()
    assert "url=http://127.0.0.1:1/enter?token=secret&amp;lang=en" in path.read_text(encoding="utf-8")
