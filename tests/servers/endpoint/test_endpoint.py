"""The endpoint server's reads over a lab with every story."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from servers.kit import SecurityServer
from tests.servers.lab.tables import first
from tests.servers.parts import over_lab

DAY = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}


@pytest.fixture(scope="module")
def endpoint(whole_lab: Path) -> SecurityServer:
    """The endpoint server."""
    return build(over_lab(whole_lab), EndpointSettings())


def data(envelope: dict[str, JsonValue]) -> dict[str, list[dict[str, JsonValue]]]:
    """The data of an answer."""
    return json.loads(json.dumps(envelope["data"]))


async def test_process_tree_leads_from_ancestor_to_child(endpoint: SecurityServer, whole_lab: Path) -> None:
    """Who started what is the core of most investigations."""
    sql = """SELECT c.host, json_extract(c.fields, '$."process.entity_id"'), json_extract(c.fields, '$."@timestamp"'),
             json_extract(c.fields, '$."process.parent.entity_id"')
             FROM events c JOIN terms t ON t.field = 'process.entity_id'
             AND t.value = json_extract(c.fields, '$."process.parent.entity_id"')
             WHERE c.source = 'edr' AND c.category = 'process' AND c.action = 'start' LIMIT 1"""
    host, child, at, parent = first(whole_lab, sql)

    from_child = data(await endpoint.call("endpoint_process_tree", {"host": host, "process_id": child, "at": at}))
    from_parent = data(await endpoint.call("endpoint_process_tree", {"host": host, "process_id": parent, "at": at}))

    depths = {node["process.entity_id"]: node["depth"] for node in from_child["processes"]}
    assert (depths[child], depths[parent]) == (0, -1)
    assert {node["process.entity_id"]: node["depth"] for node in from_parent["processes"]}[child] == 1


async def test_answers_about_a_host_with_a_dead_agent_are_stale(endpoint: SecurityServer, whole_lab: Path) -> None:
    """An empty list from a dead agent must not read as a clean host."""
    host = first(whole_lab, "SELECT host FROM coverage WHERE sensor = 'edr' AND state = 'silent' ORDER BY host")[0]
    lists = ("endpoint_list_connections", "endpoint_list_logons", "endpoint_list_files")
    answers = [await endpoint.call(tool, {"host": host, **DAY}) for tool in lists]
    tree = await endpoint.call("endpoint_process_tree", {"host": host, "process_id": "x", "at": DAY["end"]})
    agent = json.loads(json.dumps((await endpoint.call("endpoint_get_host", {"host": host, **DAY}))["data"]))["agent"]

    assert {answer["status"] for answer in (*answers, tree)} == {"stale"}
    assert agent["state"] in ("silent", "down")
    assert "stopped_at" in agent or "last_seen" in agent


@pytest.mark.parametrize("tool", ["endpoint_list_connections", "endpoint_list_logons", "endpoint_list_files"])
async def test_list_of_an_unknown_host_is_an_error(endpoint: SecurityServer, tool: str) -> None:
    """A machine nobody watches is not a quiet one."""
    envelope = await endpoint.call(tool, {"host": "no-such-host", **DAY})

    assert envelope["status"] == "error"


async def test_file_seen_nowhere_is_no_data_and_a_bad_hash_an_error(endpoint: SecurityServer) -> None:
    """A mistyped hash would be seen nowhere."""
    unseen = await endpoint.call("endpoint_find_file", {"sha256": "0" * 64})
    mistyped = await endpoint.call("endpoint_find_file", {"sha256": "0" * 63})

    assert (unseen["status"], mistyped["status"]) == ("no_data", "error")


async def test_files_are_found_by_hash_on_their_host(endpoint: SecurityServer, whole_lab: Path) -> None:
    """The hash of an alert leads to the file events of its host."""
    sql = """SELECT host, json_extract(fields, '$."file.hash.sha256"') FROM events WHERE source = 'edr'
             AND category = 'file' AND json_extract(fields, '$."file.hash.sha256"') IS NOT NULL LIMIT 1"""
    host, digest = first(whole_lab, sql)
    week = {"start": "2026-03-02T00:00:00Z", "end": "2026-03-09T14:00:00Z"}

    found = data(await endpoint.call("endpoint_list_files", {"host": host, "sha256": digest.upper(), **week}))["files"]

    assert {event["file.hash.sha256"] for event in found} == {digest}
