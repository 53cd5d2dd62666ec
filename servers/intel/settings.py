"""What an operator can set for the intel server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.lists import Paths

NEEDS: Final = (
    "stix: write access to its one file in MCPSOC_HOME; a TAXII 2.1 user who may read one collection (can_read is "
    "enough, nothing is sent there). Feeds are fetched by `python -m servers.intel.fetch`, from a timer of your own: "
    "intel_list_feeds shows their age. Patterns other than equality of one address, network, domain, URL, hash or mail "
    "address (joined by OR) are kept but not matched, and counted. MISP: an automation key of a user with read access; "
    "perm_sighting for intel_add_sighting alone. The MISP client is tested against MISP's published OpenAPI document "
    "and a simulator, not against a live MISP. Not supported: STIX 2.0 and 1.x, TAXII 1.x, OTX, regular expressions in "
    "warning lists."
)


class IntelSettings(BackendSettings):
    """Settings of the intel server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_INTEL_")
    opens: ClassVar = {"stix": {"known_lists": ("intel_check_known",)}}

    backend: Literal["stix", "misp"] | None = None
    """What is behind it; without one the lab answers."""
    store: Path | None = None
    """The file of the STIX store; intel.db in MCPSOC_HOME when left out."""
    bundles: Paths = ()
    """STIX bundle files that are fetched into the store, separated as in PATH."""
    taxii_collection: str | None = None
    """Address of a TAXII 2.1 collection: https://host/api-root/collections/ID."""
    taxii_user: str = ""
    """User of the TAXII server; empty: without credentials."""
    taxii_password: SecretStr = SecretStr("")
    """The user's password."""
    taxii_ca_file: Path | None = None
    """Who vouches for the TAXII server, in place of the system's authorities."""
    taxii_page: int = Field(default=500, ge=1, le=10_000)
    """Objects asked for at once."""
    stale_hours: float = Field(default=48.0, gt=0)
    """From this age on a feed is called stale."""
    known_lists: Paths = ()
    """Your own lists of known-good values (plain text or MISP warning lists), separated as in PATH; they may be old. An
    entry vouches for the value it is; in plain text `*.name` does for all below it, a network for private addresses."""
    misp_url: str | None = None
    """Address of MISP."""
    misp_key: SecretStr = SecretStr("")
    """Its automation key."""
    misp_ca_file: Path | None = None
    """Who vouches for MISP, in place of the system's authorities."""
