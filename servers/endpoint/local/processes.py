"""What runs on this machine now, by psutil and proc.

A process is a pid and the time it started: a pid alone is used again. Source: proc(5), psutil.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from servers.kit.answer import JsonObject
from servers.kit.envelope import iso

if TYPE_CHECKING:
    import psutil

MOST: Final = 10_000
"""Processes that are looked at."""
CLIP: Final = 1_000
"""Characters of a command line or path that are kept."""
SAME: Final = timedelta(milliseconds=25)
"""The kernel counts start times in ticks of 10 ms."""
_KERNEL_THREAD: Final = 0x00200000
"""PF_KTHREAD among the flags of proc(5) `stat`."""
_FLAGS: Final = 6
"""Place of the flags behind the name in `stat`."""

_ASKED: Final = (
    *("ppid", "name", "exe", "cmdline", "uids", "gids", "username", "status", "cwd", "num_threads", "nice"),
    *("memory_info", "cpu_times", "create_time"),
)


@dataclass(frozen=True, slots=True)
class Proc:
    """One process. What the system did not let us see is empty or None."""

    pid: int
    parent: int
    started: datetime
    name: str
    """As the process calls itself: it can call itself anything."""
    exe: str = ""
    command_line: str = ""
    uid: int | None = None
    gid: int | None = None
    user: str | None = None
    state: str = ""
    cwd: str = ""
    threads: int | None = None
    nice: int | None = None
    resident: int | None = None
    """Bytes."""
    user_ms: int | None = None
    system_ms: int | None = None
    hidden: bool = False
    """Whether the system kept its program from us."""

    @property
    def entity(self) -> str:
        """What names exactly this process."""
        return entity(self.pid, self.started)

    @property
    def image(self) -> str:
        """The path of its program, without what the kernel adds when the file is gone."""
        return self.exe.removesuffix(" (deleted)")

    @property
    def on_disk(self) -> bool | None:
        """Whether the file of its program is there; None where its path is not known."""
        return None if not self.exe.startswith("/") else not self.exe.endswith(" (deleted)")

    def event(self, host: str) -> JsonObject:
        """As a process start in ECS fields."""
        found: JsonObject = {
            "@timestamp": iso(self.started),
            "event.id": self.entity,
            "event.source": "endpoint",
            "event.category": "process",
            "event.action": "start",
            "host.name": host,
            "process.entity_id": self.entity,
            "process.pid": self.pid,
        }
        more = {
            "process.executable": self.image,
            "process.command_line": self.command_line,
            "user.name": self.user,
            "user.id": None if self.uid is None else str(self.uid),
        }
        return {**found, **{name: value for name, value in more.items() if value}}


def entity(pid: int, started: datetime) -> str:
    """The name of a process that started then."""
    return f"{pid}-{round(started.timestamp() * 1000)}"


def snapshot() -> list[Proc]:
    """All processes, by pid; those that end meanwhile are left out."""
    import psutil

    found: list[Proc] = []
    for process in psutil.process_iter():
        if len(found) >= MOST:
            break
        try:
            with process.oneshot():
                found.append(_seen(process))
        except psutil.Error:
            continue
    return found


def one(pid: int, started: datetime) -> Proc | None:
    """The process of that pid that started then; None when there is no such one, or only its remains."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            seen = _seen(process)
    except psutil.Error:
        return None
    return seen if abs(seen.started - started) <= SAME and seen.state != psutil.STATUS_ZOMBIE else None


def is_kernel_thread(pid: int) -> bool:
    """Whether there is no program behind it."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return bool(int(words[_FLAGS]) & _KERNEL_THREAD)
    except (OSError, IndexError, ValueError):
        return False


def unit_of(pid: int) -> str:
    """The unit of systemd that a process belongs to, such as ssh.service; empty where there is none."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace")
    except OSError:
        return ""
    parts = [part for line in text.splitlines() for part in line.split("/") if part.endswith((".service", ".scope"))]
    return parts[-1] if parts else ""


def kin(processes: list[Proc], pid: int) -> frozenset[int]:
    """A process, all above it and all below it."""
    parents = {each.pid: each.parent for each in processes}
    return frozenset({pid, *_above(parents, pid), *_below(parents, pid)})


def _above(parents: dict[int, int], pid: int) -> Iterator[int]:
    seen = {pid}
    while (pid := parents.get(pid, 0)) and pid not in seen:
        seen.add(pid)
        yield pid


def _below(parents: dict[int, int], pid: int) -> set[int]:
    found, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def plain(text: str) -> str:
    """Text that can be stored and sent: bytes that are none stand as escapes, and it is bounded."""
    return text[:CLIP].encode("utf-8", "backslashreplace").decode()


def _seen(process: "psutil.Process") -> Proc:
    """Raises: psutil.Error when it is gone, or may not be seen at all."""
    import psutil

    info = process.as_dict(_ASKED)
    uids, gids, memory, times = (info[name] for name in ("uids", "gids", "memory_info", "cpu_times"))
    if info["create_time"] is None:
        raise psutil.NoSuchProcess(process.pid)
    return Proc(
        pid=process.pid,
        parent=info["ppid"] or 0,
        started=datetime.fromtimestamp(info["create_time"], UTC),
        name=plain(info["name"] or ""),
        exe=plain(info["exe"] or ""),
        command_line=plain(" ".join(info["cmdline"] or ())),
        uid=None if uids is None else uids.real,
        gid=None if gids is None else gids.real,
        user=None if info["username"] is None else plain(info["username"]),
        state=info["status"] or "",
        cwd=plain(info["cwd"] or ""),
        threads=info["num_threads"],
        nice=info["nice"],
        resident=None if memory is None else memory.rss,
        user_ms=None if times is None else round(times.user * 1000),
        system_ms=None if times is None else round(times.system * 1000),
        hidden=info["exe"] is None and info["status"] != psutil.STATUS_ZOMBIE,
    )
