"""A real fail2ban server with a jail of our own and one of the operator's."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.firewall.backend import single
from servers.firewall.fail2ban import Fail2Ban
from servers.firewall.server import build
from servers.firewall.settings import FirewallSettings
from servers.kit import Protected
from servers.kit.machine import Machine
from tests.real import listens, program
from tests.servers.acting import Analyst, analyst, part, verified
from tests.servers.firewall.blocks import blocked
from tests.servers.waiting import until

pytestmark = pytest.mark.thorough

INSTALL = "apt-get install fail2ban"
LISTED = "listed by fail2ban; whether its action dropped anything cannot be read"
FILES = {
    "fail2ban.conf": """[Definition]
loglevel = INFO
logtarget = {home}/log
syslogsocket = auto
socket = {home}/s
pidfile = {home}/p
dbfile = None
dbpurgeage = 1d
allowipv6 = auto
""",
    "jail.conf": """[DEFAULT]
usedns = no
backend = polling
filter = nothing
logpath = {home}/empty.log
ignoreself = false
action = count
[mcpsoc]
enabled = true
bantime = 7200
[sshd]
enabled = true
bantime = -1
""",
    "filter.d/nothing.conf": "[Definition]\nfailregex = ^never <HOST>$\n",
    "action.d/count.conf": "[Definition]\nactionban =\nactionunban =\n",
    "empty.log": "",
}


@contextmanager
def running(home: Path, files: Mapping[str, str] = FILES) -> Iterator[Path]:
    """The server until the end; its socket."""
    server = program("fail2ban-server", INSTALL)
    for name, text in files.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(home=home))
    words = [server, "-c", str(home), "-s", str(home / "s"), "-p", str(home / "p"), "-x", "-f", "start"]
    with (home / "out").open("w") as out, subprocess.Popen(words, stdout=out, stderr=out) as process:
        try:
            until(lambda: listens(home / "s") and "sshd" in _status(home / "s"))
            yield home / "s"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One server for all tests here."""
    with running(tmp_path_factory.mktemp("f2b")) as path:
        yield path


@pytest.fixture
def jails(socket: Path) -> Iterator[Fail2Ban]:
    """The product without the server, with no bans."""
    yield Fail2Ban(socket, "mcpsoc", program("fail2ban-client", INSTALL))
    _client(socket, "unban", "--all")


@pytest.fixture
def soc(jails: Fail2Ban, tmp_path: Path) -> Analyst:
    """A server over these jails."""
    return analyst(build, FirewallSettings(backend="fail2ban", socket=jails.socket), tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "198.51.100.7",
        pytest.param("2001:db8::7", marks=pytest.mark.thorough),
        pytest.param("198.51.100.0/24", marks=pytest.mark.thorough),
    ],
)
async def test_ban_is_set_read_back_and_lifted(soc: Analyst, socket: Path, address: str) -> None:
    """As the product's own client sees it, not only as we do."""
    done = await soc.does("block_address", address=address, minutes=30)
    seen = _client(socket, "get", "mcpsoc", "banip")
    lifted = await soc.does("unblock_address", address=address)

    assert {done["status"], lifted["status"]} == {"success"}
    assert (verified(done), verified(lifted)) == ("unknown", "unknown")
    assert seen.split() == [address]
    assert _client(socket, "get", "mcpsoc", "banip").split() == []


async def test_ban_whose_action_fails_is_not_verified(tmp_path: Path) -> None:
    """fail2ban lists it all the same: only its own list can be read, and the answer says so."""
    files = {**FILES, "action.d/count.conf": "[Definition]\nactionban = false\nactionunban = false\n"}
    with running(tmp_path / "f", files) as socket:
        soc = analyst(build, FirewallSettings(backend="fail2ban", socket=socket), tmp_path / "home")
        done = await soc.does("block_address", address="203.0.113.9", minutes=5)
        until(lambda: "ERROR" in (tmp_path / "f" / "log").read_text())
        seen = await soc.asks("check_address", address="203.0.113.9")
        lifted = await soc.undoes(done)

    assert (verified(done), verified(lifted)) == ("unknown", "unknown")
    for answer in (done, seen):
        assert part(answer, "data", "detail") == LISTED
        assert LISTED in str(answer["summary"])


async def test_taking_ours_back_leaves_the_bans_of_other_jails(soc: Analyst, socket: Path) -> None:
    """A permanent ban of sshd's jail that came beside ours must not end with it."""
    done = await soc.does("block_address", address="203.0.113.77", minutes=5)
    _client(socket, "set", "sshd", "banip", "203.0.113.77")
    undone = await soc.undoes(done)

    assert _client(socket, "get", "mcpsoc", "banip").split() == []
    assert _client(socket, "get", "sshd", "banip").split() == ["203.0.113.77"]
    assert verified(undone) is False


async def test_what_another_jail_bans_is_neither_blocked_again_nor_lifted(soc: Analyst, socket: Path) -> None:
    """Ours would add nothing to a ban for ever, and nobody permitted to end that."""
    _client(socket, "set", "sshd", "banip", "203.0.113.77")
    answers = [
        await soc.plans("block_address", address="203.0.113.77", minutes=5),
        await soc.does("block_address", address="203.0.113.77", minutes=5),
        await soc.does("unblock_address", address="203.0.113.77"),
    ]

    codes = [part(each, "error", "code") for each in answers]
    assert codes == ["blocked_already", "blocked_already", "blocked_by_others"]
    assert _client(socket, "get", "mcpsoc", "banip").split() == []
    assert _client(socket, "get", "sshd", "banip").split() == ["203.0.113.77"]


async def test_bans_of_other_jails_are_seen(soc: Analyst, socket: Path) -> None:
    """An address that sshd's jail bans is blocked, whoever did it."""
    _client(socket, "set", "sshd", "banip", "203.0.113.7")
    listed = await soc.asks("list_blocks")

    assert await blocked(soc, "203.0.113.7")
    assert isinstance(listed["data"], dict)
    [block] = listed["data"]["blocks"]
    assert block["by"] == "jail sshd"
    assert "until" not in block


@pytest.mark.thorough
async def test_address_inside_a_banned_network_is_blocked(soc: Analyst) -> None:
    """The ban is on the network; the question is about one of it."""
    await soc.does("block_address", address="203.0.113.0/24", minutes=30)

    assert await blocked(soc, "203.0.113.200")
    assert not await blocked(soc, "203.0.112.1")


async def test_block_longer_than_the_jail_keeps_bans_is_refused(soc: Analyst, socket: Path) -> None:
    """It would end before anybody expects it."""
    done = await soc.does("block_address", address="198.51.100.7", minutes=300)

    assert done["status"] == "error"
    assert "120 minutes" in str(done["error"])
    assert _client(socket, "get", "mcpsoc", "banip").split() == []


async def test_ban_ends_at_its_time_through_this_server(soc: Analyst, socket: Path, tmp_path: Path) -> None:
    """fail2ban keeps no time for a single ban: whoever set it has to lift it, after a restart too."""
    done = await soc.does("block_address", address="198.51.100.7", minutes=1)
    changing = soc.server.changing
    assert changing is not None
    early = soc.server.clock() + timedelta(seconds=50)
    await changing.sweep(early)
    still = await blocked(soc, "198.51.100.7")
    late = soc.server.clock() + timedelta(seconds=70)
    await changing.sweep(late)

    assert done["status"] == "success"
    assert still
    assert not await blocked(soc, "198.51.100.7")


async def test_end_of_our_ban_leaves_those_of_other_jails(soc: Analyst, socket: Path) -> None:
    """What sshd's jail banned meanwhile has its own time, and nobody permitted to lift it."""
    await soc.does("block_address", address="198.51.100.7", minutes=1)
    _client(socket, "set", "sshd", "banip", "198.51.100.7")
    changing = soc.server.changing
    assert changing is not None
    overdue = await changing.sweep(soc.server.clock() + timedelta(seconds=70))
    left = banned(socket)
    _client(socket, "set", "sshd", "unbanip", "198.51.100.7")

    assert overdue == 0
    assert "'sshd': ['198.51.100.7']" in left
    assert "'mcpsoc': []" in left or "'mcpsoc'" not in left


@pytest.mark.parametrize("target", ["::1", "203.0.112.0/23", "198.51.100.0/24"])
async def test_protected_target_is_refused_even_with_a_grant(jails: Fail2Ban, tmp_path: Path, target: str) -> None:
    """The machine's own addresses, here given by the test."""
    machine = Machine(addresses=frozenset({"198.51.100.1"}))
    settings = FirewallSettings(backend="fail2ban", socket=jails.socket)
    soc = analyst(build, settings, tmp_path, protected=Protected(machine=lambda: machine))
    refused = await soc.does("block_address", address=target, minutes=30)

    assert refused["status"] == "refused"
    assert not jails.entries()


@pytest.mark.parametrize("address", ["--help", "all", "198.51.100.7\nunban --all", "fe80::1%x"])
async def test_address_is_an_address(soc: Analyst, jails: Fail2Ban, address: str) -> None:
    """The client program would take words for options."""
    jails.block(single("203.0.113.7"), timedelta(minutes=5), "drill")
    answers = [
        await soc.does("block_address", address=address, minutes=30),
        await soc.does("unblock_address", address=address),
    ]

    assert {answer["status"] for answer in answers} == {"error"}
    assert len(jails.entries()) == 1


async def test_tools_that_fail2ban_cannot_serve_are_not_there(soc: Analyst) -> None:
    """No tool answers with nothing because its product has nothing to ask."""
    assert sorted(soc.server.tools) == [
        "firewall_block_address",
        "firewall_check_address",
        "firewall_health",
        "firewall_list_blocks",
        "firewall_unblock_address",
    ]


async def test_server_that_is_down_is_an_error(tmp_path: Path) -> None:
    """Nothing is known about bans of a server that does not answer."""
    program("fail2ban-client", INSTALL)
    soc = analyst(build, FirewallSettings(backend="fail2ban", socket=tmp_path / "nobody"), tmp_path)
    answers = [
        await soc.asks("check_address", address="198.51.100.7"),
        await soc.does("block_address", address="198.51.100.7", minutes=1),
    ]

    assert {answer["status"] for answer in answers} == {"error"}


def test_jail_that_is_missing_is_named(socket: Path) -> None:
    """An operator has to make the jail once."""
    blocks = Fail2Ban(socket, "nobody", program("fail2ban-client", INSTALL))

    with pytest.raises(ToolError, match="no jail"):
        blocks.probe()


def _client(socket: Path, *words: str) -> str:
    command = [program("fail2ban-client", INSTALL), "-s", str(socket), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout


def banned(socket: Path) -> str:
    """All bans, as the product's own client says them."""
    return _client(socket, "banned")


def _status(socket: Path) -> str:
    command = [program("fail2ban-client", INSTALL), "-s", str(socket), "status"]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
