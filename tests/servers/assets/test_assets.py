"""The inventory over a lab with every story."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.assets.server import build
from servers.assets.settings import AssetsSettings
from servers.kit import SecurityServer
from tests.servers.lab.tables import first
from tests.servers.parts import over_lab


@pytest.fixture(scope="module")
def assets(whole_lab: Path) -> SecurityServer:
    """The inventory."""
    return build(over_lab(whole_lab), AssetsSettings())


def data(envelope: dict[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
    """The data of an answer."""
    return json.loads(json.dumps(envelope["data"]))


async def test_host_is_resolved_by_any_of_its_names(assets: SecurityServer, whole_lab: Path) -> None:
    """Alerts name hosts by name, address or id."""
    names = first(whole_lab, "SELECT name, id, ip, mac FROM hosts LIMIT 1")
    found = [data(await assets.call("assets_resolve", {"identifier": who.upper()}))["asset"]["name"] for who in names]

    assert found == [names[0]] * 4


async def test_own_address_is_an_asset_and_a_rented_one_is_not(assets: SecurityServer, whole_lab: Path) -> None:
    """An attacker at a hosting provider must not resolve to something of ours."""
    own = first(whole_lab, "SELECT ip FROM addresses WHERE meaning = 'vpn_egress' LIMIT 1")[0]
    rented = first(whole_lab, "SELECT ip FROM addresses WHERE meaning = 'hosting' LIMIT 1")[0]

    ours = await assets.call("assets_resolve", {"identifier": own})
    theirs = await assets.call("assets_resolve", {"identifier": rented})

    assert data(ours)["asset"]["kind"] == "vpn_egress"
    assert theirs["status"] == "no_data"


async def test_work_is_found_by_any_thing_it_names_within_a_day(assets: SecurityServer, whole_lab: Path) -> None:
    """Near misses must be seen too: an approval for the wrong account is a finding."""
    sql = """SELECT id, json_extract(hosts, '$[0]'), strftime('%Y-%m-%dT%H:%M:%SZ', window_start / 1000, 'unixepoch')
             FROM work WHERE json_array_length(hosts) > 0 LIMIT 1"""
    entry, host, at = first(whole_lab, sql)

    near = await assets.call("assets_list_authorised_work", {"at": at, "host": host, "account": "nobody", "limit": 200})
    far = await assets.call("assets_list_authorised_work", {"at": "2026-01-01T00:00:00Z", "host": host})

    assert entry in [item["id"] for item in json.loads(json.dumps(near["data"]))["work"]]
    assert far["status"] == "no_data"
    assert near["untrusted"] == []


async def test_inventory_of_an_unknown_host_is_an_error(assets: SecurityServer) -> None:
    """No vulnerabilities of a host that does not exist is no comfort."""
    for tool in ("assets_list_software", "assets_list_vulnerabilities", "assets_neighbours"):
        assert (await assets.call(tool, {"host": "no-such-host"}))["status"] == "error"
