"""Changes at the lab: under a grant, with effect, and read back through another tool."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.bundle import bundled
from servers.kit import SecurityServer
from servers.lab.world import Lab
from servers.settings import Settings
from tests.servers.acting import Envelope, permission
from tests.servers.lab.tables import rows, value

Act = Callable[[str, Envelope], Awaitable[Envelope]]
NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
KEY = SigningKey.generate()


@pytest.fixture
def servers(own_lab: Path, tmp_path: Path) -> dict[str, SecurityServer]:
    """Servers that accept grants."""
    return bundled(own_lab, tmp_path, Settings(home=tmp_path, grant_key=KEY.public.text))


@pytest.fixture
def act(servers: dict[str, SecurityServer]) -> Act:
    """Makes a change, permitted."""

    async def permitted(tool: str, arguments: Envelope) -> Envelope:
        server = servers[tool.split("_")[0]]
        given = {**arguments, "reason": "drill"}
        return await server.call(tool, given, permission(server, KEY, tool, given))

    return permitted


async def test_block_shows_in_the_read_back_and_lapses(
    servers: dict[str, SecurityServer], act: Act, own_lab: Path
) -> None:
    """A block that nobody lifts must not stay for ever."""
    firewall = servers["firewall"]
    done = await act("firewall_block_address", {"address": "198.18.77.7", "minutes": 30})
    blocked = await firewall.call("firewall_check_address", {"address": "198.18.77.7"})
    listed = await firewall.call("firewall_list_blocks", {})
    with Lab.open(own_lab) as lab:
        lab.advance(timedelta(minutes=31))
    lapsed = await firewall.call("firewall_check_address", {"address": "198.18.77.7"})

    assert done["status"] == "success"
    assert "'blocked': True" in str(blocked["data"])
    assert "198.18.77.7" in str(listed["data"])
    assert "'blocked': False" in str(lapsed["data"])


async def test_unblocking_ends_a_block_once(servers: dict[str, SecurityServer], act: Act) -> None:
    """Whoever undoes something twice is told."""
    await act("firewall_block_address", {"address": "198.18.77.8", "minutes": 30})
    lifted = await act("firewall_unblock_address", {"address": "198.18.77.8"})
    again = await act("firewall_unblock_address", {"address": "198.18.77.8"})

    assert "'unblocked'" in str(lifted["data"])
    assert "was not blocked" in str(again["data"])


async def test_disabled_account_reads_as_disabled_until_enabled(
    servers: dict[str, SecurityServer], act: Act, own_lab: Path
) -> None:
    """The read-back is a different tool than the one that acted."""
    name = value(own_lab, "SELECT name FROM accounts WHERE kind = 'user' AND enabled = 1 LIMIT 1")
    states = []
    for tool in (None, "identity_disable_account", "identity_enable_account"):
        if tool is not None:
            assert (await act(tool, {"account": name}))["status"] == "success"
        states.append(str((await servers["identity"].call("identity_get_account", {"account": name}))["data"]))

    assert ["'enabled': True" in state for state in states] == [True, False, True]
    assert "disabled_since" in states[1]


async def test_isolated_host_reads_as_isolated_until_released(
    servers: dict[str, SecurityServer], act: Act, own_lab: Path
) -> None:
    """Isolation holds until somebody ends it."""
    host = value(own_lab, "SELECT name FROM hosts WHERE kind = 'workstation' LIMIT 1")
    await act("endpoint_isolate_host", {"host": host})
    isolated = await servers["endpoint"].call("endpoint_get_host", {"host": host})
    await act("endpoint_release", {"kind": "host", "target": host})
    released = await servers["endpoint"].call("endpoint_get_host", {"host": host})

    assert "'isolated': True" in str(isolated["data"])
    assert "'isolated': False" in str(released["data"])


async def test_quarantined_file_reads_as_quarantined_until_released(
    servers: dict[str, SecurityServer], act: Act, own_lab: Path
) -> None:
    """Upper-case hashes name the same file."""
    digest = value(own_lab, "SELECT value FROM terms WHERE field = 'process.hash.sha256' LIMIT 1")
    await act("endpoint_quarantine_file", {"sha256": digest.upper()})
    held = await servers["endpoint"].call("endpoint_find_file", {"sha256": digest})
    freed = await act("endpoint_release", {"kind": "file", "target": digest})
    again = await act("endpoint_release", {"kind": "file", "target": digest})

    assert "'quarantined': True" in str(held["data"])
    assert "restored" in str(freed["data"])
    assert "was not contained" in str(again["data"])


async def test_used_grant_is_refused_by_another_server_process_too(own_lab: Path, tmp_path: Path) -> None:
    """Two servers over one backend must not let one permission act twice."""
    settings = Settings(home=tmp_path, grant_key=KEY.public.text)
    first, second = (bundled(own_lab, tmp_path, settings)["firewall"] for _ in range(2))
    arguments: Envelope = {"address": "198.18.77.9", "minutes": 5, "reason": "drill"}
    grant = permission(first, KEY, "firewall_block_address", arguments)

    done = await first.call("firewall_block_address", arguments, grant)
    replay = await second.call("firewall_block_address", arguments, grant)

    assert (done["status"], replay["status"]) == ("success", "refused")


async def test_grant_expires_by_the_clock_of_the_lab(servers: dict[str, SecurityServer], own_lab: Path) -> None:
    """Every expiry of an embedded answer is lab time."""
    firewall = servers["firewall"]
    arguments: Envelope = {"address": "198.18.77.10", "minutes": 5, "reason": "drill"}
    grant = permission(firewall, KEY, "firewall_block_address", arguments)
    with Lab.open(own_lab) as lab:
        lab.advance(timedelta(minutes=20))

    late = await firewall.call("firewall_block_address", arguments, grant)

    assert late["status"] == "refused"
    assert "2026-03-09T14:20:00" in str(late["source"])


async def test_change_at_an_unknown_target_changes_nothing(act: Act, own_lab: Path) -> None:
    """A wrong name must not end in a containment of nobody that reads as success."""
    host = await act("endpoint_isolate_host", {"host": "no-such-host"})
    account = await act("identity_disable_account", {"account": "nobody-at-all"})

    assert host["status"] == "error"
    assert account["status"] == "no_data"
    assert value(own_lab, "SELECT count(*) FROM containment") == "0"


async def test_accounts_of_machines_and_of_emergencies_are_never_disabled(act: Act, own_lab: Path) -> None:
    """A grant does not open what everything runs on, or what is left when all else is locked."""
    answers = []
    for kind in ("service", "break_glass"):
        name = value(own_lab, f"SELECT name FROM accounts WHERE kind = '{kind}' LIMIT 1")
        answers.append(await act("identity_disable_account", {"account": name}))

    assert [str(answer["status"]) for answer in answers] == ["refused", "refused"]
    assert all("protected_target" in str(answer["error"]) for answer in answers)
    assert value(own_lab, "SELECT count(*) FROM containment") == "0"


async def test_last_administrator_is_never_disabled(act: Act, own_lab: Path) -> None:
    """Somebody has to be able to take everything back."""
    names = [name for (name,) in rows(own_lab, "SELECT name FROM accounts WHERE kind = 'admin' AND enabled = 1")]
    answers = [await act("identity_disable_account", {"account": name}) for name in names]

    assert len(names) > 1
    assert [str(answer["status"]) for answer in answers] == ["success"] * (len(names) - 1) + ["refused"]
    assert "last_administrator" in str(answers[-1]["action"])


async def test_plan_says_whom_a_change_would_hit_and_how_it_is_undone(
    servers: dict[str, SecurityServer], own_lab: Path
) -> None:
    """A person approves an effect, not a tool name."""
    host = value(own_lab, "SELECT name FROM hosts WHERE kind = 'workstation' LIMIT 1")
    meta: Envelope = {"mcpsoc/mode": "plan"}
    isolate = await servers["endpoint"].call("endpoint_isolate_host", {"host": host, "reason": "drill"}, meta=meta)
    block = {"address": "198.18.77.7", "minutes": 30, "reason": "drill"}
    blocked = await servers["firewall"].call("firewall_block_address", block, meta=meta)

    assert isolate["status"] == blocked["status"] == "success"
    assert "'arguments': {'kind': 'host', 'target': '" + host in str(isolate["action"])
    assert "'expiry': 'hold'" in str(isolate["action"])
    assert "'expires_at': '2026-03-09T14:30:00.000Z'" in str(blocked["action"])
    assert value(own_lab, "SELECT count(*) FROM containment") == "0"


async def test_what_the_operator_protects_is_refused_in_the_rehearsal_too(own_lab: Path, tmp_path: Path) -> None:
    """A rehearsal that may do more than the real thing teaches the wrong thing."""
    host = value(own_lab, "SELECT name FROM hosts WHERE kind = 'workstation' LIMIT 1")
    settings = Settings(
        home=tmp_path,
        grant_key=KEY.public.text,
        protected_hosts=(host.upper(),),
        protected_addresses=("198.18.77.0/24",),
    )
    servers = bundled(own_lab, tmp_path, settings)
    for tool, arguments in (
        ("endpoint_isolate_host", {"host": host, "reason": "drill"}),
        ("firewall_block_address", {"address": "198.18.77.7", "minutes": 5, "reason": "drill"}),
    ):
        server = servers[tool.split("_")[0]]
        answer = await server.call(tool, dict(arguments), permission(server, KEY, tool, arguments))
        assert "protected_target" in str(answer["error"])
