"""A real packet filter cuts off one namespace; a browser and a web server tell what passes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from servers.errors import ConfigurationError
from servers.kit import Protected
from tests.servers.acting import Analyst, analyst, part
from tests.servers.endpoint.processes import child
from tests.servers.firewall.spaces import PORT, WEB, Cable, joined

MANAGER = {4: "198.51.100.3", 6: "2001:db8:77::3"}
ITSELF = "import socket as s; a = s.create_server(('127.0.0.1', 0)); s.create_connection(a.getsockname(), 1)"
TALKING = """
import http.client, sys
web = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=1)
web.request("HEAD", "/", headers={"Connection": "keep-alive"})
web.getresponse().read()
print("answered", flush=True)
input()
try:
    web.request("HEAD", "/")
    web.getresponse()
    print("answered", flush=True)
except TimeoutError:
    print("silent", flush=True)
"""
TRACKING = "table inet watch { chain c { type filter hook output priority 0; ct state new counter accept; }; }"


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    """The cable, with the manager's addresses at the far end."""
    with joined(tmp_path_factory.mktemp("page")) as cable:
        for address, bits in ((MANAGER[4], 24), (MANAGER[6], 64)):
            more = ["nodad"] if bits == 64 else []
            words = ["ip", "-n", cable.web, "addr", "add", f"{address}/{bits}", "dev", "eth0", *more]
            assert cable.inside(*words).returncode == 0
        yield cable


@pytest.fixture
def cable(wired: Cable) -> Iterator[Cable]:
    """The cable without any rule."""
    yield wired
    wired.inside("nft", "flush", "ruleset")


def over(cable: Cable, home: Path, protected: Protected | None = None) -> Analyst:
    """A server that may cut off one side."""
    management = ",".join(MANAGER.values())
    settings = EndpointSettings(backend="local", isolate=True, management=management, netns=cable.firewall)
    return analyst(build, settings, home, protected=protected)


def gets(cable: Cable, address: str) -> bool:
    """Whether a page comes from there."""
    host = f"[{address}]" if ":" in address else address
    words = ["curl", "-sf", "-o", "/dev/null", "--max-time", "0.4", f"http://{host}:{PORT}/"]
    return cable.inside(*words).returncode == 0


def passing(cable: Cable) -> dict[str, bool]:
    """What the machine reaches."""
    return {
        "others": gets(cable, WEB[4]),
        "others by IPv6": gets(cable, WEB[6]),
        "manager": gets(cable, MANAGER[4]),
        "manager by IPv6": gets(cable, MANAGER[6]),
        "itself": cable.inside(sys.executable, "-c", ITSELF).returncode == 0,
    }


async def isolated(soc: Analyst) -> object:
    """The read-back of a person."""
    return part(await soc.asks("get_host", host="localhost"), "data", "host", "isolated")


async def test_isolated_machine_reaches_its_management_and_nobody_else(cable: Cable, tmp_path: Path) -> None:
    """The whole point: traffic before, during, after."""
    soc = over(cable, tmp_path)
    plan = await soc.plans("isolate_host", host="localhost")
    before = passing(cable)
    done = await soc.does("isolate_host", host="localhost")
    during, seen = passing(cable), await isolated(soc)
    undo = part(done, "action", "undo", "arguments")
    assert isinstance(undo, dict)
    lifted = await soc.does("release", **undo)

    assert set(before.values()) == {True}
    assert during == {**before, "others": False, "others by IPv6": False}
    assert passing(cable) == before
    assert (seen, await isolated(soc)) == (True, False)
    assert part(plan, "action", "dry_run") == "passed"
    assert (part(done, "action", "verified"), part(done, "action", "expiry")) == (True, "hold")
    assert part(lifted, "action", "verified") is True


async def test_open_connection_ends_with_isolation(cable: Cable, tmp_path: Path) -> None:
    """An attacker who is connected already must not stay so."""
    soc = over(cable, tmp_path)
    words = ["ip", "netns", "exec", cable.firewall, sys.executable, "-c", TALKING, WEB[4], str(PORT)]
    with child(*words, stdout=PIPE) as talking:
        assert talking.stdin is not None
        assert talking.stdout is not None
        heard = [talking.stdout.readline()]
        cable.inside("nft", "-f", "-", text=TRACKING)
        await soc.does("isolate_host", host="localhost")
        talking.stdin.write(b"\n")
        talking.stdin.flush()
        heard.append(talking.stdout.readline())

    assert heard == [b"answered\n", b"silent\n"]
    assert "table inet watch" in cable.filter()


async def test_emptied_table_isolates_nothing(cable: Cable, tmp_path: Path) -> None:
    """What the filter does counts, not what it was told once."""
    soc = over(cable, tmp_path)
    await soc.does("isolate_host", host="localhost")
    cable.inside("nft", "insert", "rule", "inet", "mcpsoc_isolation", "out", "accept")
    weakened = await isolated(soc)
    again = await soc.does("isolate_host", host="localhost")

    assert weakened is False
    assert part(again, "action", "verified") is True
    assert not gets(cable, WEB[4])


async def test_table_that_was_put_to_sleep_is_never_called_isolation(cable: Cable, tmp_path: Path) -> None:
    """The rules are all there and nothing passes through them; nft 1.0.6 may not even be able to list that."""
    soc = over(cable, tmp_path)
    await soc.does("isolate_host", host="localhost")
    cable.inside("nft", "add table inet mcpsoc_isolation { flags dormant; }")
    open_again, seen = gets(cable, WEB[4]), await soc.asks("get_host", host="localhost")
    again = await soc.does("isolate_host", host="localhost")

    assert open_again
    assert seen["status"] == "error" or part(seen, "data", "host", "isolated") is False
    assert part(again, "action", "verified") is True


async def test_release_of_a_free_machine_says_so(cable: Cable, tmp_path: Path) -> None:
    """Nothing to release is no failure, and touches no other table."""
    soc = over(cable, tmp_path)
    cable.inside("nft", "-f", "-", text=TRACKING)
    mine = cable.filter()
    done = await soc.does("release", kind="host", target="localhost")

    assert part(done, "data", "change") == "was not contained"
    assert cable.filter() == mine


async def test_protected_machine_is_not_cut_off(cable: Cable, tmp_path: Path) -> None:
    """The operator's list holds although every isolation here is one of the own machine."""
    soc = over(cable, tmp_path, Protected(hosts=("*",)))
    done = await soc.does("isolate_host", host="localhost")

    assert part(done, "error", "code") == "protected_target"
    assert cable.filter() == ""


def test_isolation_without_a_management_address_does_not_start(tmp_path: Path) -> None:
    """Nobody could release the machine any longer."""
    with pytest.raises(ConfigurationError):
        analyst(build, EndpointSettings(backend="local", isolate=True), tmp_path)


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "10.0.0.0/8", "::/0", "127.0.0.1", "0.0.0.0", "fe80::1%eth0"])
def test_management_that_is_everybody_or_nobody_is_refused(wide: str) -> None:
    """Isolation from nobody is none."""
    with pytest.raises(ValueError, match="management"):
        EndpointSettings(backend="local", isolate=True, management=wide)
