"""Rows and members that have nothing to do with anything: ordinary activity beside what was found.

Rows are added only to answers that list what a host did, where something was found: a row among those that were asked
for by name would be evidence, and a row in an empty answer would be a find."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from agent.models import Evidence, JsonObject
from agent.replay.rewriting import about, sealed
from agent.replay.stored import Stored

Row = Callable[[JsonObject, str], JsonObject]
"""A row to add, by one that is there (for its form) and a time within the window."""
SYSTEM: Final = "C:\\Windows\\System32\\svchost.exe"
ENRICHMENT: Final[JsonObject] = {"asset_tag": "T-000481", "rack": "B12", "weather": "cloudy"}
"""Members no question asks for."""


def noisy(stored: Stored, seed: bytes) -> Stored:
    """The investigation with unrelated members in the alert and in the answers, and ordinary rows in some of them."""
    alert = stored.alert.model_copy(
        update={
            "raw": {**stored.alert.raw, "enrichment": dict(ENRICHMENT)},
            "unplaced": (*stored.alert.unplaced, "enrichment"),
        }
    )
    answers = tuple(_noisy(item) for item in stored.answers)
    return replace(stored, alert=alert, subject=about(stored.subject, alert), answers=answers, report=None)


def _noisy(item: Evidence) -> Evidence:
    if item.status != "success" or not isinstance(item.data, dict):
        return item
    data: JsonObject = {**item.data, "enrichment": dict(ENRICHMENT)}
    name, made = ROWS.get(item.tool, ("", _connection))
    rows = data.get(name)
    if isinstance(rows, list) and rows and isinstance(first := rows[0], dict) and not item.truncated:
        data[name] = [*rows, made(first, _time(first))]
    return sealed(item, data)


def _time(row: Mapping[str, JsonValue]) -> str:
    return str(row.get("@timestamp") or row.get("last") or "")


def _connection(row: JsonObject, when: str) -> JsonObject:
    """The system's own service asks an inside server for the time."""
    kept = _placed(row)
    return kept | {
        "@timestamp": when,
        "event.action": "connection",
        "process.executable": SYSTEM,
        "destination.ip": "10.255.255.53",
        "destination.port": 123,
    }


def _process(row: JsonObject, when: str) -> JsonObject:
    """The system's own service host."""
    return _placed(row) | {"@timestamp": when, "event.action": "start", "process.executable": SYSTEM}


def _peer(row: JsonObject, when: str) -> JsonObject:
    """One flow to an inside server."""
    return {
        "address": "10.255.255.53", "port": 123, "flows": 1, "bytes_out": 76, "bytes_in": 76, "first": when,
        "last": when, "internal": True, "blocked": 0,
    }  # fmt: skip


def _hit(row: JsonObject, when: str) -> JsonObject:
    """A section of the knowledge base about something else."""
    return {
        "id": "office#parking", "title": "Parking", "section": "Visitors", "score": 0.01,
        "text": "Visitors register at the desk.",
    }  # fmt: skip


def _placed(row: JsonObject) -> JsonObject:
    return {name: value for name, value in row.items() if name.startswith("host.") or name == "event.source"}


ROWS: Final[Mapping[str, tuple[str, Row]]] = {
    "endpoint_list_connections": ("connections", _connection),
    "endpoint_process_tree": ("processes", _process),
    "siem_timeline": ("events", _process),
    "firewall_summarise_flows": ("peers", _peer),
    "kb_search": ("hits", _hit),
}
"""Tool to the member that lists its rows, and a row for it."""
