"""Commands without the second that imports take: a process that has imported what all of them need forks one for each.

What runs is the command itself in a process of its own, with its own environment, folder and standard streams. `ui` is
not imported beforehand, since its texts are made for the language of the environment."""

import asyncio
import atexit
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

IMPORTED = (
    "agent.cases.report",
    "agent.conversation",
    "agent.replay.replay",
    "agent.worker",
    "alembic.autogenerate",
    "alembic.command",
    "evals.pipeline",
    "knowledge.search",
    "rich.markdown",
    "rich.traceback",
    "servers.bundle",
    "servers.lab.world",
    "sqlalchemy.dialects.sqlite",
    "typer",
)
TIMEOUT_S = 110
ROOT = Path(__file__).resolve().parents[2]


class Asked(NamedTuple):
    """One command: its arguments, where it runs, and the files that are its standard streams."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    streams: tuple[Path, Path, Path]


class Forking:
    """The process that forks, started on first use."""

    def __init__(self) -> None:
        self._ours, theirs = Pipe()
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.forking", str(number)], cwd=ROOT, pass_fds=[number]
        )
        theirs.close()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: str
    ) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` would give. Raises: TimeoutExpired."""
        with tempfile.TemporaryDirectory() as scratch:
            given, out, err = (Path(scratch) / name for name in ("in", "out", "err"))
            given.write_text(stdin, encoding="utf-8")
            self._ours.send(Asked(arguments, environment, folder, (given, out, err)))
            code = self._ours.recv()
            if code == -signal.SIGALRM:
                raise subprocess.TimeoutExpired(list(arguments), TIMEOUT_S)
            told = (path.read_text(encoding="utf-8") for path in (out, err))
            return subprocess.CompletedProcess(list(arguments), code, *told)

    def close(self) -> None:
        self._ours.close()
        self._process.wait(10)


def serve(connection: Connection) -> Asked | None:
    """Fork for everything asked; in the fork, what to do. None at the end."""
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return None
        child = os.fork()
        if child == 0:
            connection.close()
            return asked
        connection.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(asked: Asked) -> None:
    """Make this process one that was started with these arguments, streams and environment."""
    signal.alarm(TIMEOUT_S)
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update(asked.environment)
    for number, path in enumerate(asked.streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["mcpsoc", *asked.arguments]


def end(code: object) -> None:
    """Exit as the interpreter does, but without taking apart all that was imported: most commands are quicker done."""
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def prepare() -> None:
    """Import what commands need, and make what is the same in every process: the servers' schemas, the tables, the
    playbooks, the embedder of the shipped documents."""
    from servers.bundle import bundled, server_names

    for module in (*IMPORTED, *(f"servers.{name}.server" for name in server_names())):
        import_module(module)

    from agent.likelihood.weights import known_good, weights
    from agent.playbooks.format import load_playbooks
    from servers.settings import Settings

    with tempfile.TemporaryDirectory() as scratch:
        servers = bundled(None, Path(scratch), Settings())
        for server in servers.values():
            len(server.published)
        asyncio.run(servers["kb"].call("kb_search", {"query": "ransomware"}))
    for read in (weights, known_good, load_playbooks):
        read()


if __name__ == "__main__":
    prepare()
    gc.freeze()  # or each fork, at its end, goes through everything that was imported
    if (wanted := serve(Connection(int(sys.argv[1])))) is not None:
        become(wanted)
        from ui.cli import main

        try:
            main()
        except SystemExit as ended:
            end(ended.code)
