"""The firewall's reads over a lab with every story."""

import json
from pathlib import Path

import pytest

from servers.firewall.server import build
from servers.firewall.settings import FirewallSettings
from servers.kit import SecurityServer
from tests.servers.lab.tables import first
from tests.servers.parts import over_lab

DAY = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}


@pytest.fixture(scope="module")
def firewall(whole_lab: Path) -> SecurityServer:
    """The firewall."""
    return build(over_lab(whole_lab), FirewallSettings())


@pytest.fixture(scope="module")
def talker(whole_lab: Path) -> tuple[str, str]:
    """A host with many flows, and its address."""
    sql = """SELECT h.name, h.ip FROM events e JOIN hosts h ON h.ip = e.src_ip WHERE e.source = 'firewall'
             AND e.time >= 1773014400000 GROUP BY h.name ORDER BY count(*) DESC LIMIT 1"""
    name, ip = first(whole_lab, sql)
    return name, ip


async def test_flows_by_host_name_equal_flows_by_address(firewall: SecurityServer, talker: tuple[str, str]) -> None:
    """A playbook knows the name, the firewall logs the address."""
    by_name, by_address = [
        await firewall.call("firewall_search_flows", {"source": who, "limit": 5, **DAY}) for who in talker
    ]

    assert by_name["data"] == by_address["data"]
    assert by_name["status"] == "success"
    assert {flow["source.ip"] for flow in json.loads(json.dumps(by_name["data"]))["flows"]} == {talker[1]}


async def test_summary_adds_up_to_the_flows(firewall: SecurityServer, talker: tuple[str, str]) -> None:
    """Numbers of a report come from here."""
    flows = [
        (await firewall.call("firewall_search_flows", {end: talker[0], **DAY}))["total"]
        for end in ("source", "destination")
    ]
    summary = await firewall.call("firewall_summarise_flows", {"host_or_ip": talker[0], "limit": 200, **DAY})
    peers = json.loads(json.dumps(summary["data"]))["peers"]

    assert summary["truncated"] is False
    assert sum(peer["flows"] for peer in peers) == sum(json.loads(json.dumps(flows)))
    assert all(peer["first"] <= peer["last"] for peer in peers)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"source": "no-such-host"}, {"destination": "10.999.0.1"}],
    ids=["nothing given", "unknown host", "no address"],
)
async def test_question_about_nobody_is_an_error(firewall: SecurityServer, arguments: dict[str, str]) -> None:
    """No flows of a host that does not exist is no finding."""
    envelope = await firewall.call("firewall_search_flows", {**arguments, **DAY})

    assert envelope["status"] == "error"
