"""Real software that tests start themselves: where it is, and what happens when it is not there."""

import os
import shutil
import socket
from pathlib import Path

import pytest

_PLACES = ("/usr/sbin", "/sbin", "/usr/local/sbin")


def program(name: str, install: str) -> str:
    """The path of a program. Without it the test is skipped with the command that installs it; in CI it fails."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_PLACES)))
    if found is None:
        missing(f"{name} is not installed: {install}")
    return str(found)


def root() -> None:
    """Only root may make network namespaces and filter packets."""
    if os.geteuid() != 0:
        missing("needs root: run this test with sudo")


def missing(reason: str) -> None:
    """Skip on a person's machine, fail in CI: what nobody notices missing is never tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(path: Path) -> bool:
    """Whether somebody accepts connections on a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
