"""The enterprise as it stands before anything happens: who works there, on which machines, behind which addresses.

A pure function of the seed; `Lab.create` stores it and every later `advance` builds the same one again.
"""

from dataclasses import dataclass, field

from servers.lab.records import Account, Address, Host, Person, Software, Vulnerability, Zone

MAIL_DOMAIN = "halden.example"


@dataclass(frozen=True, slots=True)
class Site:
    """An office: its own egress address, and how far its clocks are from UTC."""

    name: str
    country: str
    utc_offset_h: int
    egress: Address
    holiday: int | None = None
    """Day of the lab's week (0 is the first) on which nobody works there."""


SITES: tuple[Site, ...] = (
    Site("Rotterdam", "NL", 1, Address("198.18.0.10", "own_nat", "Halden Instruments", "NL", 64500)),
    Site("Porto", "PT", 0, Address("198.18.0.20", "own_nat", "Halden Instruments", "PT", 64500), holiday=3),
    Site("Singapore", "SG", 8, Address("198.18.0.30", "own_nat", "Halden Instruments", "SG", 64500)),
)

ZONES: tuple[Zone, ...] = (
    Zone("office", "10.20.0.0/16", internet_facing=False),
    Zone("servers", "10.30.0.0/16", internet_facing=False),
    Zone("management", "10.40.0.0/16", internet_facing=False),
    Zone("dmz", "10.50.0.0/16", internet_facing=True),
    Zone("cloud", "10.60.0.0/16", internet_facing=False),
)


@dataclass(frozen=True, slots=True)
class Enterprise:
    """Everything that stands still. Look-ups by name come with it."""

    seed: int
    people: tuple[Person, ...]
    accounts: tuple[Account, ...]
    groups: dict[str, bool]
    """Name to whether it is privileged."""
    memberships: tuple[tuple[str, str], ...]
    hosts: tuple[Host, ...]
    outside: tuple[Address, ...]
    """Addresses of hosting providers and of homes, in no order that means anything."""
    services: tuple[tuple[str, Address], ...]
    """Domains of the outside services people use every day, the most popular first."""
    spare_domains: tuple[str, ...]
    """Domains nobody has used yet."""
    own: tuple[Address, ...]
    """Our own and our partners' addresses."""
    software: tuple[Software, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    gateways: dict[str, Host]
    """Person id to the sign-in gateway that serves them."""
    homes: dict[str, Address]
    """Person id to the address of their home."""
    keys: dict[str, str]
    """Service account to its cloud access key."""
    trails: dict[str, Host]
    """Service account with a key to the collector of its cloud account's audit trail."""
    runners: dict[str, Host]
    """Service account with a key to the machine that uses it."""
    host_of: dict[str, Host] = field(default_factory=dict)
    """Person id to their workstation."""
    account_of: dict[str, Account] = field(default_factory=dict)
    """Person id to their ordinary account."""
    account: dict[str, Account] = field(default_factory=dict)
    person: dict[str, Person] = field(default_factory=dict)
    by_kind: dict[str, tuple[Host, ...]] = field(default_factory=dict)
    site: dict[str, Site] = field(default_factory=dict)

    def hosts_named(self, prefix: str) -> tuple[Host, ...]:
        """Hosts whose name starts so."""
        return tuple(host for host in self.hosts if host.name.startswith(prefix))
