"""The read door: what reaches a server, what does not, and what becomes of the answers."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.provenance import classes
from agent.host.read import Budget
from agent.models import Provenance

ROWS = {
    "type": "object",
    "properties": {
        "ok": {},
        "status": {},
        "summary": {},
        "source": {},
        "untrusted": {},
        "truncated": {},
        "total": {},
        "next_cursor": {},
        "error": {},
        "data": {
            "type": "object",
            "properties": {
                "events": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "source.ip": {"type": "string", "x-provenance": "T1"},
                            "user_agent": {"type": "string", "x-provenance": "T2"},
                            "note": {"type": "string"},
                        },
                    },
                }
            },
        },
    },
}
EVENT = {"source.ip": "203.0.113.9", "user_agent": "curl", "note": "n"}


async def test_an_answer_becomes_evidence_with_all_that_is_known_about_it(kit):
    """Whatever a verdict rests on has to be found again: arguments, time, sensor, classes, cost."""
    server = kit.server().tool("find", kit.envelope({"events": [EVENT]}), outputSchema=ROWS)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, ledger = kit.door(host)

        evidence = await door.read("siem__find", {"host": "ws-1"})

    assert ledger.by_id["E1"] == evidence
    assert (evidence.server, evidence.tool, evidence.arguments) == ("siem", "find", {"host": "ws-1"})
    assert (evidence.status, evidence.sensor, evidence.backend, evidence.synthetic) == (
        "success",
        "edr",
        "embedded",
        True,
    )
    assert evidence.data == {"events": [EVENT]}
    assert evidence.asked_at == kit.now
    assert evidence.cost_ms > 0
    assert evidence.size_bytes > 0
    assert classes("$.events[*]['source.ip']", evidence) is Provenance.SENSOR
    assert classes("$.events[*].user_agent", evidence) is Provenance.UNTRUSTED
    assert classes("$.events[*].note", evidence) is Provenance.UNTRUSTED


async def test_an_answer_may_take_trust_away_from_a_field_but_never_add_it(kit):
    """A server that doubts one of its own fields is believed; one that promotes a field is not."""
    doubted = kit.envelope({"events": [EVENT]}, untrusted=["$.events[*]['source.ip']", "$.nowhere"])
    server = kit.server().tool("find", doubted, outputSchema=ROWS)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)

        evidence = await door.read("siem__find", {})

    assert classes("$.events[*]['source.ip']", evidence) is Provenance.UNTRUSTED
    assert "$.nowhere" not in evidence.provenance


async def test_what_an_untrusted_server_declares_about_its_fields_counts_for_nothing(kit):
    """Anybody can write x-provenance into a schema, name a sensor and phrase a summary."""
    server = kit.server().tool(
        "find",
        kit.envelope({"events": [EVENT]}, summary="all is well", synthetic=False, backend="real"),
        outputSchema=ROWS,
    )
    connection = kit.connection("siem", server, reads="find", trusted=False)
    async with kit.host(connection) as host:
        await host.accept("siem")
        door, _ = kit.door(host, "site")

        evidence = await door.read("siem__find", {})

    assert evidence.status == "success"
    assert evidence.provenance == {}
    assert evidence.sensor is None
    assert "well" not in evidence.summary


async def test_an_identical_call_is_asked_once(kit):
    """A loop that asks the same again gets what there is and learns that it repeated itself."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, ledger = kit.door(host)

        first = await door.read("siem__find", {"a": 1, "b": 2})
        again = await door.read("siem__find", {"b": 2, "a": 1})
        other_case, _ = kit.door(host)
        await other_case.read("siem__find", {"a": 1, "b": 2})

    assert again == first
    assert len(ledger) == 1
    assert (door.totals.calls, door.totals.repeated) == (1, 1)
    assert len(server.calls) == 2


async def test_parallel_calls_run_side_by_side_and_are_numbered_in_the_order_asked(kit):
    """Evidence ids are quoted in reports: they must not depend on which server was faster."""
    turns = [asyncio.Event() for _ in range(5)]
    turns[4].set()

    async def last_first(arguments, _):
        n = arguments["n"]
        await turns[n + 1].wait()
        turns[n].set()
        return kit.envelope({"n": n})

    server = kit.server().tool("find", last_first)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        calls = [("siem__find", {"n": n}) for n in range(4)]

        answers = await door.read_many([*calls, calls[0]])

    assert [answer.id for answer in answers] == ["E1", "E2", "E3", "E4", "E1"]
    assert [answer.data["n"] for answer in answers] == [0, 1, 2, 3, 0]


async def test_no_more_calls_run_at_once_than_the_settings_allow(kit):
    """A case must not be able to flood a product behind a server."""
    running, most = 0, 0

    async def count(arguments, _):
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(50):
            await asyncio.sleep(0)
        running -= 1
        return kit.envelope({})

    server = kit.server().tool("find", count)
    async with kit.host(kit.connection("siem", server, reads="find"), concurrency=2) as host:
        door, _ = kit.door(host)

        await door.read_many([("siem__find", {"n": n}) for n in range(7)])

    assert most == 2


async def test_two_tasks_that_ask_the_same_share_one_call(kit):
    """Parallel branches of a graph must not spend the budget twice."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)

        one, two = await asyncio.gather(door.read("siem__find", {}), door.read("siem__find", {}))

    assert one == two
    assert len(server.calls) == 1


async def test_a_call_whose_asker_gave_up_is_asked_again_for_whoever_still_waits(kit):
    """A cancelled branch must not take its neighbour's answer along."""
    asked = asyncio.Event()
    calls = 0

    async def first_never(_, __):
        nonlocal calls
        calls += 1
        asked.set()
        if calls == 1:
            await asyncio.Event().wait()
        return kit.envelope({"calls": calls})

    server = kit.server().tool("find", first_never)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        leaver = asyncio.create_task(door.read("siem__find", {}))
        await asked.wait()
        stayer = asyncio.create_task(door.read("siem__find", {}))
        await asyncio.sleep(0)
        leaver.cancel()

        evidence = await stayer

    assert evidence.data == {"calls": 2}
    assert leaver.cancelled()


async def test_a_waiting_asker_can_be_cancelled_itself(kit):
    """Waiting for somebody else's call is no trap."""
    asked = asyncio.Event()

    async def never(_, __):
        asked.set()
        return await kit.forever(_, __)

    server = kit.server().tool("find", never)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        asker = asyncio.create_task(door.read("siem__find", {}))
        await asked.wait()
        waiter = asyncio.create_task(door.read("siem__find", {}))
        await asyncio.sleep(0)

        waiter.cancel()
        await asyncio.wait([waiter])
        asker.cancel()
        await asyncio.wait([asker])

    assert waiter.cancelled()
    assert asker.cancelled()


@pytest.mark.parametrize(
    "tool, because",
    [
        ("siem__block", "changes something"),
        ("siem__wipe", "nobody registered"),
        ("siem__fnd", "has no tool 'fnd'"),
        ("nobody__find", "no server 'nobody'"),
        ("find", "no server 'find'"),
        ("", "no server ''"),
    ],
)
async def test_what_is_not_a_registered_read_is_refused_without_a_call(kit, tool, because):
    """Annotations are hints of the other side: only our table says what reads."""
    lies = {"readOnlyHint": True, "destructiveHint": False}
    server = kit.server().tool("find", kit.envelope({}))
    server.tool("block", {}, annotations=lies).tool("wipe", {}, annotations=lies)
    async with kit.host(kit.connection("siem", server, reads="find", changes="block")) as host:
        door, ledger = kit.door(host)

        evidence = await door.read(tool, {})

    assert evidence.status == "refused"
    assert because in evidence.error
    assert evidence.data is None
    assert ("name it under 'reads' of siem" in evidence.hint) == (tool == "siem__wipe")
    assert server.calls == []
    assert (door.totals.refused, door.totals.calls, len(ledger)) == (1, 0, 1)


@given(name=st.text(max_size=80))
async def test_no_name_whatsoever_reaches_a_change(name):
    """Names come from models: nothing that is spelled cleverly may slip through."""
    from agent.host.pins import PinStore
    from agent.host.registry import Registry
    from agent.host.switchboard import NotFound, Switchboard

    found = Switchboard(Registry({}), PinStore(), "test", 1000).find(name)

    assert isinstance(found, NotFound)


async def test_arguments_are_checked_before_anything_is_sent(kit):
    """A server that ignores what it does not know would answer another question than the one asked."""
    schema = {
        "type": "object",
        "properties": {"host": {"type": "string", "maxLength": 5}, "limit": {"type": "integer"}},
        "required": ["host"],
        "additionalProperties": False,
    }
    server = kit.server().tool("find", kit.envelope({}), inputSchema=schema)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)

        missing = await door.read("siem__find", {})
        typo = await door.read("siem__find", {"host": "a", "limt": 3})
        stranger = await door.read("siem__find", {"host": "a", "zzzzzz": 3})
        long = await door.read("siem__find", {"host": "secret-name"})

    assert {item.status for item in (missing, typo, stranger, long)} == {"error"}
    assert "'host' is missing" in missing.error
    assert "did you mean 'limit'" in typo.error
    assert "known: host, limit" in stranger.error
    assert "$.host: breaks maxLength 5" in long.error
    assert "secret-name" not in long.error
    assert server.calls == []
    assert door.totals.calls == 0


async def test_an_answer_that_breaks_its_own_schema_is_an_error_and_not_kept(kit):
    """What the provenance classes rest on is the pinned schema; an answer outside it has no classes."""
    extra = kit.envelope({"events": [{**EVENT, "surprise": "field"}]})
    server = kit.server().tool("find", extra, outputSchema=ROWS)
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)

        evidence = await door.read("siem__find", {})

    assert evidence.status == "error"
    assert "broke its own output schema" in evidence.error
    assert "$.data.events[0]" in evidence.error
    assert evidence.data is None


async def test_a_site_case_never_asks_a_server_that_is_known_to_be_the_lab(kit):
    """Lab and site never mix, and knowing it beforehand means not even asking."""
    server = kit.server().tool("find", kit.envelope({"host": "x"})).tool("siem_health", kit.envelope({}))
    setting = "MCPSOC_SIEM_BACKEND"
    async with kit.host(kit.connection("siem", server, reads="find siem_health", setting=setting)) as host:
        before = len(server.calls)
        door, _ = kit.door(host, "site")

        evidence = await door.read("siem__find", {})

    assert (evidence.status, evidence.backend) == ("refused", "embedded")
    assert evidence.error == "siem: no product is connected (MCPSOC_SIEM_BACKEND)"
    assert evidence.data is None
    assert not evidence.synthetic
    assert len(server.calls) == before


@pytest.mark.parametrize("backend, synthetic", [("embedded", True), ("real", True), ("embedded", False)])
async def test_a_simulated_answer_in_a_site_case_is_dropped_before_it_is_stored(kit, backend, synthetic):
    """A server that turns out to be the lab, or only half admits it, leaves nothing behind."""
    server = kit.server().tool("find", kit.envelope({"host": "LAB"}, backend=backend, synthetic=synthetic))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, ledger = kit.door(host, "site")

        evidence = await door.read("siem__find", {})

    assert (evidence.status, evidence.error) == ("refused", "siem: it answers from a simulation")
    assert "LAB" not in ledger.by_id["E1"].model_dump_json()


async def test_what_the_product_of_a_server_cannot_do_is_told_apart_from_a_misspelt_tool(kit):
    """A SIEM that knows no coverage is no mistake of whoever asked."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find siem_check_coverage")) as host:
        door, _ = kit.door(host, "site")

        evidence = await door.read("siem__siem_check_coverage", {})

    assert evidence.status == "refused"
    assert evidence.error == "siem: its product does not offer siem_check_coverage"
    assert [door.offers(name) for name in ("siem__find", "siem__siem_check_coverage", "ids__find")] == [
        True,
        False,
        False,
    ]


async def test_a_server_whose_settings_cannot_be_used_is_an_error_with_their_fault(kit):
    """It offers its health alone; that a look was not made is no refusal of ours, and the fix is to be seen."""
    health = {"server": "ids", "ready": False, "detail": "IdsSettings: backend: none of the known"}
    server = kit.server().tool("ids_health", kit.envelope(health, backend="real", synthetic=False))
    async with kit.host(kit.connection("ids", server, reads="ids_health ids_get_flow")) as host:
        door, _ = kit.door(host, "site")

        evidence = await door.read("ids__ids_get_flow", {})

    assert evidence.status == "error"
    assert evidence.error == "ids is not ready: IdsSettings: backend: none of the known"
    assert evidence.hint == "mcpsoc servers verify ids"
    assert door.offers("ids__ids_get_flow")


@pytest.mark.parametrize(
    ("minutes", "told"), [(180, "; the data are of 2026-03-02T06:30:00Z"), (0, "")], ids=["old", "of now"]
)
async def test_stale_answer_says_how_old_its_data_are(kit, minutes, told):
    """That absence proves nothing is no use to a person who does not learn why."""
    answer = kit.envelope({}, status="stale", backend="real", synthetic=False)
    answer["error"] = {"code": "feeds_stale", "message": "a feed is late", "hint": "fetch it"}
    answer["source"]["time"] = (kit.now - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    server = kit.server().tool("look", answer)
    async with kit.host(kit.connection("intel", server, reads="look")) as host:
        door, _ = kit.door(host, "site")

        evidence = await door.read("intel__look", {})

    assert (evidence.status, evidence.error) == ("stale", f"feeds_stale: a feed is late{told}")


async def test_a_lab_case_never_asks_the_real_site_but_may_ask_what_is_neutral(kit):
    """The demo must not query a customer's products; runbooks belong to both worlds."""
    real = {"backend": "real", "synthetic": False}
    product = kit.server().tool("find", kit.envelope({}, **real)).tool("siem_health", kit.envelope({}, **real))
    silent = kit.server().tool("find", kit.envelope({}, **real))
    foreign = kit.server().tool("find", {"a": 1})
    runbooks = kit.server().tool("find", kit.envelope({}, **real)).tool("kb_health", kit.envelope({}, **real))
    async with kit.host(
        kit.connection("siem", product, reads="find siem_health"),
        kit.connection("silent", silent, reads="find"),
        kit.connection("foreign", foreign, reads="find", trusted=False),
        kit.connection("kb", runbooks, reads="find kb_health", world_neutral=True),
    ) as host:
        await host.accept("foreign")
        asked = len(product.calls)
        door, _ = kit.door(host, "lab")

        answers = await door.read_many([(f"{name}__find", {}) for name in ("siem", "silent", "foreign", "kb")])

    assert [answer.status for answer in answers] == ["refused", "refused", "refused", "success"]
    assert {answer.error for answer in answers[:3]} == {"real source"}
    assert len(product.calls) == asked
    assert foreign.calls == []


@pytest.mark.parametrize("status", ["no_data", "stale", "error"])
async def test_error_stale_and_no_data_stay_three_different_things(kit, status):
    """An error is never nothing found."""
    problem = {"code": "silent", "message": "the sensor was down", "hint": "ask later"}
    server = kit.server().tool("find", kit.envelope(None, status=status, error=problem, ok=False))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)

        evidence = await door.read("siem__find", {})

    assert evidence.status == status
    assert evidence.error == "silent: the sensor was down"
    assert evidence.hint == "ask later"


async def test_the_budget_of_calls_ends_in_refusals_that_say_so(kit):
    """What could not be asked is a named gap, not silence."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host, budget=Budget(calls=2, seconds=60))

        answers = await door.read_many([("siem__find", {"n": n}) for n in range(3)])
        repeat = await door.read("siem__find", {"n": 0})

    assert [answer.status for answer in answers] == ["success", "success", "refused"]
    assert "all 2 calls" in answers[2].error
    assert repeat == answers[0]
    assert len(server.calls) == 2


async def test_the_budget_of_time_runs_from_the_first_call(kit):
    """An investigation that waits for its first question has spent nothing."""
    now = [100.0]
    budget = Budget(calls=9, seconds=10, timer=lambda: now[0])
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host, budget=budget)
        now[0] = 900.0
        first = await door.read("siem__find", {"n": 1})
        now[0] = 909.0
        second = await door.read("siem__find", {"n": 2})
        now[0] = 911.0
        third = await door.read("siem__find", {"n": 3})

    assert [item.status for item in (first, second, third)] == ["success", "success", "refused"]
    assert "10 s" in third.error
    assert budget.left_s == 0


async def test_totals_add_up_what_the_case_cost(kit):
    """The operator sees what an investigation cost."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, ledger = kit.door(host)
        await door.read_many([("siem__find", {"n": n}) for n in range(3)])

    assert door.totals.calls == 3
    assert door.totals.cost_ms == pytest.approx(sum(item.cost_ms for item in ledger.evidence))


async def test_a_door_without_a_clock_dates_by_the_hosts(kit):
    """Evidence always carries the time of the case."""
    server = kit.server().tool("find", kit.envelope({}))
    async with kit.host(kit.connection("siem", server, reads="find")) as host:
        door, _ = kit.door(host)
        evidence = await door.read("siem__find", {})

    assert evidence.asked_at == kit.now
