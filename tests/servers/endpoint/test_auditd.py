"""A real auditd, which watches one folder for as long as the test runs: its records are global to the machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.endpoint.local.auditlog import AuditLog
from servers.endpoint.local.auditrules import every_start, in_force, watched
from tests.real import program, root
from tests.servers.waiting import until

KEY = "mcpsoc-test"
CONFIGURATION = """log_file = {folder}/audit.log
log_format = ENRICHED
log_group = root
flush = none
num_logs = 2
max_log_file = 8
max_log_file_action = rotate
space_left = 5
space_left_action = ignore
admin_space_left = 3
admin_space_left_action = ignore
disk_full_action = ignore
disk_error_action = ignore
"""


def control(*words: str) -> str:
    """What auditctl says."""
    found = program("auditctl", "apt-get install auditd")
    return subprocess.run([found, *words], capture_output=True, text=True, timeout=10, check=False).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files are watched; the daemon, its rule and its switch are taken back at the end."""
    root()
    daemon = program("auditd", "apt-get install auditd")
    before = dict(line.split(None, 1) for line in control("-s").splitlines() if " " in line)
    if before.get("pid", "0") != "0":
        pytest.skip("an audit daemon runs already, and a machine has one only")
    place = tmp_path / "watched"
    place.mkdir()
    (tmp_path / "etc" / "plugins.d").mkdir(parents=True)
    settings = tmp_path / "etc" / "auditd.conf"
    settings.write_text(CONFIGURATION.format(folder=tmp_path))
    settings.chmod(0o640)
    rule = (str(place), "-p", "wxa", "-k", KEY)
    with subprocess.Popen([daemon, "-n", "-c", str(tmp_path / "etc")], stderr=subprocess.DEVNULL) as running:
        try:
            until(lambda: re.search(rf"^pid {running.pid}$", control("-s"), re.MULTILINE) is not None)
            control("-w", *rule)
            yield place
        finally:
            control("-W", *rule)
            control("-e", before.get("enabled", "0"))
            running.terminate()
            running.wait(10)


@pytest.mark.thorough
def test_real_program_start_and_file_changes_are_read(folder: Path, tmp_path: Path) -> None:
    """As the kernel writes them: blanks and quotes in names and arguments included."""
    tool = folder / "my tool"
    shutil.copy("/bin/true", tool)
    subprocess.run([tool, "a b", '"quoted', "plain"], check=True, timeout=10)
    tool.unlink()
    log = AuditLog(tmp_path / "audit.log", timedelta(hours=1))
    until(lambda: any(each.operation == "DELETED" for each in log.touched()))

    [start] = [each for each in log.started() if each.exe == str(tool)]
    assert start.command_line == f'{tool} a b "quoted plain'
    assert {each.operation for each in log.touched() if each.path == str(tool)} >= {"CREATED", "DELETED"}


@pytest.mark.thorough
def test_rules_in_force_say_what_is_recorded(folder: Path, tmp_path: Path) -> None:
    """The watch of one folder has some program starts recorded, which look like all in the log."""
    every = ("always,exit", "-F", "arch=b64", "-S", "execve,execveat", "-k", KEY)
    log = AuditLog(tmp_path / "audit.log", timedelta(hours=1), rules=in_force)
    shutil.copy("/bin/true", folder / "tool")
    subprocess.run([folder / "tool"], check=True, timeout=10)
    until(lambda: bool(log.started()))
    some, paths = log.silent(), watched(in_force() or ())
    control("-a", *every)
    try:
        whole, known = log.silent(), every_start(in_force() or ())
    finally:
        control("-d", *every)

    assert some is not None
    assert "rule" in some.message
    assert paths == [str(folder)]
    assert (whole, known) == (None, True)
