"""Builds the enterprise of a seed: people, accounts, machines, addresses."""

from collections.abc import Iterator
from functools import lru_cache

from servers.lab.chance import Stream
from servers.lab.enterprise import MAIL_DOMAIN, SITES, Enterprise
from servers.lab.names import DOMAIN_TAILS, FIRST, LAST, TLD, WORDS
from servers.lab.records import Account, Address, Host, Person, Software, Vulnerability, digest, from_ms

EPOCH_MS = 1_772_460_000_000
"""Monday 2026-03-02 14:00 UTC, when every lab begins; its now is seven days later."""

DAY_MS = 86_400_000

DEPARTMENTS: dict[str, int] = {
    "Engineering": 30,
    "Sales": 22,
    "Support": 18,
    "Operations": 18,
    "IT": 14,
    "Finance": 14,
    "Marketing": 10,
    "HR": 7,
    "Legal": 6,
    "Security": 6,
    "Executive": 5,
}
"""People per department, 150 in all."""

TITLES = ("Specialist", "Coordinator", "Analyst", "Engineer", "Advisor", "Associate")

SHARED_HOSTS: tuple[tuple[str, str, str, str, int], ...] = (
    ("dc", "domain_controller", "servers", "critical", 4),
    ("web", "web", "dmz", "high", 9),
    ("fs", "file", "servers", "high", 8),
    ("db", "database", "servers", "critical", 6),
    ("bkp", "backup", "management", "high", 2),
    ("app", "server", "servers", "high", 20),
    ("gw", "vpn", "dmz", "high", 12),
    ("run", "runner", "cloud", "medium", 7),
    ("trail", "server", "cloud", "medium", 7),
    ("scan", "scanner", "management", "medium", 2),
    ("mx", "server", "dmz", "high", 1),
    ("px", "server", "servers", "high", 2),
    ("ns", "server", "servers", "high", 2),
    ("mon", "server", "management", "medium", 1),
    ("deploy", "server", "management", "high", 1),
    ("kiosk", "workstation", "office", "low", 6),
)
"""Prefix, kind, zone, criticality and number of the machines nobody owns."""

NETWORKS = {"office": "10.20", "servers": "10.30", "management": "10.40", "dmz": "10.50", "cloud": "10.60"}

HOSTING = (
    ("Brightrack Hosting", "DE", 64610),
    ("Cloudharbor", "US", 64611),
    ("Fjordnode", "NO", 64612),
    ("Pacific Colo", "JP", 64613),
    ("Eastgate Data", "RO", 64614),
    ("Lumengrove", "CA", 64615),
)
RESIDENTIAL = (
    ("Delta Breedband", "NL", 64710),
    ("Costa Fibra", "PT", 64711),
    ("Straits Telecom", "SG", 64712),
    ("Union Net", "US", 64713),
    ("Ostsee Kabel", "DE", 64714),
    ("Sol Telecom", "BR", 64715),
    ("Baltic Home", "LT", 64716),
    ("Kansai Line", "JP", 64717),
)
PARTNERS = (
    Address("192.0.2.20", "partner", "Veltman Logistics", "NL", 64520),
    Address("192.0.2.40", "partner", "Aurora Components", "DE", 64521),
    Address("203.0.113.30", "scanner", "Palisade Assurance", "NL", 64530),
    Address("203.0.113.60", "vpn_egress", "Halden Instruments", "NL", 64500),
)

SERVICES = 40
"""How many outside services everybody uses."""

PRODUCTS = (
    ("Office Suite", "16.0.17928", "Contoro", ""),
    ("Web Browser", "139.0.3405", "Contoro", "CVE-2025-90011"),
    ("Endpoint Agent", "7.18.2", "Halcyon Endpoint", ""),
    ("Antivirus", "4.18.25", "Contoro", ""),
    ("PDF Reader", "24.2.1", "Foliant", "CVE-2025-90107"),
    ("Archive Tool", "9.20", "Packwell", "CVE-2024-90310"),
    ("Runtime", "8.0.11", "Contoro", "CVE-2025-90422"),
    ("Backup Agent", "12.3.0", "Fenwick Data", "CVE-2024-90550"),
    ("Web Server", "10.0.2034", "Contoro", "CVE-2025-90666"),
)
"""Name, version, publisher and an invented vulnerability number; numbers from 90000 up are nobody's."""


@lru_cache(maxsize=4)
def build(seed: int) -> Enterprise:
    """The enterprise of a seed; the same one every time."""
    people = tuple(_people(Stream(seed, "people")))
    hosts = tuple(_hosts(Stream(seed, "hosts"), people))
    accounts = tuple(_accounts(Stream(seed, "accounts"), people))
    groups, memberships = _groups(people, accounts)
    by_kind: dict[str, tuple[Host, ...]] = {}
    for host in hosts:
        by_kind[host.kind] = (*by_kind.get(host.kind, ()), host)
    keyed = [account.name for account in accounts if account.kind == "service"][: len(by_kind["runner"])]
    trails = [host for host in hosts if host.name.startswith("trail")]
    return Enterprise(
        seed=seed,
        people=people,
        accounts=accounts,
        groups=groups,
        memberships=tuple(memberships),
        hosts=hosts,
        outside=tuple(_outside()),
        services=tuple(_services(seed)),
        spare_domains=tuple(_domains(seed)[SERVICES:]),
        own=(*(site.egress for site in SITES), *PARTNERS, *_runner_egress(len(keyed))),
        software=tuple(_software(Stream(seed, "software"), hosts)),
        vulnerabilities=tuple(_vulnerabilities(Stream(seed, "vulnerabilities"), hosts)),
        gateways=_gateways(Stream(seed, "gateways"), people, by_kind["vpn"]),
        homes=_homes(people),
        keys={name: f"LAKI{digest(seed, 'key', name).upper()}" for name in keyed},
        trails=dict(zip(keyed, trails, strict=True)),
        runners=dict(zip(keyed, by_kind["runner"], strict=True)),
        host_of={host.owner: host for host in hosts if host.owner is not None},
        account_of={account.person: account for account in accounts if account.person and account.kind == "user"},
        account={account.name: account for account in accounts},
        person={person.id: person for person in people},
        by_kind=by_kind,
        site={site.name: site for site in SITES},
    )


def _people(rng: Stream) -> Iterator[Person]:
    names = [(first, last) for first in FIRST for last in LAST]
    chosen = rng.sample(names, 400)
    used: set[str] = set()
    departments = [name for name, size in DEPARTMENTS.items() for _ in range(size)]
    heads: dict[str, str] = {}
    for number, department in enumerate(departments, 1):
        first, last = next((f, n) for f, n in chosen if f"{f[0]}.{n}".lower() not in used)
        used.add(f"{first[0]}.{last}".lower())
        person_id = f"p{number:03d}"
        head = heads.setdefault(department, person_id)
        title = f"Head of {department}" if head == person_id else f"{department} {rng.choice(TITLES)}"
        email = f"{first}.{last}@{MAIL_DOMAIN}".lower()
        manager = head if head != person_id else None
        site = rng.choices(SITES, (60, 25, 15))[0].name
        yield Person(person_id, f"{first} {last}", email, department, manager, title, site)


def _hosts(rng: Stream, people: tuple[Person, ...]) -> Iterator[Host]:
    numbers = list(range(1, len(people) + 1))
    rng.shuffle(numbers)
    sites = {site.name: index for index, site in enumerate(SITES)}
    for person, number in zip(people, numbers, strict=True):
        level = "high" if person.department in ("Executive", "IT", "Finance") else "medium"
        address = f"10.20.{sites[person.site]}.{20 + number}"
        name = f"ws-{number:03d}"
        yield _host(name, address, "workstation", "office", person.id, person.department, level, "Windows 11 23H2")
    for offset, (prefix, kind, zone, level, count) in enumerate(SHARED_HOSTS):
        for number in range(1, count + 1):
            address = f"{NETWORKS[zone]}.{100 + offset}.{10 + number}"
            department = "Operations" if kind == "workstation" else "IT"
            system = "Linux 6.1" if kind in ("vpn", "scanner", "runner") else "Windows Server 2022"
            yield _host(f"{prefix}-{number:02d}", address, kind, zone, None, department, level, system)


def _host(
    name: str, ip: str, kind: str, zone: str, owner: str | None, department: str, level: str, system: str
) -> Host:
    mac = digest("mac", name, size=5)
    pairs = ":".join(mac[index : index + 2] for index in range(0, 10, 2))
    return Host(
        id=f"h-{digest('host', name, size=4)}",
        name=name,
        ip=ip,
        mac=f"02:{pairs}",
        os=system,
        kind=kind,
        zone=zone,
        owner=owner,
        department=department,
        criticality=level,
        agent_installed=kind != "vpn" and not name.startswith("trail"),
    )


def _accounts(rng: Stream, people: tuple[Person, ...]) -> Iterator[Account]:
    rid = 1100
    for person in people:
        first, last = person.name.split(" ", 1)
        name = f"{first[0]}.{last}".lower()
        devices = tuple(f"dev-{digest('device', name, n, size=5)}" for n in range(rng.choice((1, 2, 2))))
        rid += rng.randint(1, 7)
        yield _account(name, person.id, "user", rid, rng, devices, privileged=False)
        if person.department == "IT":
            rid += 1
            yield _account(f"{name}.adm", person.id, "admin", rid, rng, devices[:1], privileged=True)
    for word in rng.sample(WORDS, 24):
        rid += rng.randint(1, 5)
        yield _account(f"svc-{word}", None, "service", rid, rng, (), privileged=True)
    for number in (1, 2):
        rid += 1
        yield _account(f"emergency-{number}", None, "break_glass", rid, rng, (), privileged=True)


def _account(
    name: str, person: str | None, kind: str, rid: int, rng: Stream, devices: tuple[str, ...], *, privileged: bool
) -> Account:
    return Account(
        name=name,
        person=person,
        kind=kind,
        sid=f"S-1-5-21-1004336348-1177238915-682003330-{rid}",
        enabled=True,
        privileged=privileged,
        mfa=kind in ("user", "admin"),
        created=from_ms(EPOCH_MS - rng.randint(90, 2500) * DAY_MS),
        password_changed=from_ms(EPOCH_MS - rng.randint(1, 88) * DAY_MS),
        devices=devices,
    )


def _groups(people: tuple[Person, ...], accounts: tuple[Account, ...]) -> tuple[dict[str, bool], list[tuple[str, str]]]:
    groups = {f"dept-{name.lower()}": False for name in DEPARTMENTS}
    groups |= {
        "vpn-users": False,
        "domain-admins": True,
        "service-accounts": True,
        "helpdesk": True,
        "all-staff": False,
    }
    departments = {person.id: person.department for person in people}
    memberships: list[tuple[str, str]] = []
    for number, account in enumerate(accounts):
        if account.kind == "user" and account.person:
            memberships += [(f"dept-{departments[account.person].lower()}", account.name)]
            memberships += [("all-staff", account.name), ("vpn-users", account.name)]
        elif account.kind == "admin":
            memberships.append(("domain-admins" if number % 3 == 0 else "helpdesk", account.name))
        elif account.kind == "service":
            memberships.append(("service-accounts", account.name))
        else:
            memberships.append(("domain-admins", account.name))
    return groups, memberships


def _outside() -> Iterator[Address]:
    for index, (owner, country, asn) in enumerate(HOSTING):
        for last in range(10, 90):
            yield Address(f"198.18.{20 + index}.{last}", "hosting", owner, country, asn)
    for index, (owner, country, asn) in enumerate(RESIDENTIAL):
        for last in range(150, 210):
            yield Address(f"198.18.{60 + index}.{last}", "residential", owner, country, asn)


def _domains(seed: int) -> list[str]:
    names = [f"{word}{tail}.{TLD}" for word in WORDS for tail in DOMAIN_TAILS]
    Stream(seed, "domains").shuffle(names)
    return names


def _services(seed: int) -> Iterator[tuple[str, Address]]:
    for number, domain in enumerate(_domains(seed)[:SERVICES]):
        owner, country, asn = HOSTING[number % len(HOSTING)]
        yield domain, Address(f"198.18.{100 + number}.10", "hosting", owner, country, asn)


def _runner_egress(count: int) -> Iterator[Address]:
    for number in range(count):
        yield Address(f"198.18.1.{10 + number}", "own_nat", "Halden Instruments", "NL", 64500)


def _homes(people: tuple[Person, ...]) -> dict[str, Address]:
    homes = {}
    providers = {provider[1]: (index, provider) for index, provider in enumerate(RESIDENTIAL)}
    countries = {site.name: site.country for site in SITES}
    for number, person in enumerate(people):
        index, (owner, country, asn) = providers[countries[person.site]]
        homes[person.id] = Address(f"198.18.{60 + index}.{number % 140 + 1}", "residential", owner, country, asn)
    return homes


def _gateways(rng: Stream, people: tuple[Person, ...], gateways: tuple[Host, ...]) -> dict[str, Host]:
    order = [person.id for person in people if person.department not in ("IT", "Security")]
    rng.shuffle(order)
    order += [person.id for person in people if person.department in ("IT", "Security")]
    return {person_id: gateways[index % len(gateways)] for index, person_id in enumerate(order)}


def _software(rng: Stream, hosts: tuple[Host, ...]) -> Iterator[Software]:
    for host in hosts:
        wanted = PRODUCTS[:6] if host.kind == "workstation" else (*PRODUCTS[2:4], PRODUCTS[6], PRODUCTS[7])
        if host.kind == "web":
            wanted = (*wanted, PRODUCTS[8])
        for name, version, publisher, _ in wanted:
            if name != "Endpoint Agent" or host.agent_installed:
                yield Software(host.name, name, f"{version}.{rng.randint(0, 3)}", publisher)


def _vulnerabilities(rng: Stream, hosts: tuple[Host, ...]) -> Iterator[Vulnerability]:
    wanted = {"workstation": (1, 4, 5), "web": (6, 8), "server": (6, 7)}
    for host in hosts:
        for index in wanted.get(host.kind, (6,)):
            name, _, _, cve = PRODUCTS[index]
            if rng.random() < 0.3:
                yield Vulnerability(host.name, cve, name, round(rng.uniform(4.3, 9.8), 1), rng.random() < 0.1)


def egress_of(enterprise: Enterprise, service: str) -> Address:
    """The address from which a service account's runner usually reaches the cloud."""
    first = len(SITES) + len(PARTNERS)
    return enterprise.own[first + list(enterprise.keys).index(service)]
