"""The config server over the real puppet and facter of this machine: drift told, nothing changed."""

from pathlib import Path

import pytest

from servers.config.server import build
from servers.config.settings import ConfigSettings
from tests.real import program
from tests.servers.acting import Analyst, analyst, part
from tests.servers.config.playbooks import PLANTED


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def server(tmp_path: Path) -> Analyst:
    """A server that may check three manifests."""
    program("puppet", "apt-get install puppet-agent")
    program("facter", "apt-get install facter")
    folder, file = tmp_path / "manifests", tmp_path / "motd"
    folder.mkdir()
    word = "password=canary-5512-word"
    (folder / "motd.pp").write_text(f"file {{ '{file}': ensure => file, content => \"{word} {PLANTED}\\n\" }}\n")
    (folder / "fits.pp").write_text(f"file {{ '{folder}': ensure => directory }}\n")
    (folder / "broken.pp").write_text("file { 'no path at all\n")
    settings = ConfigSettings(backend="puppet", folder=folder, allow=("motd", "fits", "broken"), timeout_s=60)
    return analyst(build, settings, tmp_path / "home")


@pytest.mark.thorough
async def test_drift_is_told_and_not_mended(server: Analyst, tmp_path: Path) -> None:
    """What differs, what does not, and what cannot be compiled are three answers."""
    differs = await server.asks("check_drift", name="motd")
    fits = await server.asks("check_drift", name="fits")
    broken = await server.asks("check_drift", name="broken")

    assert part(differs, "data", "differs") == 1
    assert "motd" in str(part(differs, "data", "results"))
    assert "should be 'file'" in str(part(differs, "data", "results"))
    assert (fits["status"], part(fits, "data", "differs")) == ("success", 0)
    assert part(broken, "error", "code") == "refused_by_backend"
    assert "canary-5512-word" not in str(differs)
    assert names(tmp_path) == ["home", "manifests"]


@pytest.mark.thorough
async def test_facter_tells_facts_and_nothing_is_changed_by_puppet(server: Analyst) -> None:
    """Facts by name; no change is offered."""
    told = await server.asks("get_facts", host="localhost", prefix="os.")
    listed = await server.asks("list_playbooks")

    assert "os.family" in str(part(told, "data", "facts"))
    assert "manifest" in str(part(listed, "data", "playbooks"))
    assert not server.server.changes
