"""The host as its users see it: names, states, tools, and an orderly end."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from agent.errors import HostError, NameRefusedError
from agent.host import Connection, Host, PinStore
from agent.host.switchboard import usable


async def test_servers_of_one_name_or_a_bad_one_are_refused(kit):
    """Two servers under one name could answer for each other."""
    server = kit.server()
    with pytest.raises(NameRefusedError, match="two servers are called siem"):
        Host([kit.connection("siem", server)] * 2, settings=kit.settings(), pins=PinStore())
    with pytest.raises(NameRefusedError):
        Host([kit.connection("a__b", server)], settings=kit.settings(), pins=PinStore())


async def test_a_tool_listed_twice_or_under_an_unusable_name_is_out_of_use(kit):
    """Which of the two would have been called?"""
    twice = kit.server().tool("find", kit.envelope({}))
    twice.listed_twice = True
    odd = kit.server().tool("find.all", {}).tool("find", kit.envelope({}))
    async with kit.host(
        kit.connection("twice", twice, reads="find"), kit.connection("odd", odd, reads="find.all find")
    ) as host:
        door, _ = kit.door(host)
        answers = await door.read_many([(name, {}) for name in ("twice__find", "odd__find.all", "odd__find")])

    assert [answer.status for answer in answers] == ["refused", "refused", "success"]
    assert "lists two tools" in answers[0].error
    assert "does not fit" in answers[1].error


async def test_a_tool_with_a_schema_nobody_can_check_is_out_of_use(kit):
    """Its neighbours are not."""
    server = kit.server().tool("bad", {}, inputSchema={"type": "nonsense"}).tool("find", {"a": 1})
    async with kit.host(kit.connection("files", server, reads="bad find", trusted=False)) as host:
        await host.accept("files")
        door, _ = kit.door(host, "site")
        bad, fine = await door.read_many([("files__bad", {}), ("files__find", {})])
        entry = host._switchboard.find("files__bad")

    assert (bad.status, fine.status) == ("refused", "success")
    assert "not a JSON schema" in bad.error
    with pytest.raises(HostError, match="may not be used"):
        usable(entry)


async def test_the_tools_a_brain_is_shown_are_the_accepted_reads_of_its_world(kit):
    """A description nobody accepted, or of a tool that cannot be called, only carries text to a model."""
    lab = kit.server().tool("find", {}).tool("block", {}).tool("stray", {}).tool("lab_health", kit.envelope({}))
    site = kit.server().tool("find", {"a": 1})
    runbooks = kit.server().tool("find", {"a": 1})
    pending = kit.server().tool("find", {})
    async with kit.host(
        kit.connection("lab", lab, reads="find lab_health", changes="block"),
        kit.connection("site", site, reads="find", trusted=False),
        kit.connection("kb", runbooks, reads="find", trusted=False, world_neutral=True),
        kit.connection("pending", pending, reads="find", trusted=False),
    ) as host:
        await host.accept("site")
        await host.accept("kb")
        in_lab = [tool.name for tool in host.reads("lab")]
        at_site = [tool.name for tool in host.reads("site")]
        states = {item.name: item for item in host.servers()}

    assert in_lab == ["lab__find", "lab__lab_health", "kb__find"]
    assert at_site == ["site__find", "kb__find"]
    assert (states["lab"].backend, states["site"].backend) == ("embedded", "real")
    standings = {tool.name: tool.standing for tool in states["lab"].tools}
    assert (standings["lab__stray"], standings["lab__block"]) == ("unregistered", "usable")
    assert states["pending"].tools[0].description == ""


async def test_our_own_tools_are_accepted_anew_when_a_new_version_brings_them(kit):
    """An upgrade must not switch the product off; the same version with other words must."""
    server = kit.server().tool("intel_lookup", kit.envelope({}))
    connection = Connection("intel", server.transport)
    settings = kit.settings()
    async with Host([connection], settings=settings, pins=kit.pins):
        pass
    server.tool("intel_lookup", kit.envelope({}), description="Better words.")
    async with Host([connection], settings=settings, pins=kit.pins) as host:
        same_version = host.diff()
    kit.pins.accept([host._switchboard.find("intel__intel_lookup").tool], by="mcpsoc 0.0.1")
    server.tool("intel_lookup", kit.envelope({}), description="Best words.")
    async with Host([connection], settings=settings, pins=kit.pins) as host:
        next_version = host.diff()

    assert [change.tool for change in same_version] == ["intel__intel_lookup"]
    assert next_version == []
    assert connection.bundled


async def test_our_own_tools_are_accepted_anew_for_another_product(kit):
    """Whoever puts nftables behind the firewall gets its tools at once; other words over the same product are held."""
    server = kit.server().tool("intel_lookup", kit.envelope({}))
    settings = kit.settings()
    async with Host([Connection("intel", server.transport, product="a list")], settings=settings, pins=kit.pins):
        pass
    server.tool("intel_lookup", kit.envelope({}), description="Over MISP.")
    changed = []
    for product in ("a list", "MISP"):
        connection = Connection("intel", server.transport, product=product)
        async with Host([connection], settings=settings, pins=kit.pins) as host:
            changed.append([change.tool for change in host.diff()])

    assert changed == [["intel__intel_lookup"], []]


async def test_a_server_whose_health_cannot_be_asked_is_still_used(kit):
    """What is behind it is then read off each answer."""
    server = kit.server().tool("find", kit.envelope({})).tool("siem_health", kit.forever)
    odd = kit.server().tool("find", kit.envelope({})).tool("odd_health", {"not": "an envelope"})
    async with kit.host(
        kit.connection("siem", server, reads="find siem_health"),
        kit.connection("odd", odd, reads="find odd_health"),
        read_timeout_s=0.05,
    ) as host:
        door, _ = kit.door(host)
        answers = await door.read_many([("siem__find", {}), ("odd__find", {})])
        backends = [item.backend for item in host.servers()]

    assert [answer.status for answer in answers] == ["success", "success"]
    assert backends == [None, None]


async def test_a_host_without_servers_works(kit):
    """A fresh installation has none: every question is refused, none is an accident."""
    async with kit.host() as host:
        door, _ = kit.door(host, "site")
        evidence = await door.read("siem__siem_search_events", {})

    assert evidence.status == "refused"
    assert "no server 'siem' is connected" in evidence.error


async def test_every_session_is_closed_in_the_end_also_after_an_error(kit):
    """Leaving the host leaves no task, process or session behind."""
    server = kit.server().tool("find", kit.envelope({}))
    with pytest.raises(KeyError):
        async with kit.host(kit.connection("siem", server, reads="find")) as host:
            raise KeyError

    assert host.servers()[0].state == "stopped"
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("server ")] == []


async def test_a_server_that_does_not_close_is_cut_off(kit):
    """A hanging close must not hang the program."""
    server = kit.server().tool("find", kit.envelope({}))

    @asynccontextmanager
    async def sticky():
        async with server.transport() as streams:
            try:
                yield streams
            finally:
                await asyncio.Event().wait()

    connection = Connection("siem", sticky)
    started = asyncio.get_running_loop().time()
    async with Host([connection], settings=kit.settings(), pins=kit.pins, close_within_s=0.05):
        pass

    assert asyncio.get_running_loop().time() - started < 2


async def test_a_bug_in_our_own_task_is_not_swallowed(kit):
    """Bugs propagate; only what servers do is contained."""
    server = kit.server()
    server.refuses = True
    settings = kit.settings().model_copy(update={"reconnect_first_s": "soon"})

    async def run():
        async with kit.host(kit.connection("siem", server), settings=settings):
            await kit.until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "server siem"])

    with pytest.raises(TypeError):
        await run()
