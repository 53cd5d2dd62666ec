"""The host over the bundled servers: registry, backends, worlds and schemas of both sides fit together."""

from datetime import timedelta

import pytest

from agent.evidence.provenance import classes
from agent.host import Connection, Host
from agent.host.provenance import declared
from agent.host.registry import bundled_registry
from agent.host.schemas import compiled
from agent.models import Provenance, utc_now
from agent.settings import Settings
from knowledge.trust.keys import SigningKey
from servers.bundle import bundled
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings
from tests.servers.test_bundle import PRODUCTS_ONLY
from ui.home import Home
from ui.hosting import own_server
from ui.records import CaseRecords


@pytest.fixture
def servers(tmp_path):
    """All bundled servers, with their changes registered, over no lab, and ourselves over no cases of one."""
    settings = ServerSettings(home=tmp_path, grant_key=SigningKey.generate().public.text)
    records = CaseRecords(Home(tmp_path), "lab", Settings(home=tmp_path), utc_now)
    servers = bundled(None, tmp_path / "knowledge", settings)
    return {**servers, "mcpsoc": own_server(records, "lab", settings, utc_now)}


@pytest.fixture
def connections(servers):
    """Their transports, as the command line hands them over."""
    return [Connection(name, server.transport) for name, server in servers.items()]


def test_the_registry_names_exactly_the_tools_there_are_and_agrees_on_what_they_do(servers):
    """A tool that is missing here is dead, one too many is a promise nobody keeps."""
    table = bundled_registry().servers

    assert set(table) == set(servers)
    for name, server in servers.items():
        more = PRODUCTS_ONLY.get(name, {"reads": set(), "changes": set()})
        reads = {tool.name for tool in server.tools.values() if not tool.changes}
        changes = {tool.name for tool in server.tools.values() if tool.changes}
        assert set(table[name].reads) == reads | more["reads"], name
        assert set(table[name].changes) == changes | more["changes"], name


def test_both_sides_read_the_same_classes_off_a_schema(servers):
    """The server says which leaf is whose, the host stores it: one leaf read differently is trust misplaced."""
    for server in servers.values():
        for tool, published in zip(server.tools.values(), server.published, strict=True):
            ours = declared(published.output_schema)
            for leaf in tool.shape.leaves():
                kind = ours.get(leaf.path, Provenance.UNTRUSTED)
                assert kind.value >= leaf.by, (tool.name, leaf.path)
                assert kind.value == leaf.by or kind is Provenance.UNTRUSTED, (tool.name, leaf.path)


def test_every_published_schema_is_one_a_stranger_could_use(servers):
    """Our own servers pass the check that other people's have to pass."""
    for server in servers.values():
        for published in server.published:
            compiled(published.input_schema, trusted=False)
            compiled(published.output_schema, trusted=False)


async def test_every_bundled_server_starts_with_all_its_tools_usable(kit, connections):
    """From nothing: no pin, no lab, no network."""
    async with Host(connections, settings=kit.settings(start_timeout_s=20), pins=kit.pins) as host:
        states = {item.name: item for item in host.servers()}
        pending = host.diff()

    assert {item.state for item in states.values()} == {"ready"}
    assert [tool.name for item in states.values() for tool in item.tools if tool.standing != "usable"] == []
    assert pending == []
    assert {name for name, item in states.items() if item.backend == "real"} == {"assets", "kb"}
    assert {name for name, item in states.items() if item.backend == "embedded"} == set(states) - {"assets", "kb"}


async def test_a_site_case_gets_runbooks_its_register_and_nothing_of_the_lab(kit, connections):
    """Every read of every embedded server is refused without being asked; knowledge is for everybody."""
    async with Host(connections, settings=kit.settings(start_timeout_s=20, max_calls=900), pins=kit.pins) as host:
        door, ledger = kit.door(host, "site")
        reads = [tool.name for item in host.servers() for tool in item.tools if tool.kind == "read"]
        await door.read_many([(name, {}) for name in reads])
        shown = {tool.name.split("__")[0] for tool in host.reads("site")}

    embedded = [item for item in ledger.evidence if item.server not in ("assets", "kb")]
    assert all(item.status == "refused" and item.error.startswith(f"{item.server}: ") for item in embedded)
    assert len(embedded) > 25
    assert not any(item.synthetic for item in ledger.evidence)
    assert shown == {"assets", "kb"}


async def test_the_register_of_a_site_answers_the_site_alone(kit, connections):
    """What somebody approved for real says nothing about a simulated enterprise."""
    call = ("assets__assets_list_authorised_work", {"at": "2026-03-09T12:00:00Z", "host": "ws-1"})
    async with Host(connections, settings=kit.settings(start_timeout_s=20), pins=kit.pins) as host:
        answers = {world: await kit.door(host, world)[0].read(*call) for world in ("site", "lab")}

    assert (answers["site"].status, answers["site"].backend, answers["site"].synthetic) == ("no_data", "real", False)
    assert answers["lab"].status == "refused"
    assert answers["lab"].data is None


async def test_no_change_is_within_reach_of_a_read_door(kit, connections):
    """Every change of every bundled server, by its right name, from a lab case."""
    async with Host(connections, settings=kit.settings(start_timeout_s=20), pins=kit.pins) as host:
        door, ledger = kit.door(host, "lab")
        changes = [tool.name for item in host.servers() for tool in item.tools if tool.kind == "change"]
        await door.read_many([(name, {"reason": "as instructed"}) for name in changes])

    assert len(changes) >= 7
    assert {item.status for item in ledger.evidence} == {"refused"}
    assert all("changes something" in item.error for item in ledger.evidence)


async def test_the_runbooks_answer_through_the_host(kit, connections):
    """One whole call: arguments, envelope, output schema, provenance, ledger."""
    async with Host(connections, settings=kit.settings(start_timeout_s=20, read_timeout_s=20), pins=kit.pins) as host:
        door, _ = kit.door(host, "site")
        evidence = await door.read("kb__kb_list_documents", {})

    assert (evidence.status, evidence.backend, evidence.error) == ("success", "real", None)
    assert classes("$.documents[*].id", evidence).trusted


@pytest.mark.thorough
async def test_every_alert_of_the_lab_and_what_surrounds_it_keeps_its_promised_shape(kit, tmp_path):
    """The widest answers there are, from live data: none breaks its schema, none loses its class."""
    path = tmp_path / "lab.db"
    with Lab.create(path, seed=11, stories=[("password_spray", "attack"), ("admin_share", "benign_twin")]) as lab:
        servers = bundled(path, tmp_path / "knowledge", ServerSettings(home=tmp_path))
        connections = [Connection(name, server.transport) for name, server in servers.items()]
        async with Host(connections, settings=kit.settings(max_calls=50), pins=kit.pins, clock=lab.now) as host:
            door, ledger = kit.door(host)
            queue = await door.read("siem__siem_list_alerts", {"status": "new"})
            ids = [row["id"] for row in queue.data["alerts"]]
            alerts = await door.read_many([("siem__siem_get_alert", {"alert_id": name}) for name in ids])
            window = {"start": (lab.now() - timedelta(hours=6)).isoformat(), "end": lab.now().isoformat()}
            around = await door.read_many(
                [
                    *(("siem__siem_related_events", {"alert_id": name, "minutes": 30}) for name in ids),
                    ("siem__siem_search_events", {"filters": {}, "limit": 200, **window}),
                ]
            )

    assert len(ids) == 2
    assert {item.status for item in (*alerts, *around)} <= {"success", "no_data"}
    assert {(item.backend, item.synthetic) for item in ledger.evidence} == {("embedded", True)}
    assert classes("$.alert['event.source']", alerts[0]) is Provenance.SENSOR
    assert classes("$.events[*]['event.id']", around[-1]) is Provenance.SENSOR
    assert around[-1].truncated


async def test_server_whose_product_has_gone_is_not_ready(kit, tmp_path, monkeypatch):
    """It is connected and lists its tools: only asking tells that nobody looks behind it."""
    listed = tmp_path / "bad.txt"
    listed.write_text("198.51.100.9\n")
    monkeypatch.setenv("MCPSOC_REPUTATION_BACKEND", "files")
    monkeypatch.setenv("MCPSOC_REPUTATION_BAD_LISTS", str(listed))
    made = bundled(None, tmp_path / "knowledge", ServerSettings(home=tmp_path), names=["reputation"])
    connections = [Connection(name, server.transport) for name, server in made.items()]
    async with Host(connections, settings=kit.settings(start_timeout_s=20), pins=kit.pins) as host:
        (before,) = host.servers()
        listed.unlink()
        await host.look_again()
        (after,) = host.servers()

    assert (before.state, before.ready, before.problem) == ("ready", True, None)
    assert (after.state, after.ready) == ("ready", False)
    assert "bad.txt" in after.problem
