"""Products that cannot be reached: what an operator reads names the setting that says where they are, or a command."""

from pathlib import Path

import pytest

from servers.bundle import FACTORIES
from servers.embedded import LabDoor
from servers.kit import Conditions, SecurityServer
from servers.pages.backends import declared, environment
from servers.parts import Parts
from servers.settings import Settings

HERE = {("firewall", "nftables"), ("endpoint", "local"), ("malware", "local"), ("tickets", "store")} | {
    ("config", "ansible"),
    ("config", "puppet"),
}
"""Products that are on this machine, or that are a program alone."""
ASKED_AGAIN = {"pfsense", "crowdsec", "wazuh", "misp", "rest", "online"}
"""A second each, for the client asks several times."""


def down(name: str, product: str, home: Path) -> SecurityServer:
    """A server whose product is not there."""
    given = {key: value.format(folder=home / "none") for key, value in declared()[name][product].items()}
    places = ("IDS_EVE", "SIEM_ALERTS", "ANTIVIRUS_SOCKET", "DNS_CONTROL_SOCKET")
    nowhere = {f"MCPSOC_{place}": str(home / "none") for place in places}
    with environment({**nowhere, **given, f"MCPSOC_{name.upper()}_BACKEND": product}):
        parts = Parts(LabDoor(None), home, Settings(home=home), Conditions(), tenant="", world="site")
        return FACTORIES[name](parts)


@pytest.mark.parametrize(
    ("name", "product"),
    [
        pytest.param(name, product, marks=[pytest.mark.thorough] if product in ASKED_AGAIN else [])
        for name, given in declared().items()
        for product in given
        if (name, product) not in HERE
    ],
)
async def test_product_that_is_not_there_names_its_setting(name: str, product: str, tmp_path: Path) -> None:
    """Whoever configured half a product is not sent to read the source."""
    health = (await down(name, product, tmp_path).health())["data"]
    assert isinstance(health, dict)
    detail = str(health["detail"])

    assert health["ready"] or "MCPSOC_" in detail or "python -m" in detail
