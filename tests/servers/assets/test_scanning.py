"""Scans of our own by a real nmap, in a network namespace, and nowhere else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.real import program, root
from tests.servers.acting import part
from tests.servers.assets.site import PLANTED, ours, site

_NUMBERS = count()
HERE = "198.51.100.5"
TALKER = f"""
import socketserver

class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 ProFTPD 1.3.5 Server ({PLANTED}) [{HERE}]\\r\\n")
        self.request.settimeout(0.5)
        self.request.recv(1000)

class Quiet(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass

Quiet(("{HERE}", 21), Talk).serve_forever()
"""


@contextmanager
def _namespace() -> Iterator[str]:
    """A network of one machine, in which something answers on port 21."""
    root()
    program("ip", "apt-get install iproute2")
    name = f"mcpsoc-{os.getpid()}-scan{next(_NUMBERS)}"
    with ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{HERE}/32", "dev", "lo")
        talker = subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-c", TALKER])
        stack.callback(talker.wait)
        stack.callback(talker.kill)
        end = time.monotonic() + 10
        while _ip("netns", "exec", name, "bash", "-c", f"exec 3<>/dev/tcp/{HERE}/21", check=False):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield name


@pytest.fixture
def namespace() -> Iterator[str]:
    """Its name."""
    with _namespace() as name:
        yield name


async def test_own_scan_finds_what_answers_and_joins_the_scans(namespace: str, tmp_path: Path) -> None:
    """A banner is what the machine says, and no more."""
    nmap = program("nmap", "apt-get install nmap")
    settings = site(tmp_path, netns=namespace, nmap=nmap, scan_networks="198.51.100.0/28")
    server = ours(tmp_path, settings)
    done = await server.does("run_scan", network=HERE, reason="drill")
    services = await server.asks("list_services", host="shop")

    assert part(done, "action", "verified") is True
    assert [part(done, "data", name) for name in ("hosts_up", "open_ports", "unknown")] == [1, 1, 0]
    found = part(services, "data", "services")
    assert isinstance(found, list)
    answered = [row for row in found if part(row, "state") == "open"]
    assert [(part(row, "port"), part(row, "product")) for row in answered] == [(21, "ProFTPD")]
    assert PLANTED in str(part(answered[0], "banner")).replace("\n", "")
    assert PLANTED not in str(done["summary"])


@pytest.mark.parametrize("network", ["198.51.100.16", "198.51.100.0/27", "2001:db8::/64", "0.0.0.0/0"])
async def test_nothing_outside_the_named_networks_is_scanned(tmp_path: Path, network: str) -> None:
    """A grant does not widen them, and the program is not even started."""
    server = ours(tmp_path, site(tmp_path, scan_networks="198.51.100.0/28", nmap="/nowhere/nmap"))
    envelope = await server.does("run_scan", network=network, reason="drill")

    assert part(envelope, "error", "code") == "protected_target"
    assert "foreign_network" in str(part(envelope, "error", "message"))


async def test_without_networks_there_is_no_scan(tmp_path: Path) -> None:
    """Nothing is scanned that nobody named; a wide one is not scanned either; a missing program is said."""
    none = ours(tmp_path, site(tmp_path)).server
    wide = ours(tmp_path, site(tmp_path, scan_networks="10.0.0.0/8", nmap="/nowhere/nmap"))

    assert "assets_run_scan" not in none.tools
    assert "wide_prefix" in str(await wide.plans("run_scan", network="10.0.0.0/23", reason="drill"))
    assert part(await wide.does("run_scan", network="10.0.0.1", reason="drill"), "error", "code") != "protected_target"


def _ip(*words: str, check: bool = True) -> int:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(["ip", *words], check=check, timeout=10, **quiet).returncode
