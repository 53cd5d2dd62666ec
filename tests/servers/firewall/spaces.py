"""Two network namespaces joined by a cable: a firewall with a browser on one side, a web server on the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.real import program, root
from tests.servers.waiting import until

FIREWALL = {4: "198.51.100.1", 6: "2001:db8:77::1"}
WEB = {4: "198.51.100.2", 6: "2001:db8:77::2"}
GATEWAY = "198.51.100.254"
PORT = 8077
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Cable:
    """The names of both namespaces."""

    firewall: str
    web: str

    def inside(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program beside the firewall."""
        words = ["ip", "netns", "exec", self.firewall, *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=False, input=text)

    def reaches(self, version: int = 4, wait_s: str = "0.3") -> bool:
        """Whether curl gets the page of the web server."""
        host = WEB[version] if version == 4 else f"[{WEB[version]}]"
        got = self.inside("curl", "-sf", "-o", "/dev/null", "--max-time", wait_s, f"http://{host}:{PORT}/")
        return got.returncode == 0

    def filter(self) -> str:
        """All rules, as nft prints them."""
        return self.inside("nft", "list", "ruleset").stdout


@contextmanager
def joined(folder: Path) -> Iterator[Cable]:
    """Both namespaces, taken down at the end with all that runs in them. The web server shows `folder`."""
    root()
    for name, package in (("ip", "iproute2"), ("nft", "nftables"), ("conntrack", "conntrack"), ("curl", "curl")):
        program(name, f"apt-get install {package}")
    number = next(_NUMBERS)
    cable = Cable(*(f"mcpsoc-{os.getpid()}-{number}-{side}" for side in ("fw", "web")))
    with ExitStack() as stack:
        for name in (cable.firewall, cable.web):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
        _cabled(cable)
        stack.enter_context(_web_server(cable, folder))
        until(lambda: cable.reaches(4, "2") and cable.reaches(6, "2"))
        yield cable


def _cabled(cable: Cable) -> None:
    _ip("-n", cable.firewall, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", cable.web)
    for name, ends in ((cable.firewall, FIREWALL), (cable.web, WEB)):
        _ip("-n", name, "addr", "add", f"{ends[4]}/24", "dev", "eth0")
        _ip("-n", name, "addr", "add", f"{ends[6]}/64", "dev", "eth0", "nodad")
        for device in ("lo", "eth0"):
            _ip("-n", name, "link", "set", device, "up")
    _ip("-n", cable.firewall, "route", "add", "default", "via", GATEWAY)


@contextmanager
def _web_server(cable: Cable, folder: Path) -> Iterator[None]:
    words = [
        "ip",
        "netns",
        "exec",
        cable.web,
        sys.executable,
        "-m",
        "http.server",
        str(PORT),
        "--bind",
        "::",
        "--directory",
        str(folder),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(words, **quiet)
    try:
        yield
    finally:
        running.kill()
        running.wait()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=10)
