"""What an operator can set for the knowledge base."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the knowledge base. The environment names carry the prefix `MCPSOC_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", frozen=True, extra="ignore", populate_by_name=True)

    home: Path = Path("~/.mcpsoc")
    """Folder of everything written at run time."""
    embedding_dimensions: int = Field(default=128, ge=8, le=1024)
    """Length of the vectors of the fitted embedder."""
    knowledge_database: str = ""
    """SQLAlchemy URL of the knowledge base's ledger; empty is `knowledge.db` in the home."""
    chroma_url: str = Field(default="", pattern=r"^(https?://\S+)?$", validation_alias="CHROMA_URL")
    """A Chroma server to search with; empty is a folder in the home. It has the name that Chroma's users know."""

    @property
    def root(self) -> Path:
        """`home` with `~` resolved."""
        return self.home.expanduser()
