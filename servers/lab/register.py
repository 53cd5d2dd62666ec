"""What the operator's registers and the feeds hold besides the stories: plenty of ordinary entries."""

from collections.abc import Iterator

from servers.lab.background.machines import AGENT_DOMAIN
from servers.lab.background.outside import strangers, travel_address
from servers.lab.casting import deal
from servers.lab.chance import Stream
from servers.lab.enterprise import MAIL_DOMAIN, Enterprise
from servers.lab.names import FEEDS, TOOLS, VENDORS, WORK_NOTES, WORK_TITLES
from servers.lab.population import DAY_MS, EPOCH_MS, PARTNERS
from servers.lab.records import Intel, Person, Work, digest, from_ms
from servers.lab.stories.scene import HOUR, KnownDomain, KnownFile

ENTRIES = 60
TECHNIQUES = {
    "change": ("T1021.002", "T1490", "T1569.002", "T1098", "T1078.004", "T1039"),
    "scan": ("T1190", "T1595.002", "T1046"),
    "pentest": ("T1110.003", "T1190", "T1566.001", "T1048.003"),
}


def ordinary_work(enterprise: Enterprise) -> Iterator[Work]:
    """Changes, scans and tests of the fortnight, on machines and accounts of no story; and two people's trips."""
    rng = Stream(enterprise.seed, "register")
    casting = deal(enterprise.seed)
    approvers = [person for person in casting.bystanders if person.title.startswith(("Head", "IT", "Sec"))]
    for number in range(ENTRIES):
        kind = rng.choices(("change", "scan", "pentest"), (7, 2, 1))[0]
        start = EPOCH_MS + rng.randint(-2 * 24, 9 * 24) * HOUR
        hosts = rng.sample(casting.free_servers, rng.randint(1, 4))
        actors = casting.free_services if rng.random() < 0.5 else casting.free_admins
        source = rng.choice(PARTNERS).ip if kind == "pentest" else rng.choice(enterprise.by_kind["scanner"]).ip
        yield Work(
            id=f"W-{digest(enterprise.seed, 'ordinary work', number, size=3)}",
            kind=kind,
            title=rng.choice(WORK_TITLES),
            approver=rng.choice(approvers).email,
            approved_at=from_ms(start - rng.randint(1, 12) * DAY_MS),
            window_start=from_ms(start),
            window_end=from_ms(start + rng.randint(2, 10) * HOUR),
            hosts=tuple(host.name for host in hosts),
            accounts=(rng.choice(actors).name,) if kind == "change" else (),
            source_addresses=() if kind == "change" and rng.random() < 0.6 else (source,),
            techniques=tuple(rng.sample(TECHNIQUES[kind], rng.randint(1, 2))),
            note=rng.choice(WORK_NOTES),
            revoked=rng.random() < 0.05,
        )
    for number, person in enumerate(travelling(enterprise)):
        yield _trip(enterprise, rng, number, person, approvers)


def travelling(enterprise: Enterprise) -> list[Person]:
    """The two people who are abroad all week."""
    return Stream(enterprise.seed, "travellers").sample(deal(enterprise.seed).bystanders, 2)


def _trip(enterprise: Enterprise, rng: Stream, number: int, person: Person, approvers: list[Person]) -> Work:
    return Work(
        id=f"W-{digest(enterprise.seed, 'trip', number, size=3)}",
        kind="travel",
        title=rng.choice(WORK_TITLES),
        approver=rng.choice(approvers).email,
        approved_at=from_ms(EPOCH_MS - 6 * DAY_MS),
        window_start=from_ms(EPOCH_MS - DAY_MS),
        window_end=from_ms(EPOCH_MS + 10 * DAY_MS),
        hosts=(),
        accounts=(enterprise.account_of[person.id].name,),
        source_addresses=(travel_address(number).ip,),
        techniques=("T1078.004",),
        note=rng.choice(WORK_NOTES),
    )


def ordinary_files(enterprise: Enterprise) -> Iterator[KnownFile]:
    """Own programs and documents nobody has asked about yet."""
    rng = Stream(enterprise.seed, "known files")
    for number, name in enumerate(rng.sample(TOOLS, 24)):
        registered = EPOCH_MS - rng.randint(30, 900) * DAY_MS
        content = digest(enterprise.seed, "known file", number, size=32)
        yield KnownFile(content, f"{name}.exe", rng.choice(VENDORS), "software packaging", registered)


def ordinary_domains(enterprise: Enterprise) -> Iterator[KnownDomain]:
    """Our own domain, the endpoint agent's, and the services everybody uses."""
    yield KnownDomain(MAIL_DOMAIN, "own domain", "network operations")
    yield KnownDomain(AGENT_DOMAIN, "Halcyon Endpoint service", "network operations")
    for domain, _ in enterprise.services[:15]:
        yield KnownDomain(domain, "service in daily use", "network operations")


def ordinary_intel(enterprise: Enterprise) -> Iterator[Intel]:
    """What feeds say of addresses that knock at our door, and of things never seen here."""
    rng = Stream(enterprise.seed, "intel")
    for address in rng.sample(strangers(enterprise.seed), 30):
        verdict = rng.choice(("suspicious", "suspicious", "malicious"))
        yield _heard(rng, address.ip, "address", verdict)
    for number in range(30):
        yield _heard(rng, digest(enterprise.seed, "heard of", number, size=32), "sha256", "malicious")
    for domain in rng.sample(enterprise.spare_domains[:200], 20):
        yield _heard(rng, domain, "domain", rng.choice(("malicious", "suspicious")))


def _heard(rng: Stream, indicator: str, kind: str, verdict: str) -> Intel:
    first = EPOCH_MS - rng.randint(10, 300) * DAY_MS
    last = first + rng.randint(1, 9) * DAY_MS
    return Intel(indicator, kind, verdict, rng.choice(FEEDS), from_ms(first), from_ms(last), rng.randint(30, 95))
