"""What an operator can set for the servers, read once at the edge and passed down."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from knowledge.settings import Settings as KnowledgeSettings
from servers.domains import parent


def _words(value: object) -> object:
    """A text of words between commas, as its words."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
"""Words, in the environment between commas."""
Networks: TypeAlias = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_words)]
"""Addresses and networks, in the environment between commas."""


def _parents(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(parent(name) for name in names)


Domains: TypeAlias = Annotated[Words, AfterValidator(_parents)]
"""Domains that stand for all below them, in the environment between commas."""


class Settings(KnowledgeSettings):
    """Settings of the bundled servers and of the knowledge base behind one of them. The prefix is `MCPSOC_`."""

    tenant: str = "lab"
    """Whose grants these servers accept."""
    grant_key: str | None = None
    """Public key (Ed25519, base64) that grants are checked with; without it no tool that changes anything exists."""
    read_only: bool = False
    """No tool that changes anything exists, whatever else is set."""
    tools_allow: Words = ()
    """The only tools there are, beside the health of each server; empty: all."""
    tools_deny: Words = ()
    """Tools there are not."""
    protected_addresses: Networks = ()
    """Addresses and networks that no change may touch, such as those this machine is managed from."""
    protected_accounts: Words = ()
    """Accounts that no change may touch, as shell patterns: break-glass and service accounts."""
    protected_hosts: Words = ()
    """Hosts that no change may touch, as shell patterns."""
    protected_domains: Words = ()
    """Domains that no change may touch, nor what is below or above them: one's own."""
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
