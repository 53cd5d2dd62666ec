"""What an operator sets for the siem server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings


class SiemSettings(BackendSettings):
    """Where alerts and events come from. The prefix is `MCPSOC_SIEM_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_SIEM_")

    backend: Literal["wazuh_alerts"] | None = None
    """wazuh_alerts: the file a Wazuh manager writes its alerts to; unset: the simulated enterprise."""
    alerts: Path = Path("/var/ossec/logs/alerts/alerts.json")
    """wazuh_alerts: that file (`jsonout_output` of the manager)."""
    quiet_minutes: float = Field(default=60.0, gt=0)
    """wazuh_alerts: after how long without a line the file is called silent."""


NEEDS: Final = {
    "wazuh_alerts": (
        "read access to alerts.json (group wazuh). It holds what a rule fired on, not every event, and no status of an "
        "alert; Wazuh's indexer, which keeps both, is not supported"
    ),
}
"""Least privilege, by product."""
