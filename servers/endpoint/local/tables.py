"""Tables of this machine, with the names and columns that osquery gives them, as far as they can be filled here.

The environment of processes is left out on purpose: credentials lie there.
Source: osquery.io/schema.
"""

import grp
import os
import platform
import pwd
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.endpoint.local.auditlog import AuditLog
from servers.endpoint.local.connections import sockets
from servers.endpoint.local.logons import UTMP, WTMP, cut, logons
from servers.endpoint.local.machine import SENSOR
from servers.endpoint.local.processes import plain, snapshot
from servers.endpoint.local.query import Rows, Table, answer
from servers.endpoint.models import QueryResult
from servers.kit import Problem, Reply, paged

_WORDS: Final = re.compile(r"\s+")
_USER_CRONTABS: Final = (Path("/var/spool/cron/crontabs"), Path("/var/spool/cron"))
"""Of Debian, and of Red Hat."""
_MOST_TEXT: Final = 1_000_000
_SPECIAL: Final = "@"
_HINT: Final = "absence proves nothing here"
_PROTOCOLS: Final = {"tcp": 6, "udp": 17}
_FAMILIES: Final = {"ipv4": 2, "ipv6": 10}
INT: Final = "INTEGER"
TEXT: Final = "TEXT"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the system keeps what the tables are filled from."""

    utmp: Path = UTMP
    wtmp: Path = WTMP
    etc: Path = Path("/etc")
    crontabs: tuple[Path, ...] = _USER_CRONTABS
    modules: Path = Path("/proc/modules")


@dataclass(frozen=True, slots=True)
class LocalTables:
    """Questions in SQL to this machine."""

    tables: Mapping[str, Table]

    def query(self, sql: str, limit: int, cursor: str | None) -> Reply[QueryResult]:
        """One SELECT, answered from what is there now."""
        found = answer(sql, self.tables)
        page = paged(found.rows, limit, cursor)
        cut = (
            Problem("not_covered", "a table had more rows than are looked at", _HINT)
            if found.cut or found.more
            else None
        )
        unseen = (self.tables[name].unseen() for name in found.tables)
        return page.reply(
            QueryResult(columns=list(found.columns), values=list(page.rows)),
            f"{len(page.rows)} of {page.total}{' or more' if found.more else ''} rows",
            sensor=SENSOR,
            query=f"SELECT over {', '.join(found.tables) or 'no table'}",
            stale=cut or next((problem for problem in unseen if problem is not None), None),
        )


def local_tables(audit: AuditLog | None, places: Places | None = None) -> Mapping[str, Table]:
    """All tables; those of the audit log where there is one."""
    at = places or Places()
    found = {
        "processes": Table(_PROCESSES, _processes, _unseen_processes),
        "process_open_sockets": Table(_SOCKETS, _open_sockets, _unseen_processes),
        "listening_ports": Table(_PORTS, _listening, _unseen_processes),
        "users": Table(_USERS, _users),
        "groups": Table(_typed("gid:i groupname"), _groups),
        "user_groups": Table(_typed("uid:i gid:i"), _user_groups),
        "logged_in_users": Table(
            _typed("type user tty host time:i pid:i"), lambda: _logged_in(at.utmp), lambda: _unlogged(at.utmp)
        ),
        "last": Table(
            _typed("username tty pid:i type:i type_name time:i host"),
            lambda: _last(at.wtmp),
            lambda: _unlogged(at.wtmp),
        ),
        "crontab": Table(_CRONTAB, lambda: _crontab(at), lambda: _hidden_crontab(at)),
        "kernel_modules": Table(
            _typed("name size:i used_by status address"), lambda: _modules(at.modules), lambda: _absent(at.modules)
        ),
        "os_version": Table(_typed("name version platform arch"), _system),
    }
    return found if audit is None else {**found, **_recorded(audit)}


def _typed(columns: str) -> Mapping[str, str]:
    """Columns from words; `:i` behind one is a whole number, `:r` a fraction."""
    kinds = {"": TEXT, "i": INT, "r": "REAL"}
    return {name: kinds[kind] for name, _, kind in (word.partition(":") for word in columns.split())}


_PROCESSES: Final = _typed(
    "pid:i name path cmdline state cwd uid:i gid:i on_disk:i resident_size:i user_time:i system_time:i start_time:i "
    "parent:i threads:i nice:i"
)
_SOCKETS: Final = _typed("pid:i fd:i family:i protocol:i local_address remote_address local_port:i remote_port:i state")
_PORTS: Final = _typed("pid:i port:i protocol:i family:i address fd:i")
_USERS: Final = _typed("uid:i gid:i username description directory shell")
_CRONTAB: Final = _typed("event minute hour day_of_month month day_of_week command path")


def _processes() -> Rows:
    for each in snapshot():
        on_disk = None if each.on_disk is None else int(each.on_disk)
        measured = (each.resident, each.user_ms, each.system_ms, int(each.started.timestamp()), each.parent)
        who = (each.pid, each.name, each.image, each.command_line, each.state, each.cwd, each.uid, each.gid)
        yield (*who, on_disk, *measured, each.threads, each.nice)


def _unseen_processes() -> Problem | None:
    if any(each.hidden for each in snapshot()):
        return Problem("not_covered", "this account may not see all processes", "see the server's least privilege")
    return None


def _open_sockets() -> Rows:
    for each in sockets():
        numbers = (each.pid, each.fd, _FAMILIES[each.family], _PROTOCOLS[each.protocol])
        ends = (each.local_address, each.remote_address, each.local_port, each.remote_port)
        yield (*numbers, *ends, each.state)


def _listening() -> Rows:
    for each in sockets():
        if each.state == "LISTEN" or (each.protocol == "udp" and not each.remote_address):
            kind = (_PROTOCOLS[each.protocol], _FAMILIES[each.family])
            yield each.pid, each.local_port, *kind, each.local_address, each.fd


def _users() -> Rows:
    for user in pwd.getpwall():
        words = (user.pw_name, user.pw_gecos, user.pw_dir, user.pw_shell)
        yield user.pw_uid, user.pw_gid, *map(plain, words)


def _groups() -> Rows:
    return ((group.gr_gid, plain(group.gr_name)) for group in grp.getgrall())


def _user_groups() -> Rows:
    numbers = {user.pw_name: (user.pw_uid, user.pw_gid) for user in pwd.getpwall()}
    yield from numbers.values()
    for group in grp.getgrall():
        yield from ((numbers[name][0], group.gr_gid) for name in group.gr_mem if name in numbers)


def _logged_in(path: Path) -> Rows:
    for each in logons(path):
        yield each.kind, each.user, each.tty, each.address or each.host, int(each.time.timestamp()), each.pid


def _last(path: Path) -> Rows:
    for each in reversed(logons(path)):
        when = (int(each.time.timestamp()), each.address or each.host)
        yield each.user, each.tty, each.pid, each.type, each.kind, *when


def _crontab(at: Places) -> Rows:
    for path in (at.etc / "crontab", *_inside(at.etc / "cron.d")):
        yield from _jobs(path, with_user=True)
    for path in (path for folder in at.crontabs for path in _inside(folder)):
        yield from _jobs(path, with_user=False)


def _hidden_crontab(at: Places) -> Problem | None:
    folders = (at.etc / "cron.d", *at.crontabs)
    found = [at.etc / "crontab", *folders, *(path for folder in folders for path in _inside(folder))]
    there = [path for path in found if os.access(path, os.F_OK)]
    if not all(os.access(path, os.R_OK) for path in there):
        return Problem("not_covered", "this account may not read all crontabs", "see the server's least privilege")
    if any(path.stat().st_size > _MOST_TEXT for path in there if path.is_file()):
        return Problem("not_covered", f"of a crontab only the first {_MOST_TEXT} bytes are read", _HINT)
    return None


def _absent(path: Path) -> Problem | None:
    if os.access(path, os.R_OK):
        return None
    return Problem("not_covered", f"this system keeps no {path.name} that can be read", _HINT)


def _unlogged(path: Path) -> Problem | None:
    """Why a file of logons does not tell all of them."""
    if (problem := _absent(path)) is not None:
        return problem
    if not logons(path):
        return Problem("not_covered", f"{path.name} holds no records, so nobody writes there", _HINT)
    return Problem("not_covered", f"of {path.name} only the newest records are read", _HINT) if cut(path) else None


def _jobs(path: Path, *, with_user: bool) -> Rows:
    """The lines of one file. Source: crontab(5)."""
    for line in _text(path).splitlines():
        words = line.strip()
        if not words or words.startswith("#") or re.match(r"[A-Za-z_][A-Za-z_0-9]*\s*=", words):
            continue
        times = 1 if words.startswith(_SPECIAL) else 5
        parts = _WORDS.split(words, maxsplit=times + with_user)
        if len(parts) <= times + with_user:
            continue
        command, where = plain(parts[-1]), plain(str(path))
        if times == 1:
            yield plain(parts[0]), "", "", "", "", "", command, where
        else:
            yield "", *map(plain, parts[:5]), command, where


def _modules(path: Path) -> Rows:
    """Source: proc(5), `/proc/modules`."""
    for line in _text(path).splitlines():
        name, size, _, users, status, address, *_ = [*line.split(), *[""] * 6]
        yield plain(name), int(size) if size.isdigit() else None, plain(users), status, address


def _system() -> Rows:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    name, version = release.get("NAME", platform.system()), release.get("VERSION", platform.release())
    return ((name, version, release.get("ID", ""), platform.machine()),)


def _recorded(audit: AuditLog) -> Mapping[str, Table]:
    return {
        "process_events": Table(
            _typed("pid:i parent:i path cmdline cwd uid:i auid:i time:i syscall"), lambda: _starts(audit), audit.silent
        ),
        "process_file_events": Table(
            _typed("operation path pid:i ppid:i uid:i auid:i executable time:i rule"),
            lambda: _touches(audit),
            audit.unwatched,
        ),
    }


def _starts(audit: AuditLog) -> Rows:
    for each in reversed(audit.started()):
        who = (each.pid, each.parent, each.exe, each.command_line, each.cwd, each.uid, each.auid)
        yield *who, int(each.time.timestamp()), "execve"


def _touches(audit: AuditLog) -> Rows:
    for each in reversed(audit.touched()):
        what = (each.operation, each.path, each.pid, each.parent, each.uid, each.auid, each.exe)
        yield *what, int(each.time.timestamp()), each.key


def _inside(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_TEXT).decode("utf-8", "backslashreplace")
    except OSError:
        return ""
