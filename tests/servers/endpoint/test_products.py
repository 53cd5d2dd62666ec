"""Which product answers: the one that is configured, but in the demo."""

from dataclasses import replace
from pathlib import Path

import pytest

from servers.endpoint.server import build
from servers.endpoint.settings import EndpointSettings
from servers.errors import ConfigurationError
from servers.parts import Parts
from tests.servers.parts import parts_of


@pytest.fixture
def site(tmp_path: Path) -> Parts:
    """A site without any lab."""
    return parts_of(tmp_path)


def test_demo_never_looks_at_this_machine(site: Parts) -> None:
    """A setting of the machine must not mix real processes into a simulated enterprise."""
    demo = build(replace(site, world="lab"), EndpointSettings(backend="local"))
    real = build(site, EndpointSettings(backend="local"))

    assert (demo.source.backend, demo.source.synthetic) == ("embedded", True)
    assert (real.source.backend, real.source.synthetic, real.product) == ("real", False, "this machine")


def test_manager_without_its_settings_does_not_start(site: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that is configured by half is never replaced by the simulated one."""
    monkeypatch.delenv("MCPSOC_WAZUH_URL", raising=False)
    with pytest.raises(ConfigurationError):
        build(site, EndpointSettings(backend="wazuh"))
