"""Which product answers: the one that is configured, but in the demo."""

from dataclasses import replace
from pathlib import Path

import pytest

from servers.embedded import LabDoor
from servers.endpoint.server import build_configured
from servers.endpoint.settings import EndpointSettings
from servers.errors import ConfigurationError
from servers.kit import Conditions
from servers.parts import Parts
from servers.settings import Settings


@pytest.fixture
def site(tmp_path: Path) -> Parts:
    """A site without any lab."""
    return Parts(LabDoor(None), tmp_path, Settings(home=tmp_path), Conditions(), "site", "site")


def test_demo_never_looks_at_this_machine(site: Parts) -> None:
    """A setting of the machine must not mix real processes into a simulated enterprise."""
    demo = build_configured(replace(site, world="lab"), EndpointSettings(backend="local"))
    real = build_configured(site, EndpointSettings(backend="local"))

    assert (demo.source.backend, demo.source.synthetic) == ("embedded", True)
    assert (real.source.backend, real.source.synthetic, real.product) == ("real", False, "this machine")


def test_manager_without_its_settings_does_not_start(site: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that is configured by half is never replaced by the simulated one."""
    monkeypatch.delenv("MCPSOC_WAZUH_URL", raising=False)
    with pytest.raises(ConfigurationError):
        build_configured(site, EndpointSettings(backend="wazuh"))
