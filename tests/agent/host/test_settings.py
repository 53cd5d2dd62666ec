"""Settings of the analyst: from the environment, never from whatever directory one stands in."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.settings import Settings


def test_everything_lies_under_the_home(tmp_path):
    """One folder to back up, and one to delete."""
    settings = Settings(home=tmp_path)

    places = (settings.servers_path, settings.pins_path, settings.audit_path, settings.export_key_path)
    assert all(place.is_relative_to(tmp_path) for place in places)
    assert settings.cases_url == f"sqlite:///{tmp_path}/cases.db"
    assert Settings(home=Path("~/x")).root == Path.home() / "x"


def test_the_environment_is_read_when_settings_are_made(monkeypatch, tmp_path):
    """An empty variable is as good as none."""
    monkeypatch.setenv("MCPSOC_MAX_CALLS", "7")
    monkeypatch.setenv("MCPSOC_MCP_SERVERS", "~/mine.json")
    monkeypatch.setenv("MCPSOC_BRAIN", "")

    settings = Settings()

    assert settings.max_calls == 7
    assert settings.servers_path == Path.home() / "mine.json"
    assert settings.brain == "playbook"


def test_no_file_of_the_working_directory_is_read(monkeypatch, tmp_path):
    """A folder somebody sent must not name commands to start."""
    (tmp_path / ".env").write_text("MCPSOC_MCP_SERVERS=/tmp/evil.json\nMCPSOC_MAX_CALLS=999\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MCPSOC_MAX_CALLS", raising=False)

    assert Settings().mcp_servers is None
    assert Settings().max_calls == 25


def test_a_key_in_the_environment_switches_no_model_on(monkeypatch):
    """Only MCPSOC_BRAIN does."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")

    assert Settings().brain == "playbook"
    with pytest.raises(ValidationError):
        Settings(brain="gpt")


def test_worlds_and_priorities_have_their_tenant_and_their_time():
    """Lab cases never share a tenant with the site."""
    settings = Settings()

    assert (settings.tenant("lab"), settings.tenant("site")) == ("lab", "default")
    assert [settings.due_in(p) for p in ("P1", "P2", "P3", "P4")] == [
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=8),
        timedelta(days=3),
    ]
