"""Settings of the evals."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once at the edge from `MCPSOC_*` and passed down."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", extra="ignore", frozen=True)

    eval_data: Path | None = None
    """Folder with public data sets that are not shipped; suites that need one name it when it is missing."""
