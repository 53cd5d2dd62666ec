"""What an operator can set for a pfSense box, and what its key must be allowed."""

from datetime import tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from servers.firewall.pfsense.contract import Use, contract
from servers.kit.settings import BackendSettings


class PfSenseSettings(BackendSettings):
    """One box. The prefix is `MCPSOC_PFSENSE_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_PFSENSE_")

    url: str = Field(default="", pattern=r"^$|^https://[A-Za-z0-9.\-\[\]:]+$")
    """Address of the box's web interface, such as https://192.0.2.1; only https."""
    api_key: SecretStr | None = None
    """Key of a user of the box with the privileges named under least privilege and no other."""
    ca_file: Path | None = None
    """PEM file of the authority that signed the box's certificate, or of a self-signed certificate itself."""
    alias: str = Field(default="MCPSOC_BLOCK", pattern=r"^[A-Za-z0-9_]{1,31}$")
    """Alias (type Network or Host) that blocks are written to; the admin makes it once, with block rules using it."""
    timezone: str = "UTC"
    """Time zone of the box; needed where its log has the BSD format, which names none."""
    timeout_s: float = Field(default=15.0, gt=0, le=120)
    """How long one request may take, in seconds."""
    apply_timeout_s: float = Field(default=30.0, gt=0, le=300)
    """How long the box may take to make a change live, in seconds."""
    log_rows: int = Field(default=5_000, ge=100, le=50_000)
    """Most rows of the filter log read for one question."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is no time zone such as Europe/Berlin")
        return name

    @property
    def zone(self) -> tzinfo:
        """The box's time zone."""
        return ZoneInfo(self.timezone)


def privileges(*uses: Use) -> tuple[str, ...]:
    """What the key's user has to be allowed for these uses."""
    return tuple(each.privilege for each in contract().operations if each.use in uses)


SETUP: Final = (
    "make the alias {alias} (Firewall > Aliases, type Network) and two floating rules at the top (action Block, Quick, "
    "no interface selected, direction any, IPv4+IPv6, protocol Any, no schedule): one from {alias} to any, one from "
    "any to {alias}; then apply"
)
"""What the admin does once; `{alias}` is the name of the setting."""

NEEDS: Final = (
    "REST API package 2.7.1 or later; an API key (X-API-Key) of a user with the GET privileges of system/version, "
    "system/restapi/version, system/dns, status/interfaces, status/gateways, status/logs/firewall, firewall/aliases, "
    "firewall/apply, firewall/rules, firewall/states and diagnostics/table; for blocks also firewall/alias PATCH and "
    "firewall/states DELETE. Nothing else: no page-all. The admin makes the alias and its block rules once: two "
    "floating rules with Quick, one from the alias to any and one from any to it, on no or every interface, for any "
    "direction and protocol, IPv4 and IPv6, no schedule, before any floating pass rule with Quick that may match; "
    "short of that a block is refused (`not_prepared`) and none counts as one. The API does not show, so nothing here "
    "proves: what the box puts before all rules (anti-lockout, port forwards that pass by association, UPnP), tags a "
    "rule asks for, and whether rules changed since were applied"
)
"""The least privilege it works with."""
