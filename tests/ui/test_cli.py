"""The command line from outside: how fast it answers, what goes where, and which exit code says what."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = (
    ["demo"],
    ["triage"],
    ["cases", "ls"],
    ["cases", "show"],
    ["cases", "export"],
    ["cases", "take"],
    ["cases", "note"],
    ["cases", "close"],
    ["cases", "reopen"],
    ["cases", "freeze"],
    ["replay"],
    ["compare"],
    ["verify"],
    ["audit", "verify"],
    ["lab", "create"],
    ["lab", "advance"],
    ["lab", "export"],
    ["lab", "status"],
    ["server"],
    ["servers", "ls"],
    ["servers", "show"],
    ["servers", "call"],
    ["servers", "verify"],
    ["servers", "new"],
    ["servers", "add"],
    ["servers", "config"],
    ["servers", "pin"],
    ["servers", "diff"],
    ["servers", "accept"],
    ["eval", "run"],
    ["eval", "ls"],
    ["model", "probe"],
    ["model", "show"],
    ["authorisations", "add"],
    ["authorisations", "ls"],
    ["authorisations", "revoke"],
    ["doctor"],
)


def test_help_answers_at_once(run: Run) -> None:
    """Whoever asks what there is does not wait for what it needs. (Processor time: the machine may be busy.)"""
    seconds = []
    for _ in range(4):
        before = os.times()
        assert run("--help").returncode == 0
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)

    assert min(seconds) <= 0.7


def test_help_imports_no_heavy_library(run: Run) -> None:
    """The time above must not depend on how fast this machine is."""
    code = (
        "import sys, contextlib\n"
        "from ui.cli import main\n"
        "sys.argv = ['mcpsoc', '--help']\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "heavy = {'pydantic', 'mcp', 'langgraph', 'chromadb', 'sqlalchemy', 'numpy', 'sklearn', 'openai', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=[pytest.mark.thorough] if place % 6 else []) for place, name in enumerate(COMMANDS)],
    ids=" ".join,
)
def test_every_command_can_speak_json(run: Run, command: list[str]) -> None:
    """A program that calls us never has to read prose."""
    shown = run(*command, "--help")

    assert shown.returncode == 0
    assert "--json" in shown.stdout


def test_help_speaks_chinese(run: Run) -> None:
    """Our words and the parser's."""
    shown = run("--help", LANG="zh_CN.UTF-8").stdout

    assert "告警" in shown
    assert "命令" in shown
    assert "Commands" not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["triage"],
        ["triage", "no-such-file.json"],
        ["triage", "x.json", "--watch", "y.json"],
        ["--lang", "fr", "doctor"],
        ["lab", "advance", "soon"],
        ["lab", "status"],
        ["cases", "show", "last"],
        ["cases", "ls", "--status", "strange"],
        ["verify", "last"],
        ["audit", "verify"],
        ["authorisations", "revoke", "AW-0001"],
        ["server", "nonsense"],
        ["servers", "add", "no-such-file.json"],
        ["servers", "show", "nonsense"],
        ["servers", "call", "kb", "kb_nonsense"],
        ["servers", "call", "kb", "kb_search", "--arg", "query"],
        ["servers", "call", "kb", "kb_search", "--json-args", "[1]"],
        ["servers", "verify", "kb", "--backend", "nonsense"],
        ["servers", "verify", "firewall", "--backend", "nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_2_and_says_so_on_stderr(run: Run, arguments: list[str]) -> None:
    """stdout is data: a program that reads it must not find a complaint there."""
    done = run(*arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_reading_commands_leave_no_file_behind(run: Run, tmp_path: Path) -> None:
    """Looking is not making."""
    for arguments in (
        ["cases", "ls"],
        ["servers", "ls"],
        ["servers", "show", "kb"],
        ["servers", "config"],
        ["doctor"],
        ["authorisations", "ls"],
    ):
        assert run(*arguments).returncode == 0

    assert list(tmp_path.iterdir()) == []


def test_settings_come_from_the_env_file_of_the_home(run: Run, tmp_path: Path) -> None:
    """A setting written down once holds; one in the current folder, which anybody may have written, does not."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / ".env").write_text("MCPSOC_MAX_CALS=3\n")
    (tmp_path / ".env").write_text("MCPSOC_UNKNOWN=3\n")

    findings = json.loads(run("doctor", "--json").stdout)["findings"]

    told = [finding["message"] for finding in findings if finding["status"] == "fault"]
    assert told == ["there is no setting MCPSOC_MAX_CALS"]


def test_authorised_work_is_entered_listed_and_revoked(run: Run) -> None:
    """The register keeps what was revoked."""
    entered = run(
        *("authorisations", "add", "pentest", "--title", "Spring test", "--approver", "A. Head", "--json"),
        *("--from", "2026-11-21T08:00", "--until", "2026-11-21T18:00", "--address", "203.0.113.9"),
    )
    entry = json.loads(entered.stdout)["id"]

    assert run("authorisations", "revoke", entry).returncode == 0
    assert [(row["id"], row["revoked"]) for row in json.loads(run("authorisations", "ls", "--json").stdout)] == [
        (entry, True)
    ]


def test_authorised_work_that_ends_before_it_begins_is_refused(run: Run) -> None:
    """A window that runs backwards authorises nothing and was meant otherwise."""
    done = run(
        *("authorisations", "add", "scan", "--title", "x", "--approver", "y", "--address", "203.0.113.9"),
        *("--from", "2026-11-21T18:00", "--until", "2026-11-21T08:00"),
    )

    assert done.returncode == 2
    assert "window" in done.stderr


def test_servers_of_others_are_added_once_and_shown_without_secrets(run: Run, tmp_path: Path) -> None:
    """What is in an environment or header may be a credential."""
    file = tmp_path / "others.json"
    entry = {"command": "example-server", "args": ["--key", "hunter2"], "env": {"TOKEN": "hunter2"}, "reads": ["look"]}
    file.write_text(json.dumps({"mcpServers": {"theirs": entry}}))

    assert run("servers", "add", str(file)).returncode == 0
    assert run("servers", "add", str(file)).returncode == 2

    listed = run("servers", "ls", "--json").stdout
    assert "theirs" in [row["name"] for row in json.loads(listed)]
    assert "hunter2" not in listed


def test_broken_server_file_is_refused_by_place(run: Run, tmp_path: Path) -> None:
    """The message says which entry."""
    file = tmp_path / "others.json"
    file.write_text(json.dumps({"mcpServers": {"theirs": {"args": []}}}))

    done = run("servers", "add", str(file))

    assert done.returncode == 1
    assert "theirs" in done.stderr


def test_our_servers_are_printed_for_other_clients(run: Run) -> None:
    """Every bundled server, by a command that exists."""
    config = json.loads(run("servers", "config").stdout)["mcpServers"]

    assert {"mcpsoc-siem", "mcpsoc-kb"} <= set(config)
    assert all(entry["args"][0] == "server" for entry in config.values())
