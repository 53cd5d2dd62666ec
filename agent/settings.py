"""What an operator can set for the analyst, read once at the edge and passed down."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.models import Priority, World


class Settings(BaseSettings):
    """Settings of the analyst. The environment names carry the prefix `MCPSOC_`.

    No `.env` file of the working directory is read: it could name commands to start."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Path("~/.mcpsoc")
    """Folder of everything written at run time."""
    brain: Literal["playbook", "model"] = "playbook"
    """Who takes the decisions of an investigation. A key in the environment alone never switches a model on."""
    model: str = ""
    """Name of the model that takes the decisions and answers chats when the brain is `model`; where it is says
    OPENAI_BASE_URL, how it is asked agent/brain/endpoint/settings.py."""
    model_timeout_s: float = Field(default=60.0, gt=0)
    """How long one answer of the model may take, in seconds; repeated requests and pauses count."""
    model_rounds: int = Field(default=6, ge=2, le=20)
    """How often the model is asked for one question of a chat, its last word included."""
    model_names: Literal["hidden", "shown"] = "hidden"
    """Whether an endpoint that is not on this machine sees the names of hosts and accounts."""
    mcp_servers: Path | None = None
    """File with other people's servers in the usual `mcpServers` form; without it `servers.json` in `home`."""

    max_calls: int = Field(default=25, ge=1, le=1000)
    """Tool calls that one investigation may make."""
    max_seconds: float = Field(default=120.0, gt=0)
    """Wall time of one investigation, in seconds."""
    max_rounds: int = Field(default=6, ge=1, le=100)
    """Rounds of asking in one investigation."""

    due_p1_minutes: int = Field(default=15, ge=1)
    """Minutes until a P1 case has to be acknowledged."""
    due_p2_minutes: int = Field(default=60, ge=1)
    """Minutes until a P2 case has to be acknowledged."""
    due_p3_minutes: int = Field(default=8 * 60, ge=1)
    """Minutes until a P3 case has to be acknowledged."""
    due_p4_minutes: int = Field(default=3 * 24 * 60, ge=1)
    """Minutes until a P4 case has to be acknowledged."""

    start_timeout_s: float = Field(default=15.0, gt=0)
    """How long a server may take to start and list its tools, in seconds."""
    read_timeout_s: float = Field(default=30.0, gt=0)
    """How long one call may take as the analyst sees it, in seconds."""
    reconnect_first_s: float = Field(default=1.0, gt=0)
    """Wait before the first attempt to reach a lost server again, in seconds; doubles with each attempt."""
    reconnect_most_s: float = Field(default=60.0, gt=0)
    """Longest wait between two attempts to reach a lost server, in seconds."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Reads of one case that run at once."""
    max_answer_chars: int = Field(default=24_000, ge=1_000)
    """Characters of JSON one answer may have; a longer one is cut and marked truncated."""

    lab_tenant: str = "lab"
    """Tenant of cases about the simulated enterprise."""
    site_tenant: str = "default"
    """Tenant of cases about the real site."""

    @property
    def root(self) -> Path:
        """`home` with `~` resolved."""
        return self.home.expanduser()

    @property
    def servers_path(self) -> Path:
        """The `mcpServers` file in use; it may not exist."""
        return self.mcp_servers.expanduser() if self.mcp_servers else self.root / "servers.json"

    @property
    def pins_path(self) -> Path:
        """Accepted tool definitions."""
        return self.root / "pins.json"

    @property
    def cases_url(self) -> str:
        """SQLAlchemy URL of the case store."""
        return f"sqlite:///{self.root / 'cases.db'}"

    @property
    def audit_path(self) -> Path:
        """The audit chain."""
        return self.root / "audit.db"

    @property
    def export_key_path(self) -> Path:
        """Private key that case exports are signed with."""
        return self.root / "keys" / "export.key"

    def tenant(self, world: World) -> str:
        """The tenant that cases of that world live in."""
        return self.lab_tenant if world == "lab" else self.site_tenant

    def due_in(self, priority: Priority) -> timedelta:
        """How soon a case of that priority has to be acknowledged."""
        minutes = {
            "P1": self.due_p1_minutes,
            "P2": self.due_p2_minutes,
            "P3": self.due_p3_minutes,
            "P4": self.due_p4_minutes,
        }
        return timedelta(minutes=minutes[priority])
