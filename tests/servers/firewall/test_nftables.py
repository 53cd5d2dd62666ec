"""The real packet filter, between a browser and a web server in namespaces of their own."""

import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.firewall.backend import single
from servers.firewall.nftables.blocks import NftBlocks
from servers.firewall.server import build
from servers.firewall.settings import FirewallSettings
from servers.nft import Nft, Space
from tests.servers.acting import Analyst, analyst, part, verified
from tests.servers.firewall.blocks import blocked
from tests.servers.firewall.spaces import FIREWALL, GATEWAY, PORT, WEB, Cable, joined
from tests.servers.waiting import until

HOSTILE = (
    'case 4" } }; flush ruleset; add table ip x { # ',
    "case'; nft flush ruleset; $(nft flush ruleset) `id`",
    "case\x00\r\nflush ruleset\n",
    "case \u202e} drop",
)
TRACKING = "table inet watch { chain c { type filter hook output priority 0; ct state new counter accept; }; }"


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    """The cable, made once."""
    with joined(tmp_path_factory.mktemp("page")) as cable:
        yield cable


@pytest.fixture
def cable(wired: Cable) -> Iterator[Cable]:
    """The cable without any rule."""
    yield wired
    wired.inside("nft", "flush", "ruleset")


@pytest.fixture
def soc(cable: Cable, tmp_path: Path) -> Analyst:
    """A server over the packet filter of one side."""
    return analyst(build, FirewallSettings(backend="nftables", netns=cable.firewall), tmp_path)


@pytest.fixture
def blocks(cable: Cable) -> NftBlocks:
    """The product without the server."""
    return NftBlocks(Nft(Space(cable.firewall)))


@pytest.mark.parametrize("version", [4, 6])
async def test_blocked_address_is_cut_off_and_the_dropped_packets_are_counted(
    soc: Analyst, cable: Cable, version: int
) -> None:
    """The whole point of a firewall: what is blocked does not come through, and unblocking opens it again."""
    before = cable.reaches(version)
    done = await soc.does("block_address", address=WEB[version], minutes=30)
    during = cable.reaches(version)
    seen = await soc.asks("check_address", address=WEB[version])
    lifted = await soc.does("unblock_address", address=WEB[version])

    assert (before, during, cable.reaches(version)) == (True, False, True)
    assert (verified(done), verified(lifted)) == (True, True)
    assert isinstance(seen["data"], dict)
    block = seen["data"]["block"]
    assert isinstance(block, dict)
    assert block["dropped_packets"] > 0
    assert block["dropped_bytes"] > block["dropped_packets"]
    assert not await blocked(soc, WEB[version])


async def test_plan_changes_nothing_and_is_checked_by_the_packet_filter(soc: Analyst, cable: Cable) -> None:
    """Whoever approves sees what would happen before it does."""
    plan = await soc.plans("block_address", address=WEB[4], minutes=30)
    action = plan["action"]

    assert isinstance(action, dict)
    assert action["dry_run"] == "passed"
    assert action["guards"] == []
    assert cable.filter() == ""
    assert cable.reaches()


async def test_without_a_grant_nothing_is_blocked(soc: Analyst, cable: Cable) -> None:
    """A model that calls the tool by itself gets a refusal."""
    refused = await soc.asks("block_address", address=WEB[4], minutes=30, reason="please")

    assert refused["status"] == "refused"
    assert cable.filter() == ""


def test_block_of_one_second_ends_by_itself(blocks: NftBlocks, cable: Cable) -> None:
    """The kernel keeps the time: nobody has to be running for a block to end."""
    blocks.block(single(WEB[4]), timedelta(seconds=1), "short")

    assert not cable.reaches()
    until(cable.reaches)
    assert blocks.covering(single(WEB[4])) is None


@pytest.mark.thorough
async def test_block_outlives_the_server_that_set_it(soc: Analyst, cable: Cable, tmp_path: Path) -> None:
    """A restart of the server neither opens what is blocked nor forgets when it ends."""
    await soc.does("block_address", address=WEB[4], minutes=30, reason="case 42")
    (tmp_path / "again").mkdir()
    restarted = analyst(build, FirewallSettings(backend="nftables", netns=cable.firewall), tmp_path / "again")
    listed = await restarted.asks("list_blocks")

    assert isinstance(listed["data"], dict)
    [block] = listed["data"]["blocks"]
    assert (block["address"], block["note"]) == (WEB[4], "case 42")
    assert block["since"] < block["until"]
    assert not cable.reaches()


async def test_blocking_again_moves_the_end(soc: Analyst, blocks: NftBlocks) -> None:
    """Extending is not adding: one element, one end."""
    await soc.does("block_address", address=WEB[4], minutes=1)
    first = blocks.entries()
    await soc.does("block_address", address=WEB[4], minutes=60)
    second = blocks.entries()

    assert len(first) == len(second) == 1
    assert first[0].until is not None
    assert second[0].until is not None
    assert second[0].until - first[0].until > timedelta(minutes=50)


async def test_network_is_blocked_whole_and_overlaps_are_told(soc: Analyst, cable: Cable) -> None:
    """A set holds no overlaps; that a smaller block lies inside must not be found out by a half change."""
    await soc.does("block_address", address="203.0.113.0/24", minutes=30)
    before = cable.filter().count("elements")
    inner = await soc.does("block_address", address="203.0.113.7", minutes=30)

    assert await blocked(soc, "203.0.113.200")
    assert not await blocked(soc, "203.0.112.0/23")
    assert inner["status"] == "error"
    assert cable.filter().count("elements") == before


@pytest.mark.parametrize(
    "target",
    [
        *FIREWALL.values(),
        GATEWAY,
        pytest.param("127.0.0.1", marks=pytest.mark.thorough),
        "::1",
        pytest.param("0.0.0.0", marks=pytest.mark.thorough),
        pytest.param("224.0.0.1", marks=pytest.mark.thorough),
        "203.0.0.0/23",
        pytest.param("0.0.0.0/0", marks=pytest.mark.thorough),
        pytest.param("::/0", marks=pytest.mark.thorough),
        pytest.param("2001:db8::/63", marks=pytest.mark.thorough),
        f"::ffff:{FIREWALL[4]}",
        "198.51.100.0/30",
    ],
)
async def test_protected_target_is_refused_even_with_a_grant(soc: Analyst, cable: Cable, target: str) -> None:
    """Nobody cuts off the firewall itself, its gateway, or half the network, by mistake either."""
    refused = await soc.does("block_address", address=target, minutes=30)

    assert refused["status"] == "refused"
    assert refused["error"]["code"] == "protected_target"
    assert cable.filter() == ""


async def test_name_server_is_refused(cable: Cable, tmp_path: Path) -> None:
    """Without name resolution an operator is as good as cut off."""
    servers = [
        line.split()[1] for line in cable.inside("cat", "/etc/resolv.conf").stdout.splitlines() if "nameserver" in line
    ]
    if not servers:
        pytest.skip("this machine has no name server")
    soc = analyst(build, FirewallSettings(backend="nftables", netns=cable.firewall), tmp_path)
    refused = await soc.does("block_address", address=servers[0], minutes=30)

    assert refused["status"] == "refused"


@pytest.mark.thorough
@pytest.mark.parametrize("reason", HOSTILE)
async def test_reason_is_never_read_as_a_command(soc: Analyst, cable: Cable, reason: str) -> None:
    """What nft prints is loaded again by people: the comment may hold nothing that ends a string."""
    cable.inside("nft", "-f", "-", text=TRACKING)
    await soc.does("block_address", address=WEB[4], minutes=30, reason=reason)
    printed = cable.filter()
    cable.inside("nft", "flush", "ruleset")
    loaded = cable.inside("nft", "-f", "-", text=printed)

    assert loaded.returncode == 0, loaded.stderr
    assert cable.inside("nft", "list", "tables").stdout.split() == ["table", "inet", "watch", "table", "inet", "mcpsoc"]
    assert not cable.reaches()


@pytest.mark.parametrize(
    "address",
    ["198.51.100.2; flush ruleset", "198.51.100.2 }", "fe80::1%x} ; flush ruleset", "@blocked4", "localhost", "-f", ""],
)
async def test_address_is_an_address(soc: Analyst, cable: Cable, address: str) -> None:
    """A scope id is free text inside an IPv6 address."""
    cable.inside("nft", "-f", "-", text=TRACKING)
    before = cable.filter()
    answers = [
        await soc.does("block_address", address=address, minutes=30),
        await soc.does("unblock_address", address=address),
        await soc.does("kill_states", address=address),
        await soc.asks("check_address", address=address),
        await soc.asks("list_states", address=address),
    ]

    assert {answer["status"] for answer in answers} == {"error"}
    assert cable.filter() == before


async def test_killed_states_are_gone(soc: Analyst, cable: Cable) -> None:
    """An open connection is listed, and forgotten on request."""
    cable.inside("nft", "-f", "-", text=TRACKING)
    assert cable.reaches()
    listed = await soc.asks("list_states", address=WEB[4])
    killed = await soc.does("kill_states", address=WEB[4])
    left = await soc.asks("list_states", address=WEB[4])

    assert isinstance(listed["data"], dict)
    [state] = listed["data"]["states"]
    assert (state["source"], state["destination"], state["destination_port"]) == (FIREWALL[4], WEB[4], PORT)
    assert killed["data"] == {"address": WEB[4], "killed": 1}
    assert verified(killed) is True
    assert left["status"] == "no_data"


async def test_rules_show_what_they_matched(soc: Analyst, cable: Cable) -> None:
    """The rules of all tables, not only ours."""
    cable.inside("nft", "-f", "-", text=TRACKING)
    cable.reaches()
    listed = await soc.asks("list_rules")

    assert isinstance(listed["data"], dict)
    [policy, rule] = listed["data"]["rules"]
    assert (policy["action"], rule["action"], rule["place"]) == ("accept", "accept", "inet watch c")
    assert rule["packets"] > 0


async def test_block_that_somebody_set_for_ever_does_not_end_with_ours(soc: Analyst, cable: Cable) -> None:
    """An operator's own element in our set would lapse with the time that a model asked for."""
    await soc.does("block_address", address="203.0.113.9", minutes=30)
    cable.inside("nft", f"add element inet mcpsoc blocked4 {{ {WEB[4]} }}")
    refused = await soc.does("block_address", address=WEB[4], minutes=30)

    assert isinstance(refused["error"], dict)
    assert refused["error"]["code"] == "blocked_already"
    assert (
        "timeout"
        not in cable.inside("nft", f"get element inet mcpsoc blocked4 {{ {WEB[4]} }}").stdout.split("elements")[1]
    )
    assert not cable.reaches()


@pytest.mark.parametrize(
    "changed",
    [
        "insert rule inet mcpsoc from_blocked ip saddr @blocked4 counter log prefix blocked",
        "flush chain inet mcpsoc from_blocked",
        pytest.param(
            "insert rule inet mcpsoc from_blocked tcp dport 22 limit rate 5/second drop", marks=pytest.mark.thorough
        ),
        pytest.param(
            "flush chain inet mcpsoc from_blocked; flush chain inet mcpsoc to_blocked", marks=pytest.mark.thorough
        ),
        pytest.param("insert rule inet mcpsoc from_blocked accept", marks=pytest.mark.thorough),
    ],
)
async def test_undo_takes_the_element_out_whatever_became_of_the_rules(
    soc: Analyst, cable: Cable, changed: str
) -> None:
    """A rule of an operator in our chain must not turn a lifting into nothing: the next block would bring it back."""
    done = await soc.does("block_address", address=WEB[4], minutes=30)
    assert cable.inside("nft", changed).returncode == 0
    undone = await soc.undoes(done)
    opened = cable.reaches()
    await soc.does("block_address", address="203.0.113.9", minutes=5)

    assert (undone["data"]["change"], verified(undone)) == ("unblocked", True)
    assert opened
    assert cable.reaches()


async def test_address_that_an_element_still_names_is_not_open(soc: Analyst, cable: Cable) -> None:
    """With one chain emptied, packets to it are dropped still: that is no block, and not open either."""
    await soc.does("block_address", address="203.0.113.0/24", minutes=30)
    cable.inside("nft", "flush chain inet mcpsoc from_blocked")
    planned = await soc.plans("unblock_address", address="203.0.113.9")
    lifted = await soc.does("unblock_address", address="203.0.113.9")

    assert part(planned, "action", "blast_radius") == "0 blocks on 1 addresses end; 1 others stay and block it"
    assert verified(lifted) is False
    assert not await blocked(soc, "203.0.113.9")


async def test_rule_that_only_writes_down_leaves_a_block_in_force(soc: Analyst, cable: Cable) -> None:
    """Operators log what they drop; the read-back must still see that it is dropped."""
    await soc.does("block_address", address=WEB[4], minutes=30)
    cable.inside("nft", "insert rule inet mcpsoc from_blocked ip saddr @blocked4 counter log prefix blocked")

    assert await blocked(soc, WEB[4])
    assert not cable.reaches()


HOPS = ("198.51.100.253", "198.51.100.252", "198.51.100.251", "2001:db8:77::fd", "2001:db8:77::fc")
ROUTED = (
    "route replace default nexthop via 198.51.100.254 dev eth0 nexthop via 198.51.100.253 dev eth0",
    "route add 203.0.113.0/25 via 198.51.100.252 dev eth0 table 77",
    "route add 203.0.113.128/25 via inet6 2001:db8:77::fd dev eth0",
    "-6 route add 2001:db8:99::/48 via 2001:db8:77::fc dev eth0 table 77",
    "route add 192.0.2.128/25 nexthop via inet6 2001:db8:77::fd dev eth0 nexthop via 198.51.100.251 dev eth0",
)


@pytest.mark.thorough
async def test_every_hop_of_every_route_is_protected(cable: Cable, tmp_path: Path) -> None:
    """A second next hop, a hop of the other family and a table of its own carry traffic as the default route does; in
    the namespace as seen from outside, and for whoever runs in it."""
    try:
        for words in ROUTED:
            assert cable.inside("ip", *words.split()).returncode == 0
        soc = analyst(build, FirewallSettings(backend="nftables", netns=cable.firewall), tmp_path)
        plans = [await soc.plans("block_address", address=hop, minutes=5) for hop in (GATEWAY, *HOPS)]
        asked = "from servers.kit.machine import this_machine; print(*this_machine().gateways)"
        inside = cable.inside(sys.executable, "-c", asked).stdout.split()
    finally:
        for words in reversed(ROUTED[1:]):
            cable.inside("ip", *words.replace("add", "del").split())
        cable.inside("ip", "route", "replace", "default", "via", GATEWAY)

    assert all("gateway" in str(part(each, "action", "guards")) for each in plans)
    assert {GATEWAY, *HOPS} <= set(inside)


@pytest.mark.parametrize(
    "weakened",
    [
        "flush chain inet mcpsoc to_blocked; flush chain inet mcpsoc from_blocked",
        "insert rule inet mcpsoc to_blocked accept; insert rule inet mcpsoc from_blocked accept",
        "add table inet mcpsoc { flags dormant; }",
    ],
)
async def test_set_that_drops_nothing_blocks_nothing(soc: Analyst, cable: Cable, weakened: str) -> None:
    """Somebody changed the rules: the element is still there, and the read-back must not say blocked."""
    await soc.does("block_address", address=WEB[4], minutes=30)
    cable.inside("nft", weakened)
    open_again, seen = cable.reaches(4, "2"), await blocked(soc, WEB[4])
    again = await soc.does("block_address", address=WEB[4], minutes=30)

    assert (open_again, seen) == (True, False)
    assert verified(again) is True
    assert not cable.reaches()


@pytest.mark.thorough
@pytest.mark.parametrize("dies", ["before", "after", "always"])
async def test_packet_filter_that_dies_in_mid_call_is_no_success_by_itself(
    cable: Cable, tmp_path: Path, dies: str
) -> None:
    """Killed before it acted, or gone altogether: it may still come. Killed afterwards: what the read-back says."""
    program = _dying(tmp_path, dies)
    soc = analyst(build, FirewallSettings(backend="nftables", netns=cable.firewall, nft=str(program)), tmp_path)
    done = await soc.does("block_address", address=WEB[4], minutes=30)

    assert done["status"] == "error"
    assert cable.reaches() is (dies != "after")
    assert verified(done) == (True if dies == "after" else "unknown")


async def test_namespace_that_is_gone_is_an_error(tmp_path: Path, cable: Cable) -> None:
    """A product that cannot be reached blocks nothing, and says so on every call."""
    soc = analyst(build, FirewallSettings(backend="nftables", netns="mcpsoc-is-not-there"), tmp_path)
    answers = [
        await soc.asks("list_blocks"),
        await soc.asks("check_address", address=WEB[4]),
        await soc.does("block_address", address=WEB[4], minutes=30),
    ]
    health = await soc.asks("health")

    assert {answer["status"] for answer in answers} == {"error"}
    assert isinstance(health["data"], dict)
    assert health["data"]["ready"] is False


def test_other_tables_stay_as_they_are(blocks: NftBlocks, cable: Cable) -> None:
    """The operator's own rules are nobody else's business."""
    cable.inside("nft", "-f", "-", text=TRACKING)
    mine = cable.filter()
    blocks.block(single("203.0.113.9"), timedelta(minutes=5), "drill")
    blocks.unblock(single("203.0.113.9"))

    assert cable.filter().startswith(mine.rstrip("\n"))


def test_table_that_is_not_ours_is_an_error(blocks: NftBlocks, cable: Cable) -> None:
    """A set of that name with something else in it is not silently read as no blocks."""
    cable.inside("nft", "-f", "-", text="table inet mcpsoc { set blocked4 { type inet_service; elements = { 22 }; }; }")

    with pytest.raises(ToolError):
        blocks.block(single("203.0.113.9"), timedelta(minutes=5), "drill")


def _dying(folder: Path, when: str) -> Path:
    """An nft that is killed when it is asked to act."""
    acts = 'case "$*" in *"-c"*) exec nft "$@";; *"-f -"*)'
    then = {"before": "kill -9 $$", "after": 'nft "$@"; kill -9 $$', "always": "touch gone; kill -9 $$"}[when]
    lost = f"test -e {folder}/gone && kill -9 $$; " if when == "always" else ""
    then = then.replace("touch gone", f"touch {folder}/gone")
    program = folder / "nft"
    program.write_text(f'#!/bin/sh\n{lost}{acts} {then};; esac\nexec nft "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program
