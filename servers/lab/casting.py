"""Who and what each story is played with: hosts, accounts and addresses no other story touches.

The slots of all stories are dealt out at once, whether a lab plays them or not, so that one story more moves nothing of
another. Dealing knows the slot's number only: nothing in it depends on what kind of story is played there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.population import build
from servers.lab.records import Account, Address, Host, Person

KINDS_PER_FAMILY = 5
FAMILY_ORDER: tuple[str, ...] = (
    "password_spray",
    "phishing_macro",
    "web_shell",
    "malware_workstation",
    "ransomware_precursor",
    "dns_exfiltration",
    "admin_share",
    "impossible_travel",
    "mass_download",
    "cloud_key",
)
"""The order of the slots; a new family goes to the end, or every lab changes."""

GATEWAY_FAMILIES: dict[str, int] = {"password_spray": 6, "impossible_travel": 1}
"""Families played at a sign-in gateway, with how many of its people they take."""
DESK_FAMILIES: dict[str, int] = {
    "phishing_macro": 1,
    "malware_workstation": 1,
    "ransomware_precursor": 1,
    "dns_exfiltration": 1,
    "admin_share": 5,
    "mass_download": 1,
}
"""Families played at desks, with how many desks they take."""
SERVER_FAMILIES: dict[str, str] = {"web_shell": "web-", "ransomware_precursor": "app-", "mass_download": "fs-"}


@dataclass(frozen=True, slots=True)
class Cast:
    """The parts of one story. Which of them are used is up to the family."""

    people: tuple[Person, ...]
    accounts: tuple[Account, ...]
    """Of these people, in the same order."""
    desks: tuple[Host, ...]
    """Their workstations."""
    gateway: Host | None
    server: Host | None
    service: Account | None
    admin: Account | None
    addresses: tuple[Address, ...]
    """Four outside addresses: hosting, hosting, residential, residential."""
    domains: tuple[str, ...]
    """Three domains nobody has used yet."""


@dataclass(frozen=True, slots=True)
class Casting:
    """All casts of a lab, and the people who play in none of them."""

    casts: dict[tuple[str, int], Cast]
    """Family and slot (0 to 4) to the cast."""
    bystanders: tuple[Person, ...]
    free_servers: tuple[Host, ...]
    """Shared machines of no story."""
    free_services: tuple[Account, ...]
    free_admins: tuple[Account, ...]
    home_of: dict[str, Host]
    """Service account to the server its jobs run on."""


@lru_cache(maxsize=4)
def deal(seed: int) -> Casting:
    """The casting of a seed."""
    enterprise = build(seed)
    people = _deal_people(enterprise)
    machines = _deal_machines(enterprise)
    services, admins = _deal_accounts(enterprise)
    outside = _deal_addresses(enterprise)
    casts = {
        (family, slot): _cast(enterprise, family, slot, people, machines, services, admins, outside[index])
        for index, (family, slot) in enumerate(_slots())
    }
    taken = {person.id for cast in casts.values() for person in cast.people}
    used = {host.name for cast in casts.values() for host in (cast.gateway, cast.server) if host is not None}
    free_servers = tuple(host for host in enterprise.hosts if host.owner is None and host.name not in used)
    return Casting(
        casts=casts,
        bystanders=tuple(person for person in enterprise.people if person.id not in taken),
        free_servers=free_servers,
        free_services=tuple(services[2 * KINDS_PER_FAMILY :]),
        free_admins=tuple(admins[KINDS_PER_FAMILY:]),
        home_of=_homes(services, casts, [host for host in free_servers if host.name.startswith("app-")]),
    )


def _homes(services: list[Account], casts: dict[tuple[str, int], Cast], servers: list[Host]) -> dict[str, Host]:
    homes = {account.name: servers[number % len(servers)] for number, account in enumerate(services)}
    played = {cast.service.name: cast.server for cast in casts.values() if cast.service and cast.server}
    return homes | played


def _slots() -> Iterator[tuple[str, int]]:
    for family in FAMILY_ORDER:
        for slot in range(KINDS_PER_FAMILY):
            yield family, slot


def _deal_people(enterprise: Enterprise) -> dict[tuple[str, int], tuple[tuple[Person, ...], Host | None]]:
    """People (and the gateway they sign in through) of every slot that needs some."""
    rng = Stream(enterprise.seed, "casting", "people")
    gateways = list(enterprise.by_kind["vpn"])
    rng.shuffle(gateways)
    ordinary = [person for person in enterprise.people if person.department not in ("IT", "Security")]
    rng.shuffle(ordinary)
    dealt: dict[tuple[str, int], tuple[tuple[Person, ...], Host | None]] = {}
    for family, count in GATEWAY_FAMILIES.items():
        for slot in range(KINDS_PER_FAMILY):
            gateway = gateways.pop()
            served = [person for person in ordinary if enterprise.gateways[person.id].name == gateway.name][:count]
            ordinary = [person for person in ordinary if person not in served]
            dealt[family, slot] = (tuple(served), gateway)
    for family, count in DESK_FAMILIES.items():
        for slot in range(KINDS_PER_FAMILY):
            dealt[family, slot] = (tuple(ordinary.pop() for _ in range(count)), None)
    return dealt


def _deal_machines(enterprise: Enterprise) -> dict[tuple[str, int], Host]:
    rng = Stream(enterprise.seed, "casting", "machines")
    dealt: dict[tuple[str, int], Host] = {}
    for family, prefix in SERVER_FAMILIES.items():
        machines = list(enterprise.hosts_named(prefix))
        rng.shuffle(machines)
        dealt |= {(family, slot): machines[slot] for slot in range(KINDS_PER_FAMILY)}
    return dealt


def _deal_accounts(enterprise: Enterprise) -> tuple[list[Account], list[Account]]:
    """Service accounts (those with cloud keys first, then the rest) and administrators, each shuffled."""
    rng = Stream(enterprise.seed, "casting", "accounts")
    services = [account for account in enterprise.accounts if account.kind == "service"]
    keyed = [account for account in services if account.name in enterprise.keys]
    plain = [account for account in services if account.name not in enterprise.keys]
    admins = [account for account in enterprise.accounts if account.kind == "admin"]
    for accounts in (keyed, plain, admins):
        rng.shuffle(accounts)
    spare = keyed[KINDS_PER_FAMILY:] + plain[KINDS_PER_FAMILY:]
    return keyed[:KINDS_PER_FAMILY] + plain[:KINDS_PER_FAMILY] + spare, admins


def _deal_addresses(enterprise: Enterprise) -> list[tuple[tuple[Address, ...], tuple[str, ...]]]:
    rng = Stream(enterprise.seed, "casting", "addresses")
    hosting = [address for address in enterprise.outside if address.meaning == "hosting"]
    homes = [address for address in enterprise.outside if address.meaning == "residential"]
    rng.shuffle(hosting)
    rng.shuffle(homes)
    domains = list(enterprise.spare_domains)
    return [
        (
            (hosting.pop(), hosting.pop(), homes.pop(), homes.pop()),
            (domains.pop(), domains.pop(), domains.pop()),
        )
        for _ in _slots()
    ]


def _cast(
    enterprise: Enterprise,
    family: str,
    slot: int,
    people: dict[tuple[str, int], tuple[tuple[Person, ...], Host | None]],
    machines: dict[tuple[str, int], Host],
    services: list[Account],
    admins: list[Account],
    outside: tuple[tuple[Address, ...], tuple[str, ...]],
) -> Cast:
    persons, gateway = people.get((family, slot), ((), None))
    service = {"cloud_key": services[slot], "ransomware_precursor": services[KINDS_PER_FAMILY + slot]}.get(family)
    return Cast(
        people=persons,
        accounts=tuple(enterprise.account_of[person.id] for person in persons),
        desks=tuple(enterprise.host_of[person.id] for person in persons),
        gateway=gateway,
        server=machines.get((family, slot)),
        service=service,
        admin=admins[slot] if family == "admin_share" else None,
        addresses=outside[0],
        domains=outside[1],
    )
