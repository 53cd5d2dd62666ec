"""Importing a module of ours does nothing: no file written, no connection, no setting read, nothing printed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "knowledge", "servers", "ui", "evals")
MAIN_GUARDS = frozenset({"__main__"})
LOADED_BY_OTHERS = frozenset({"migrations", "reporting"})
"""Folders of what Alembic and Ansible load, each in a process of its own."""

PROBE = r"""
import importlib, json, os, sys

ours = tuple(os.path.join(sys.argv[1], name) + os.sep for name in ("agent", "knowledge", "servers", "ui", "evals"))
names = json.loads(sys.argv[2])
effects = []
WATCHED = {"open", "socket.connect", "socket.bind", "socket.sendto", "subprocess.Popen", "os.mkdir", "sqlite3.connect"}

def caused_by_us():
    # A line of ours that causes this by anything but an import; what a library does when it is imported is its own.
    frame = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        if frame.f_code.co_filename.startswith(ours):
            return True
        frame = frame.f_back
    return False

def read_by_us():
    # The line that asks: skipping the standard library's own steps from there to the dictionary behind os.environ.
    frame = sys._getframe(2)
    own_steps = (os.sep + "os.py", "<frozen os>", "_collections_abc.py", "<frozen _collections_abc>")
    while frame is not None and frame.f_code.co_filename.endswith(own_steps):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame is not None else ""
    return f"{os.path.relpath(name, sys.argv[1])}:{frame.f_lineno}" if name.startswith(ours) else None

def audit(event, args):
    if event not in WATCHED or not caused_by_us():
        return
    if event == "open":
        path, mode, flags = args
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if not writes or str(path).endswith((".pyc", "/dev/null")) or ".pyc." in str(path):
            return
        effects.append(f"writes {path}")
    else:
        effects.append(f"{event} {args[:1]}")

environment = os.environ
read = type(environment).__getitem__

def watched_item(self, key):
    place = read_by_us() or ("a library for us" if str(key).startswith("MCPSOC_") and caused_by_us() else None)
    if place is not None:
        effects.append(f"{place} reads the environment: {key}")
    return read(self, key)

sys.dont_write_bytecode = True
type(environment).__getitem__ = watched_item
sys.addaudithook(audit)
for name in names:
    before = len(effects)
    importlib.import_module(name)
    effects[before:] = [f"{name}: {effect}" for effect in effects[before:]]
print(json.dumps(effects), file=sys.__stderr__)
"""


def names() -> list[str]:
    """Every module of ours, dotted."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not LOADED_BY_OTHERS & set(parts) and parts[-1] not in MAIN_GUARDS:
                found.append(dotted)
    return found


@pytest.mark.thorough
def test_importing_every_module_has_no_effect(tmp_path: Path) -> None:
    """A test, a tool or a documentation build may import anything without finding a file or a connection afterwards."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "MCPSOC_HOME": str(tmp_path / "home"),
        "ANONYMIZED_TELEMETRY": "False",
    }

    run = subprocess.run(
        [sys.executable, "-c", PROBE, str(ROOT), json.dumps(names())],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert json.loads(run.stderr.splitlines()[-1]) == []
    assert list(tmp_path.iterdir()) == []
