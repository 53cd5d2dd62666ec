"""What an operator can set for the assets server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.settings import Networks

NEEDS: Final = {
    "files": (
        "read access to the inventory and to the folder of scans; write access to asset-tags.json in MCPSOC_HOME for "
        "tags. For scans of its own, nmap as any user (connections alone, no raw packets) and write access to the "
        "folder of scans. The register of authorised work stays where it is. Not supported: NetBox, DHCP leases, ARP "
        "tables; export them as CSV with since and until"
    ),
}


class AssetsSettings(BackendSettings):
    """Settings of the assets server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_ASSETS_")
    opens: ClassVar = {
        "files": {
            "scans": ("assets_list_services", "assets_list_unknown", "assets_run_scan"),
            "scan_networks": ("assets_run_scan",),
        }
    }

    backend: Literal["files"] | None = None
    """The inventory; without one a site has its register of authorised work alone."""
    inventory: Path | None = None
    """The inventory: a CSV file with a header, or a JSON array of objects (`.json`). Columns: id and name, and any of
    ip, mac, kind, zone, owner, department, criticality, os, internet_facing, since, until, tags (between semicolons).
    """
    scans: Path | None = None
    """Folder of nmap's XML files."""
    scan_networks: Networks = ()
    """Networks that this server may scan itself, separated by commas; empty: none."""
    nmap: str = "nmap"
    """The program that scans, by name or path."""
    netns: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """Network namespace to scan from (`ip netns`); unset: the machine's own network."""
    scan_timeout_s: float = Field(default=100.0, gt=0, le=110)
    """How long one scan may take, in seconds."""
