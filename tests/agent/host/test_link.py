"""Servers that die, hang, flood or change under us cost their own answers and nothing else."""

import asyncio

import pytest
from mcp import McpError, types

from agent.errors import ServerDownError
from agent.host.link import Link, Patience


def good(kit):
    """A server that answers."""
    return kit.server().tool("find", kit.envelope({"fine": True}))


async def test_a_server_that_crashes_in_mid_call_fails_that_call_at_once_and_comes_back(kit):
    """Nobody waits for a time-out when the connection is known to be gone."""
    bad = kit.server()

    async def crash(_, __):
        if bad.sessions == 1:
            bad.crash()
            await kit.forever(_, __)
        return kit.envelope({"sessions": bad.sessions})

    bad.tool("find", crash)
    async with kit.host(
        kit.connection("bad", bad, reads="find"), kit.connection("ok", good(kit), reads="find"), read_timeout_s=60
    ) as host:
        door, _ = kit.door(host)
        failed, fine = await door.read_many([("bad__find", {}), ("ok__find", {})])
        await host.ready("bad")
        again = await door.read("bad__find", {})

    assert (failed.status, fine.status) == ("error", "success")
    assert "bad went away while it was asked" in failed.error
    assert again.data == {"sessions": 2}
    assert again.id != failed.id


async def test_a_server_that_hangs_up_in_mid_call_is_noticed_at_once(kit):
    """A closed stream is an answer too: there will be none."""
    bad = kit.server()

    async def leave(_, __):
        await bad.hang_up()
        return await kit.forever(_, __)

    bad.tool("find", leave)
    async with kit.host(kit.connection("bad", bad, reads="find"), read_timeout_s=60) as host:
        door, _ = kit.door(host)
        evidence = await door.read("bad__find", {})

    assert evidence.status == "error"
    assert "went away while it was asked" in evidence.error


async def test_a_server_that_died_while_idle_is_asked_again_after_it_came_back(kit):
    """Nothing was sent, so nothing can have happened twice; the case keeps its answer."""
    server = good(kit)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        await server.hang_up()
        await asyncio.sleep(0)

        evidence = await door.read("siem__find", {})

    assert evidence.status == "success"
    assert server.sessions == 2


async def test_a_server_that_died_while_idle_and_stays_away_is_an_error(kit):
    """The second attempt is one attempt, within the time of the call."""
    server = good(kit)
    async with kit.host(kit.connection("siem", server, reads="find"), read_timeout_s=0.2) as host:
        door, _ = kit.door(host)
        server.refuses = True
        await server.hang_up()
        await asyncio.sleep(0)

        evidence = await door.read("siem__find", {})

    assert evidence.status == "error"
    assert "went away before it was asked" in evidence.error


async def test_a_hanging_call_ends_in_time_and_two_in_a_row_end_the_session(kit):
    """A server that stopped answering is not asked for ever: its session is opened anew."""
    server = kit.server().tool("find", kit.forever).tool("quick", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find quick"), read_timeout_s=0.05) as host:
        door, _ = kit.door(host)
        first = await door.read("siem__find", {"n": 1})
        between = await door.read("siem__quick", {})
        late = [await door.read("siem__find", {"n": n}) for n in (2, 3)]
        await asyncio.sleep(0)
        await host.ready("siem")
        await kit.until(lambda: server.sessions == 2)

    assert {item.status for item in (first, *late)} == {"error"}
    assert "did not answer within 0.05 s" in first.error
    assert between.status == "success"
    assert server.sessions == 2


async def test_servers_that_cannot_start_do_not_take_the_others_along(kit):
    """A dead feed must not stop the SOC from starting in the morning."""
    dead, mute, endless = kit.server(), kit.server(), kit.server().tool("find", {})
    dead.refuses = mute.mute = endless.endless = True
    started = asyncio.get_running_loop().time()
    async with kit.host(
        kit.connection("dead", dead, reads="find"),
        kit.connection("mute", mute, reads="find"),
        kit.connection("endless", endless, reads="find"),
        kit.connection("ok", good(kit), reads="find"),
        start_timeout_s=0.3,
    ) as host:
        took = asyncio.get_running_loop().time() - started
        door, _ = kit.door(host)
        answers = await door.read_many([(f"{name}__find", {}) for name in ("dead", "mute", "ok")])
        states = {server.name: (server.state, server.problem) for server in host.servers()}

    assert [answer.status for answer in answers] == ["error", "error", "success"]
    assert took < 2
    assert states["dead"] == ("down", "ConnectionRefusedError: nobody listens")
    assert states["mute"] == ("down", "did not start in time")
    assert "dead is not connected: ConnectionRefusedError" in answers[0].error


async def test_a_server_that_starts_late_is_used_from_then_on(kit):
    """Reconnecting goes on in the background, with growing waits."""
    server = good(kit)
    server.refuses = True
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        before = await door.read("siem__find", {})
        server.refuses = False
        await host.ready("siem")
        after = await door.read("siem__find", {})

    assert (before.status, after.status) == ("error", "success")


async def test_a_tool_list_that_grows_is_followed(kit):
    """A registered tool that its server offers later can be used without a restart."""
    server = good(kit)
    connection = kit.connection("siem", server, reads="find later")
    async with kit.host(connection) as host:
        door, _ = kit.door(host)
        before = await door.read("siem__later", {})
        server.tool("later", kit.envelope({}))
        await server.announce()
        await kit.until(lambda: len(host.servers()[0].tools) == 2)
        door, _ = kit.door(host)
        after = await door.read("siem__later", {})

    assert (before.status, after.status) == ("refused", "success")


async def test_a_protocol_error_is_an_error_with_its_reason_masked(kit):
    """The other side chooses the words: a credential in them must not be stored."""

    async def refuse(_, __):
        raise McpError(types.ErrorData(code=-32000 - 5, message="bad\n" + "password=hunter2222 " + "x" * 500))

    server = kit.server().tool("find", refuse)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        evidence = await door.read("siem__find", {})
        again = await door.read("siem__find", {})

    assert evidence.status == "error"
    assert "siem refused the call: bad" in evidence.error
    assert "hunter2222" not in evidence.error
    assert len(evidence.error) < 300
    assert again.id == "E2"


async def test_an_answer_that_is_no_tool_result_is_an_error(kit):
    """A server may send anything under the right id."""

    async def nonsense(_, __):
        return types.EmptyResult.model_construct(content="nothing like it")

    server = kit.server()
    server.tool("find", nonsense)

    async def odd(request):
        return types.ServerResult.model_construct(root=types.EmptyResult(content=5))

    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        server._context.request_handlers[types.CallToolRequest] = odd
        door, _ = kit.door(host)
        evidence = await door.read("siem__find", {})

    assert evidence.status == "error"
    assert "sent no tool result" in evidence.error


async def test_a_stopped_link_ends_while_it_waits_for_the_next_attempt(kit):
    """Closing the host never waits for a back-off to pass."""
    server = kit.server()
    server.refuses = True
    link = Link(kit.connection("siem", server), Patience(reconnect_first_s=60), _nobody)
    task = asyncio.create_task(link.run())
    await link.settled()

    link.stop()
    await asyncio.wait_for(task, 1)

    assert (link.state, link.problem) == ("stopped", "the host is closed")
    with pytest.raises(ServerDownError, match="the host is closed"):
        await link.call("find", {}, 1)


async def test_a_link_stopped_while_it_starts_never_serves(kit):
    """Stop counts at every moment."""
    server = good(kit)
    link = Link(kit.connection("siem", server), Patience(), _nobody)
    link.stop()

    await link.run()

    assert server.sessions == 0
    assert link.state == "stopped"


async def test_more_tools_than_anybody_needs_are_cut_off(kit):
    """An endless tool list must not fill the memory."""
    server = kit.server()
    for n in range(260):
        server.tool(f"t{n}", {})
    server.endless = True
    listed: list[int] = []

    async def count(_, tools):
        listed.append(len(tools))

    link = Link(kit.connection("siem", server), Patience(start_s=5), count)
    task = asyncio.create_task(link.run())
    await link.settled("ready")
    link.stop()
    await task

    assert listed == [500]


async def _nobody(_, __):
    """Takes the tool list and does nothing with it."""
