"""Programs are run with limits that hold for all they start, and are told nothing of ours."""

import os
import sys
import time
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.kit.programs import run

CANARY = "canary-5521-environment"


def python(code: str) -> list[str]:
    """A program."""
    return [sys.executable, "-c", code]


def test_what_goes_in_and_comes_out_is_bytes() -> None:
    """More than a pipe holds goes through in both directions at once."""
    data = bytes(range(256)) * 4_000
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('said'); sys.exit(3)"
    ran = run(python(code), stdin=data, timeout_s=20, most_bytes=2_000_000)

    assert (ran.code, ran.stdout == data, ran.stderr) == (3, True, b"said")


def test_program_that_reads_nothing_does_not_hang() -> None:
    """It may close its input with the rest unread."""
    ran = run(python("print('done')"), stdin=b"x" * 1_000_000, timeout_s=20, most_bytes=100)

    assert ran.stdout == b"done\n"


def test_nothing_is_read_by_a_shell() -> None:
    """Arguments come from outside."""
    words = "$(touch x); `id` | cat > y && z"
    ran = run([*python("import sys; print(sys.argv[1])"), words], timeout_s=20, most_bytes=1_000)

    assert ran.stdout.decode() == words + "\n"


def test_credentials_of_our_environment_stay_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is attacked through a file it parses must not find the key of the firewall."""
    monkeypatch.setenv("MCPSOC_FIREWALL_API_KEY", CANARY)
    ran = run(
        python("import os; print(dict(os.environ))"), timeout_s=20, most_bytes=10_000, environment={"EXTRA": "given"}
    )

    assert CANARY not in ran.stdout.decode()
    assert "'EXTRA': 'given'" in ran.stdout.decode()


def test_program_that_takes_too_long_ends_with_all_it_started(tmp_path: Path) -> None:
    """A child that lives on would hold a port, a file, or a core."""
    pid = tmp_path / "pid"
    child = f"import os,time; open({str(pid)!r},'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{child!r}]); import time; time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(ToolError) as caught:
        run(python(parent), timeout_s=1.5, most_bytes=1_000)

    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 10
    until = time.monotonic() + 5
    while pid.exists() and pid.read_text() and _lives(int(pid.read_text())) and time.monotonic() < until:
        os.sched_yield()
    assert not _lives(int(pid.read_text()))


def test_program_that_prints_too_much_is_stopped() -> None:
    """Size is bounded while it is read, not afterwards."""
    with pytest.raises(ToolError) as caught:
        run(python("while True: print('x' * 10_000)"), timeout_s=20, most_bytes=50_000)

    assert caught.value.code == "too_large"


def test_missing_program_is_named_with_what_to_do() -> None:
    """A product that is not installed is an error, never an empty answer."""
    with pytest.raises(ToolError) as caught:
        run(["mcpsoc-no-such-program"], timeout_s=1, most_bytes=1)

    assert (caught.value.code, caught.value.hint) == ("not_installed", "install mcpsoc-no-such-program")


def _lives(pid: int) -> bool:
    """Whether a process is there and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
