"""What an operator can set for the API and the page."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once at the edge from `MCPSOC_*` and passed down. There is no address to bind: only loopback is."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", frozen=True, extra="ignore", env_ignore_empty=True)

    api_port: int = Field(default=8642, ge=0, le=65535)
    """Port of the API on 127.0.0.1."""
    page_port: int = Field(default=8501, ge=0, le=65535)
    """Port of the page on 127.0.0.1."""
    api_max_body_bytes: int = Field(default=1_048_576, ge=1024)
    """Longest request body; a longer one is refused with 413."""
    api_max_depth: int = Field(default=64, ge=8, le=500)
    """Deepest nesting of a JSON body; a deeper one is refused with 422."""
    api_timeout_s: float = Field(default=30.0, gt=0)
    """How long a request may take until its answer begins, in seconds; then 504."""
    api_rate_per_s: float = Field(default=1000.0, gt=0)
    """Requests a second that one identity may send in the long run; more are told to wait with 429."""
    api_burst: int = Field(default=2000, ge=1)
    """Requests that one identity may send at once before the rate counts."""
    inbox_max_waiting: int = Field(default=100_000, ge=1)
    """Alerts that may wait for triage; while there are more, new ones are told to wait with 429."""
    inbox_keep_days: int = Field(default=30, ge=1)
    """How long the inbox remembers alerts that were dealt with; the same alert sent later is a new one."""
    session_hours: float = Field(default=12.0, gt=0)
    """How long a session of the page lasts, in hours."""
