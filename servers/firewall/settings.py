"""What an operator sets for the firewall server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings

Product = Literal["nftables", "crowdsec", "fail2ban", "pfsense"]


class FirewallSettings(BackendSettings):
    """One firewall. The prefix is `MCPSOC_FIREWALL_`; a pfSense box has settings of its own, `MCPSOC_PFSENSE_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_FIREWALL_")

    backend: Product | None = None
    """What is behind the server: nftables, crowdsec, fail2ban or pfsense; unset: the simulated enterprise."""
    netns: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """nftables: name of a network namespace (`ip netns`); unset: the machine's own network."""
    nft: str = "nft"
    """nftables: the program, by name or path."""
    conntrack: str = "conntrack"
    """nftables: the program that lists and ends connections, by name or path."""
    url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+/?$")
    """crowdsec: address of the local API, without the version."""
    bouncer_key: SecretStr | None = None
    """crowdsec: key to read decisions (`cscli bouncers add mcpsoc`)."""
    machine: str = "mcpsoc"
    """crowdsec: login to write decisions (`cscli machines add mcpsoc`)."""
    machine_password: SecretStr | None = None
    """crowdsec: password of that login."""
    ca_file: Path | None = None
    """crowdsec: PEM file of the authority that signed the API's certificate."""
    socket: Path = Path("/var/run/fail2ban/fail2ban.sock")
    """fail2ban: socket of the server."""
    jail: str = Field(default="mcpsoc", pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    """fail2ban: jail that belongs to this server."""
    fail2ban_client: str = "fail2ban-client"
    """fail2ban: the client program, by name or path."""
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    """How long one question to the product may take, in seconds."""


NEEDS: Final = {
    "nftables": "CAP_NET_ADMIN in the network it filters, for the programs nft, conntrack and ip; nothing else of root",
    "crowdsec": (
        "the key of a bouncer (reads) and the login of a machine (writes); the API reachable, no cscli. What is read "
        "back is that the decision is listed: whether a bouncer drops by it nobody tells, so `verified` stays unknown"
    ),
    "fail2ban": (
        "read and write access to the server's socket, and one enabled jail of its own: a filter that matches nothing, "
        "the ban action of choice, bantime longer than any block or -1, usedns = no. What is read back is that the "
        "ban is listed: whether its action dropped anything nobody tells, so `verified` stays unknown"
    ),
}
"""Least privilege, by product; pfSense says its own in servers/firewall/pfsense/settings.py."""
