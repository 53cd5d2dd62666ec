"""What an operator sets for Wazuh's server API, and what its user must be allowed."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings


class WazuhSettings(BackendSettings):
    """One manager. The prefix is `MCPSOC_WAZUH_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_WAZUH_")

    url: str = Field(default="", pattern=r"^$|^https://[A-Za-z0-9.\-\[\]:]+$")
    """Address of the server API, such as https://wazuh.example.org:55000; only https."""
    user: str = Field(default="", max_length=64, pattern=r"^[^:\x00-\x1f]*$")
    """A user of the API with the rights named under least privilege and no other."""
    password: SecretStr | None = None
    """Its password."""
    ca_file: Path | None = None
    """PEM file of the authority that signed the API's certificate, or of the self-signed certificate itself."""
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    """How long one request may take, in seconds."""
    quiet_minutes: float = Field(default=30.0, gt=0)
    """After how long without a keep-alive an agent counts as silent, whatever the manager calls it."""


NEEDS: Final = (
    "a user of the server API whose role allows agent:read on agent:id:* and nothing else. The API as published for "
    "version 5 serves the agents alone: processes, ports, packages and active responses are no part of it, and alerts "
    "lie in the indexer. Isolation is therefore not offered"
)
"""Least privilege, and what is not supported."""
