"""What an operator can set for the servers, read once at the edge and passed down."""

from pathlib import Path

from pydantic import Field

from knowledge.settings import Settings as KnowledgeSettings


class Settings(KnowledgeSettings):
    """Settings of the bundled servers and of the knowledge base behind one of them. The prefix is `MCPSOC_`."""

    tenant: str = "lab"
    """Whose grants these servers accept."""
    grant_key: str | None = None
    """Public key (Ed25519, base64) that grants are checked with; without it no tool that changes anything exists."""
    call_timeout_s: float = Field(default=20.0, gt=0)
    """How long one tool call may take, in seconds."""
    http_port: int = Field(default=8321, ge=1, le=65535)
    """Port of the streamable HTTP transport."""
    http_host: str = "127.0.0.1"
    """Address the streamable HTTP transport binds; one off loopback is accepted only where a token is asked for."""

    @property
    def authorisations_path(self) -> Path:
        """The site's register of authorised work."""
        return self.root / "authorisations.json"
