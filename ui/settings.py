"""What a person can set for the command line; the other packages have Settings of their own."""

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once at the edge from `MCPSOC_*` and passed down."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", frozen=True, extra="ignore")

    home: Path = Path("~/.mcpsoc")
    """Folder of everything written at run time."""
    lang: Literal["en", "zh"] | None = None
    """Language of the command line; without it LANG decides, then English."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """Least level of the log lines written to stderr."""
    operator: str | None = None
    """Name that notes, closings and authorisations are signed with; without it the login name."""
