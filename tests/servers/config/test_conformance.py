"""The config server passes the examination, over every backend."""

from pathlib import Path

import pytest

from servers.config.server import build
from servers.config.settings import ConfigSettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.real import program
from tests.servers.acting import analyst
from tests.servers.config.playbooks import PLANTED, banner, content


@pytest.mark.thorough
async def test_ansible_conforms(tmp_path: Path) -> None:
    """Hostile names run nothing, plans change nothing, and no task's words are in a summary."""
    target = tmp_path / "banner.txt"
    settings = banner(tmp_path / "playbooks", target)
    examples: dict[str, JsonObject] = {
        "config_get_facts": {"host": "localhost"},
        "config_check_playbook": {"name": "banner"},
        "config_apply_playbook": {"name": "banner", "sha256": content(settings, "banner"), "reason": "examination"},
    }
    await assert_conformant(
        analyst(build, settings, tmp_path / "home").server,
        examples=examples,
        planted=[PLANTED],
        again=lambda: analyst(build, settings, tmp_path / "again").server,
        state=target.exists,
    )


@pytest.mark.thorough
async def test_puppet_conforms(tmp_path: Path) -> None:
    """The same rules."""
    program("puppet", "apt-get install puppet-agent")
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "motd.pp").write_text(f"file {{ '{tmp_path}/motd': content => '{PLANTED}' }}\n")
    settings = ConfigSettings(backend="puppet", folder=folder, allow=("motd",), timeout_s=15)
    examples: dict[str, JsonObject] = {
        "config_get_facts": {"host": "localhost"},
        "config_check_drift": {"name": "motd"},
    }
    await assert_conformant(
        analyst(build, settings, tmp_path / "home").server,
        examples=examples,
        planted=[PLANTED],
        again=lambda: analyst(build, settings, tmp_path / "again").server,
        state=(tmp_path / "motd").exists,
    )


async def test_lab_conforms(own_lab: Path, tmp_path: Path) -> None:
    """The same rules over the inventory of the lab."""
    await assert_conformant(
        analyst(build, ConfigSettings(), tmp_path / "home", own_lab).server,
        again=lambda: analyst(build, ConfigSettings(), tmp_path / "again", own_lab).server,
    )
