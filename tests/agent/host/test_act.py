"""The act door: one exact call under one grant, or nothing."""

import asyncio
from datetime import timedelta
from typing import Annotated

import pytest

from agent.errors import ActRefusedError, OutcomeUnknownError
from agent.host import Connection, Host
from agent.host.act import GRANT_META, act_door
from agent.host.registry import Registry, ServerRules
from agent.models import Grant
from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.kit import T1, Change, Conditions, Gate, Output, Plan, Reply, build_server

ARGUMENTS = {"address": "203.0.113.9"}
SCHEMA = {"type": "object", "properties": {"address": {"type": "string"}}, "additionalProperties": False}


def firewall(kit, handler=None, **source):
    """A firewall with one change, one read and a health tool that tells its backend."""
    server = kit.server()
    server.tool("block", handler or kit.envelope({"blocked": True}, **source), inputSchema=SCHEMA)
    server.tool("look", kit.envelope({}, **source))
    return server.tool("fw_health", kit.envelope({}, **source))


def connected(kit, server, **given):
    return kit.connection("fw", server, reads="look fw_health", changes="block", **given)


def grant_for(host, kit, **changes):
    """A grant by a throwaway key for blocking the address."""
    tool = next(entry.tool for entry in host._switchboard.entries() if entry.tool.name == "block")
    fields = {
        "tool": tool.name,
        "schema_sha256": tool.sha256,
        "arguments": ARGUMENTS,
        "tenant": "lab",
        "expires_at": kit.now + timedelta(minutes=5),
    }
    return Grant.model_validate(sign_grant(SigningKey.generate(), **(fields | changes)))


async def test_a_granted_change_is_sent_once_with_its_grant(kit):
    """The server checks the same grant again; it travels beside the arguments, not in them."""
    server = firewall(kit)
    async with kit.host(connected(kit, server)) as host:
        door, grant = act_door(host, world="lab", clock=lambda: kit.now), grant_for(host, kit)

        answer = await door.act("fw__block", ARGUMENTS, grant)
        await door.act("fw__block", ARGUMENTS, grant)

    sent = [call for call in server.calls if call[0] == "block"]
    assert answer.status == "success"
    assert answer.data == {"blocked": True}
    assert answer.cost_ms > 0
    assert len(sent) == 2
    assert sent[0][1] == ARGUMENTS
    assert sent[0][2] == {GRANT_META: grant.model_dump(mode="json")}


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"tool": "unblock"}, "another tool"),
        ({"schema_sha256": "0" * 64}, "another definition of the tool"),
        ({"arguments": {"address": "203.0.113.10"}}, "another arguments"),
        ({"tenant": "default"}, "another tenant"),
        ({"expires_at": "now"}, "has expired"),
    ],
)
async def test_a_grant_for_anything_else_is_refused_before_it_leaves(kit, changes, said):
    """A mistake caught here never reaches a product."""
    server = firewall(kit)
    if "expires_at" in changes:
        changes = {"expires_at": kit.now}
    async with kit.host(connected(kit, server)) as host:
        door = act_door(host, world="lab", clock=lambda: kit.now)

        with pytest.raises(ActRefusedError, match=said):
            await door.act("fw__block", ARGUMENTS, grant_for(host, kit, **changes))

    assert [call for call in server.calls if call[0] == "block"] == []


async def test_a_grant_without_a_signature_is_refused(kit):
    """An unsigned grant is a wish."""
    async with kit.host(connected(kit, firewall(kit))) as host:
        door = act_door(host, world="lab", clock=lambda: kit.now)
        unsigned = grant_for(host, kit).model_copy(update={"signature": ""})

        with pytest.raises(ActRefusedError, match="not signed"):
            await door.act("fw__block", ARGUMENTS, unsigned)


@pytest.mark.parametrize(
    "tool, arguments, said",
    [
        ("fw__look", {}, "registered as a read"),
        ("fw__none", {}, "no tool 'none'"),
        ("xx__block", {}, "no server"),
        ("fw__block", {"adress": "x"}, "did you mean 'address'"),
    ],
)
async def test_what_is_no_change_of_ours_is_refused(kit, tool, arguments, said):
    """The act door is for changes only, and for those we know."""
    async with kit.host(connected(kit, firewall(kit))) as host:
        door = act_door(host, world="lab", clock=lambda: kit.now)

        with pytest.raises(ActRefusedError, match=said):
            await door.act(tool, arguments, grant_for(host, kit))


async def test_a_change_whose_definition_changed_is_refused(kit):
    """What was approved is not what is there now."""
    server = firewall(kit)
    async with kit.host(connected(kit, server)) as host:
        grant = grant_for(host, kit)
        server.tool("block", kit.envelope({}), inputSchema=SCHEMA, description="Blocks everything.")
        await server.announce()
        await kit.until(lambda: bool(host.diff()))

        with pytest.raises(ActRefusedError, match="changed since it was accepted"):
            await act_door(host, world="lab", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant)


async def test_a_case_of_one_world_never_changes_the_other(kit):
    """The rehearsal must not reach the real firewall, and a real case must not be contained in the lab."""
    real = firewall(kit, backend="real", synthetic=False)
    async with kit.host(connected(kit, real)) as host:
        with pytest.raises(ActRefusedError, match="real source"):
            await act_door(host, world="lab", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant_for(host, kit))
    async with kit.host(connected(kit, firewall(kit))) as host:
        grant = grant_for(host, kit, tenant="default")
        with pytest.raises(ActRefusedError, match="it answers from a simulation"):
            await act_door(host, world="site", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant)


async def test_a_server_that_does_not_say_what_it_is_changes_nothing(kit):
    """Asking first is harmless for a read; a change cannot be taken back."""
    server = kit.server().tool("block", kit.envelope({}), inputSchema=SCHEMA)
    async with kit.host(connected(kit, server)) as host:
        with pytest.raises(ActRefusedError, match="lab or the real site"):
            await act_door(host, world="lab", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant_for(host, kit))


async def test_a_change_without_an_answer_is_unknown_and_never_repeated(kit):
    """It may have happened: ask at the target before any second attempt."""
    server = firewall(kit, kit.forever)
    async with kit.host(connected(kit, server), read_timeout_s=0.05) as host:
        door = act_door(host, world="lab", clock=lambda: kit.now)

        with pytest.raises(OutcomeUnknownError, match="did not answer"):
            await door.act("fw__block", ARGUMENTS, grant_for(host, kit))

    assert len([call for call in server.calls if call[0] == "block"]) == 1


async def test_a_change_whose_answer_breaks_its_schema_is_unknown(kit):
    """A garbled answer says nothing about what was done."""
    server = kit.server().tool("block", kit.envelope({}), inputSchema=SCHEMA, outputSchema={"required": ["never"]})
    server.tool("fw_health", kit.envelope({}))
    async with kit.host(connected(kit, server)) as host:
        with pytest.raises(OutcomeUnknownError, match="broke its own output schema"):
            await act_door(host, world="lab", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant_for(host, kit))


async def test_a_change_that_was_never_sent_is_refused_and_not_unknown(kit):
    """Nothing left the host, so nothing has to be asked at the target; and no second attempt is made."""
    server = firewall(kit)
    async with kit.host(connected(kit, server)) as host:
        grant = grant_for(host, kit)
        await server.hang_up()
        await asyncio.sleep(0)

        with pytest.raises(ActRefusedError, match="went away before"):
            await act_door(host, world="lab", clock=lambda: kit.now).act("fw__block", ARGUMENTS, grant)
        await host.ready("fw")

    assert [call for call in server.calls if call[0] == "block"] == []


class Blocked(Output):
    """What the change did."""

    address: Annotated[str, T1]


async def test_the_grant_that_this_door_sends_is_the_one_a_real_server_accepts_once(kit):
    """Both sides hash the tool and the arguments alike, or no response would ever work."""
    key = SigningKey.generate()
    blocked: list[str] = []

    def fw_block(address: str) -> Reply[Blocked]:
        """Block an address."""
        blocked.append(address)
        return Reply(Blocked(address=address), "blocked")

    def plan(address: str) -> Plan:
        return Plan(address, "1 address")

    def is_blocked(address: str) -> bool:
        return address in blocked

    spent = SpentNonces()
    gate = Gate(key.public, "lab", lambda: spent)
    server = build_server(
        "fw", reads=[], changes=[Change(fw_block, plan, is_blocked, risk="high")], backend="embedded", synthetic=True,
        clock=lambda: kit.now, probe=lambda: "test", conditions=Conditions(gate=gate),
    )  # fmt: skip
    registry = Registry({"fw": ServerRules(reads=("fw_health",), changes=("fw_block",))})
    connection = Connection("fw", server.transport)
    async with Host([connection], settings=kit.settings(), pins=kit.pins, registry=registry) as host:
        door = act_door(host, world="lab", clock=lambda: kit.now)
        grant = Grant.model_validate(
            sign_grant(
                key,
                tool="fw_block",
                schema_sha256=server.schema_sha256("fw_block"),
                arguments=ARGUMENTS,
                tenant="lab",
                expires_at=kit.now + timedelta(minutes=5),
            )
        )
        first = await door.act("fw__fw_block", ARGUMENTS, grant)
        replayed = await door.act("fw__fw_block", ARGUMENTS, grant)
    spent.close()

    assert (first.status, replayed.status) == ("success", "refused")
    assert "used before" in replayed.error
    assert blocked == ["203.0.113.9"]


@pytest.mark.parametrize("state", ["done", "unknown"])
async def test_a_change_that_the_server_itself_is_unsure_of_is_unknown(kit, state):
    """A server that lost its backend in the middle says so; the answer must not pass for one that was refused."""
    action = {
        "mode": "execute", "action_id": "act-1", "state": state, "verified": state == "done" or "unknown",
        "target": "203.0.113.9", "blast_radius": "1 address", "risk": "high", "undo": None, "expires_at": None,
        "expiry": None, "dry_run": None, "guards": [], "repeated": False,
    }  # fmt: skip
    server = firewall(kit, kit.envelope({"blocked": True}, action=action))
    async with kit.host(connected(kit, server)) as host:
        door, grant = act_door(host, world="lab", clock=lambda: kit.now), grant_for(host, kit)
        if state == "done":
            answer = await door.act("fw__block", ARGUMENTS, grant)
            assert (answer.action.state, answer.action.verified) == ("done", True)
        else:
            with pytest.raises(OutcomeUnknownError):
                await door.act("fw__block", ARGUMENTS, grant)
