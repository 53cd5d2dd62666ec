"""The end of a server that runs alone: a change that is under way is settled and recorded first."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.kit.actions import ActionStore
from tests.servers.kit.shelf import Shelf, serve
from tests.servers.waiting import until

ALONE = """
import asyncio, pathlib, sys, threading
from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import VerifyKey
from servers.kit import Conditions, Gate
from servers.kit.actions import ActionStore
from tests.servers.kit.shelf import Shelf, serve
from tests.servers.waiting import until

home, spent = pathlib.Path(sys.argv[1]), SpentNonces()

class Told(threading.Event):
    def wait(self, timeout=None):
        (home / "entered").touch()
        until((home / "leave").exists, 60)
        return True

gate = Gate(VerifyKey.from_text(sys.argv[2]), "lab", lambda: spent)
conditions = Conditions(gate=gate, actions=ActionStore(home / "actions.db"))
asyncio.run(serve(Shelf(home / "shelf", leave=Told()), conditions=conditions).server.run_stdio())
"""
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def changing(home: Path) -> "subprocess.Popen[bytes]":
    """A server over stdio in the middle of a change."""
    key = SigningKey.generate()
    command = [sys.executable, "-c", ALONE, str(home), key.public.text]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    meta = {"mcpsoc/grant": serve(Shelf(home / "other"), key=key).grant("shelf_put", name="a")}
    call = {"name": "shelf_put", "arguments": {"name": "a"}, "_meta": meta}
    assert process.stdin is not None
    for number, (method, params) in enumerate([("initialize", HELLO), ("tools/call", call)]):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        if number == 0:
            process.stdin.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    process.stdin.flush()
    until((home / "entered").exists, 60)
    return process


def states(home: Path) -> list[str]:
    """What the record says of every change."""
    store = ActionStore(home / "actions.db")
    found = [*store.left("shelf", "real:shelf 1"), *store.open("shelf", "real:shelf 1").actions]
    store.close()
    return [each.state for each in found]


@pytest.mark.parametrize("gone", [False, True])
def test_change_under_way_is_settled_before_sigterm_ends_the_server(tmp_path: Path, gone: bool) -> None:
    """Clients end servers like this: some close the input first and wait two seconds, which is short for a change."""
    with changing(tmp_path) as process:
        if gone and process.stdin is not None:
            process.stdin.close()
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        (tmp_path / "leave").touch()
        assert process.wait(30) == -signal.SIGTERM

    assert (tmp_path / "shelf" / "a").exists()
    assert states(tmp_path) == ["done"]


def test_second_sigterm_ends_the_server_at_once(tmp_path: Path) -> None:
    """Whoever insists is not kept waiting; what is left is found out at the next start."""
    with changing(tmp_path) as process:
        until(lambda: process.poll() is not None or bool(process.send_signal(signal.SIGTERM)), 30)
        assert process.returncode == -signal.SIGTERM

    assert not (tmp_path / "shelf" / "a").exists()
