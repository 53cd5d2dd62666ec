"""The config server without its programs: the lab's facts, and what is missing said clearly."""

import sys
from pathlib import Path
from sqlite3 import connect

import pytest

from servers.config.server import build
from servers.config.settings import ConfigSettings
from tests.servers.acting import analyst, part
from tests.servers.config.playbooks import banner, content


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


def test_content_is_what_is_read_and_not_what_it_is_called(tmp_path: Path) -> None:
    """A role, a variable, a template, the inventory and where a link leads; no history, no other playbook's name."""
    settings = banner(tmp_path / "playbooks", tmp_path / "target")
    settings = settings.model_copy(update={"inventory": tmp_path / "hosts"})
    seen = [content(settings, "banner"), content(settings, "no-banner")]
    for path in ("playbooks/group_vars/all.yml", "playbooks/library/x.py", "playbooks/ansible.cfg", "hosts"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x: 1")
        seen.append(content(settings, "banner"))
    (tmp_path / "playbooks" / "roles").symlink_to(tmp_path)
    seen.append(content(settings, "banner"))
    (tmp_path / "playbooks" / ".git").mkdir()
    (tmp_path / "playbooks" / ".git" / "HEAD").write_text("x")

    assert len(set(seen)) == len(seen)
    assert content(settings, "banner") == seen[-1]
