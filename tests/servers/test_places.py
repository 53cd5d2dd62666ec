"""What a change is recorded at: one instance of a product, so that no other one is asked to end it."""

from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.bundle import FACTORIES, conditions_of
from servers.embedded import LabDoor
from servers.kit.machine import Machine
from servers.pages.backends import declared, environment
from servers.parts import Parts
from servers.settings import Settings

OTHERS = [
    ("dns", "unbound", "MCPSOC_DNS_CONTROL_SOCKET", "/run/other.ctl"),
    ("firewall", "nftables", "MCPSOC_FIREWALL_NETNS", "other"),
    ("firewall", "crowdsec", "MCPSOC_FIREWALL_URL", "http://127.0.0.1:10"),
    ("firewall", "fail2ban", "MCPSOC_FIREWALL_SOCKET", "/run/other.sock"),
    ("firewall", "fail2ban", "MCPSOC_FIREWALL_JAIL", "other"),
    ("firewall", "pfsense", "MCPSOC_PFSENSE_URL", "https://127.0.0.1:10"),
    ("ids", "suricata", "MCPSOC_IDS_SOCKET", "/run/other.socket"),
    ("endpoint", "local", "MCPSOC_ENDPOINT_NETNS", "other"),
    ("identity", "ldap", "MCPSOC_IDENTITY_URL", "ldaps://127.0.0.1:10"),
    ("identity", "ldap", "MCPSOC_IDENTITY_USER_BASE", "ou=other"),
    ("mail", "imap", "MCPSOC_MAIL_IMAP_HOST", "localhost"),
    ("mail", "imap", "MCPSOC_MAIL_IMAP_PORT", "10"),
    ("tickets", "rest", "MCPSOC_TICKETS_URL", "https://127.0.0.1:10"),
    ("tickets", "rest", "MCPSOC_TICKETS_PROJECT", "other"),
    ("intel", "stix", "MCPSOC_INTEL_STORE", "/var/lib/other.db"),
    ("intel", "misp", "MCPSOC_INTEL_MISP_URL", "https://127.0.0.1:10"),
    ("antivirus", "clamd", "MCPSOC_ANTIVIRUS_SOCKET", "/run/other.ctl"),
    ("antivirus", "clamd", "MCPSOC_ANTIVIRUS_QUARANTINE", "/var/lib/other"),
    ("config", "ansible", "MCPSOC_CONFIG_INVENTORY", "/etc/other"),
    ("config", "ansible", "MCPSOC_CONFIG_FOLDER", "/srv/other"),
]


def place_of(home: Path, server: str, product: str, **more: str) -> str:
    """Where a server over that product records its changes."""
    given = {name: value.format(folder=home) for name, value in declared()[server][product].items()}
    settings = Settings(home=home, grant_key=SigningKey.generate().public.text)
    chosen = {f"MCPSOC_{server.upper()}_BACKEND": product}
    with environment({**chosen, **given, **more}):
        parts = Parts(LabDoor(None), home, settings, conditions_of(settings, Machine), tenant="", world="site")
        return FACTORIES[server](parts).source.place


@pytest.mark.parametrize(("server", "product", "setting", "other"), OTHERS)
def test_another_instance_is_another_place(server: str, product: str, setting: str, other: str, tmp_path: Path) -> None:
    """A new resolver is not asked to end the sinkhole of the old one, and its not having it ends no record."""
    assert place_of(tmp_path, server, product) != place_of(tmp_path, server, product, **{setting: other})
    assert place_of(tmp_path, server, product) == place_of(tmp_path, server, product)
