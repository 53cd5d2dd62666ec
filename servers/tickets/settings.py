"""What an operator sets for the tickets server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings

NEEDS: Final = (
    "store: nothing. rest: an account that may read tickets of one queue or table, create them, comment and set their "
    "status; it needs no right to delete, for nothing is ever deleted. A ticket of another project is refused where "
    "the mapping has a clause `one`: request-tracker has; servicenow has no project and takes every incident the "
    "account may see, so the account's own rights are the bound there. The mappings request-tracker and servicenow "
    "follow what the vendors publish and are not tested against the live product."
)
"""The least a real backend needs."""


class TicketsSettings(BackendSettings):
    """Settings of the tickets server. The prefix is `MCPSOC_TICKETS_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_TICKETS_")

    backend: Literal["store", "rest"] | None = None
    """What is behind it; empty is the simulated enterprise's ticket file."""
    url: str = ""
    """Address of the REST ticket system, such as `https://tickets.example.com/REST/2.0`."""
    mapping: str = ""
    """`request-tracker`, `servicenow`, or the path of a YAML file that says how the system speaks."""
    project: str = Field(default="", pattern=r"^[\w .-]{0,60}$")
    """Queue, project or table that tickets are made in: `{project}` in the mapping."""
    user: str = ""
    """Name for a system that wants HTTP basic authentication."""
    token: SecretStr | None = None
    """Token or password of the REST ticket system."""
    ca_file: Path | None = None
    """Who vouches for the system's certificate, in place of the machine's authorities."""
