"""The config server without its programs: the lab's facts, and what is missing said clearly."""

import sys
from pathlib import Path
from sqlite3 import connect

import pytest

from servers.config.server import build
from servers.config.settings import ConfigSettings
from tests.servers.acting import analyst, part


async def test_lab_tells_what_its_inventory_says(own_lab: Path, tmp_path: Path) -> None:
    """Facts of a host by name, and no tool that nothing is behind."""
    server = analyst(build, ConfigSettings(backend="ansible"), tmp_path / "home", own_lab)
    with connect(own_lab) as db:
        name, system = db.execute("SELECT name, os FROM hosts ORDER BY id").fetchone()
    db.close()
    told = await server.asks("get_facts", host=name, prefix="os")

    assert part(told, "data", "facts") == [{"fact": "os", "value": system}]
    assert part(told, "source", "backend") == "embedded"
    assert {tool.name for tool in server.server.published} == {"config_get_facts", "config_health"}


async def test_missing_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not installed is neither no facts nor no drift."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    server = analyst(build, ConfigSettings(backend="ansible"), tmp_path / "home")
    told = await server.asks("get_facts", host="localhost")
    health = await server.asks("health")
    puppet = await analyst(build, ConfigSettings(backend="puppet"), tmp_path / "two").asks(
        "get_facts", host="localhost"
    )

    assert part(told, "error", "code") == "not_installed"
    assert part(health, "data", "ready") is False
    assert part(puppet, "error", "code") == "not_installed"
