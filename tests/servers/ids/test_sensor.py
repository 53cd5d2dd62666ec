"""The ids server in front of a Suricata that listens on a wire: indicators and rules take effect on real traffic."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.ids.server import build
from servers.kit import Protected
from tests.servers.acting import Analyst, analyst, part
from tests.servers.ids.sensor import SERVER, Sensor, sensor
from tests.servers.waiting import until

RULE = 'alert dns any any -> any any (msg:"loaded"; dns.query; content:"loaded.test"; nocase; sid:{}; rev:1;)'
OWN = RULE.format(9_100_001)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sensor]:
    """A running sensor."""
    with sensor(tmp_path_factory.mktemp("sensor")) as found:
        yield found


@pytest.fixture
def server(wire: Sensor, tmp_path: Path) -> Analyst:
    """The server in front of it."""
    protected = Protected(domains=("own.test",))
    return analyst(build, wire.settings, tmp_path, protected=protected)


@pytest.fixture
async def ready(server: Analyst) -> Analyst:
    """The server after its rule file was loaded once."""
    loaded = await server.does("load_rules", rules=[], reason="first loading")
    assert part(loaded, "action", "verified") is True
    return server


def window() -> dict[str, str]:
    """The last minutes and the next."""
    now = datetime.now(UTC)
    return {"start": (now - timedelta(minutes=5)).isoformat(), "end": (now + timedelta(minutes=1)).isoformat()}


def seen(wire: Sensor, name: str, server: str = SERVER) -> int:
    """Alerts that a question gives rise to, waited for until the sensor logged the question."""
    alerts, questions = len(wire.alerts()), wire.questions()
    wire.ask_for(name, server)
    until(lambda: wire.questions() > questions)
    return len(wire.alerts()) - alerts


async def test_indicator_raises_an_alert_until_it_is_removed(wire: Sensor, ready: Analyst) -> None:
    """Told, seen on the wire in any spelling, found by a search with its flow; and silent again afterwards."""
    before = seen(wire, "evil.test")
    added = await ready.does("add_indicator", kind="domain", value="Evil.test.", reason="c2 of a case")
    during = seen(wire, "eVIL.test")
    found = await ready.asks("search_alerts", rule_id="9000001", **window())
    flow = await ready.asks("get_flow", flow_id=part(found, "data", "alerts", 0, "flow.id"))
    removed = await ready.does("remove_indicator", kind="domain", value="evil.test", reason="case closed")
    after = seen(wire, "evil.test")

    assert (before, during, after) == (0, 1, 0)
    assert (part(added, "action", "verified"), part(removed, "action", "verified")) == (True, True)
    assert part(found, "data", "alerts", 0, "dns.question.name") == "eVIL.test"
    assert {part(flow, "data", "events", n, "event.kind") for n in (0, 1)} == {"alert", "dns"}


async def test_address_indicator_lapses_by_itself(wire: Sensor, ready: Analyst) -> None:
    """An indicator of a case that is long closed would wake people for nothing."""
    added = await ready.does("add_indicator", kind="address", value=SERVER, minutes=1, reason="c2 of a case")
    during = seen(wire, "some.test")
    changing = ready.server.changing
    assert changing is not None
    late = await changing.sweep(datetime.now(UTC) + timedelta(minutes=2))
    after = seen(wire, "some.test")

    assert part(added, "action", "expires_at") is not None
    assert during > 0
    assert (late, after) == (0, 0)


@pytest.mark.thorough
@pytest.mark.parametrize("minutes", [{"minutes": 1}, {}], ids=["for a minute", "for good"])
async def test_indicator_that_is_there_is_not_set_again(wire: Sensor, ready: Analyst, minutes: dict[str, int]) -> None:
    """The end of the second one would end the first, which was to stay."""
    await ready.does("add_indicator", kind="domain", value="watched.test", reason="standing watch")
    again = await ready.does("add_indicator", kind="domain", value="Watched.test", reason="a case", **minutes)
    changing = ready.server.changing
    assert changing is not None
    late = await changing.sweep(datetime.now(UTC) + timedelta(minutes=2))
    during = seen(wire, "watched.test")
    await ready.does("remove_indicator", kind="domain", value="watched.test", reason="over")

    assert part(again, "error", "code") == "watched_already"
    assert (late, during) == (0, 1)


@pytest.mark.thorough
async def test_rules_are_loaded_and_taken_back(wire: Sensor, ready: Analyst) -> None:
    """The undo is the same tool with the rules before."""
    before = seen(wire, "loaded.test")
    loaded = await ready.does("load_rules", rules=[OWN], reason="hunt")
    during = seen(wire, "loaded.test")
    planned = await ready.plans("load_rules", rules=[], reason="hunt is over")
    undone = await ready.does("load_rules", rules=[], reason="hunt is over")
    after = seen(wire, "loaded.test")

    assert (before, during, after) == (0, 1, 0)
    assert [part(each, "action", "verified") for each in (loaded, undone)] == [True, True]
    assert part(loaded, "action", "undo", "arguments") == {"rules": []}
    assert part(planned, "action", "undo", "arguments") == {"rules": [OWN]}
    assert part(planned, "action", "dry_run") == "passed"


@pytest.mark.parametrize(
    "rules",
    [[RULE.format(1)], [OWN, OWN], [OWN.replace("dns.query", "dns.quer")], ["x" * 40]],
    ids=["number of others", "twice", "unknown keyword", "no rule"],
)
@pytest.mark.thorough
async def test_bad_rules_change_nothing(wire: Sensor, ready: Analyst, rules: list[str]) -> None:
    """A rule file the engine does not load would leave the sensor without our rules."""
    file = wire.home / "mcpsoc.rules"
    before = file.read_bytes()
    refused = await ready.does("load_rules", rules=list(rules), reason="hunt")

    assert (refused["status"], part(refused, "error", "code")) == ("error", "invalid_argument")
    assert file.read_bytes() == before


@pytest.mark.thorough
async def test_own_names_and_no_values_are_refused(ready: Analyst) -> None:
    """An alert on each of our own questions would bury the sensor."""
    own = await ready.does("add_indicator", kind="domain", value="www.own.test", reason="mistake")
    local = await ready.does("add_indicator", kind="address", value="127.0.0.1", reason="mistake")
    none = await ready.does("add_indicator", kind="address", value="10.0.0.0/8", reason="mistake")

    assert [part(each, "error", "code") for each in (own, local, none)] == [
        "protected_target",
        "protected_target",
        "invalid_argument",
    ]


@pytest.mark.thorough
async def test_address_has_one_name_however_it_is_written(ready: Analyst) -> None:
    """Else taking it away under its plain name would leave the end of the other one in force."""
    added = await ready.does("add_indicator", kind="address", value="::ffff:203.0.113.78", reason="c2 of a case")
    removed = await ready.does("remove_indicator", kind="address", value="203.0.113.78", reason="case closed")

    assert part(added, "action", "target") == part(removed, "action", "target") == "address 203.0.113.78"
    assert part(removed, "data", "change") == "removed"


@pytest.mark.thorough
async def test_indicator_survives_in_the_state_file(wire: Sensor, ready: Analyst) -> None:
    """The engine reads it again when it starts."""
    await ready.does("add_indicator", kind="address", value="203.0.113.77", reason="c2 of a case")
    there = (wire.home / "mcpsoc-addresses.lst").read_text()
    await ready.does("remove_indicator", kind="address", value="203.0.113.77", reason="case closed")

    assert "203.0.113.77" in there
    assert "203.0.113.77" not in (wire.home / "mcpsoc-addresses.lst").read_text()


async def test_engine_without_a_socket_is_an_error(wire: Sensor, tmp_path: Path) -> None:
    """A sensor that cannot be told says so; it is not replaced by the lab."""
    settings = wire.settings.model_copy(update={"socket": tmp_path / "none"})
    server = analyst(build, settings, tmp_path)
    health, added = await asyncio.gather(
        server.asks("health"), server.does("add_indicator", kind="domain", value="a.test", reason="drill")
    )

    assert part(health, "data", "ready") is False
    assert part(added, "error", "code") == "unreachable"
