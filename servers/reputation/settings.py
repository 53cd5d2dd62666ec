"""What an operator can set for the reputation server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.lists import FEED_DAYS, Paths
from servers.settings import Domains, Networks

NEEDS: Final = (
    "files: read access to the lists. online: the lists, and a VirusTotal v3 key (any; only GET of ip_addresses, "
    "domains, urls and files) and/or an AbuseIPDB v2 key (only GET check); both not tested against the live service, "
    "only against local receivers of the documented shapes. Nothing is uploaded or submitted. Private and reserved "
    "addresses, MCPSOC_PROTECTED_ADDRESSES and _DOMAINS and own_domains never leave, nor do queries and credentials "
    "of URLs; mail addresses are not asked for. Not supported: GreyNoise, URLhaus, OTX."
)


class ReputationSettings(BackendSettings):
    """Settings of the reputation server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_REPUTATION_")

    backend: Literal["files", "online"] | None = None
    """files: lists alone, nothing leaves; online: lists and the services that a key is set for; empty: the lab."""
    bad_lists: Paths = ()
    """Lists of bad values (plain text or MISP's form), separated as in PATH."""
    bad_list_days: float = Field(default=FEED_DAYS, ge=0)
    """From this age on answers of a list of bad values are stale; 0 for lists you write yourself, which may be old."""
    known_lists: Paths = ()
    """Lists of known-good values and warning lists, separated as in PATH; they may be old. An entry clears the value
    it is and nothing below or in it."""
    own_domains: Domains = ()
    """Domains of your own: never asked for outside."""
    own_addresses: Networks = ()
    """Addresses and networks of your own: never asked for outside."""
    virustotal_key: SecretStr = SecretStr("")
    """Key of VirusTotal v3."""
    virustotal_url: str = "https://www.virustotal.com/api/v3"
    """Its address."""
    virustotal_per_day: int = Field(default=500, ge=1)
    """Calls a day that the key may make."""
    abuseipdb_key: SecretStr = SecretStr("")
    """Key of AbuseIPDB v2."""
    abuseipdb_url: str = "https://api.abuseipdb.com/api/v2"
    """Its address."""
    abuseipdb_per_day: int = Field(default=1_000, ge=1)
    """Calls a day that the key may make."""
    ca_file: Path | None = None
    """Who vouches for the services, in place of the system's authorities."""
    quota_file: Path | None = None
    """Where calls are counted; reputation.db in MCPSOC_HOME when left out."""
