"""What an operator can set for the knowledge base."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the knowledge base. The environment names carry the prefix `MCPSOC_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", frozen=True, extra="ignore")

    home: Path = Path("~/.mcpsoc")
    """Folder of everything written at run time."""
    embedding_dimensions: int = Field(default=128, ge=8, le=1024)
    """Length of the vectors of the fitted embedder."""

    @property
    def root(self) -> Path:
        """`home` with `~` resolved."""
        return self.home.expanduser()
