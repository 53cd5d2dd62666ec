"""The internet at the door: visitors, robots, and everybody who tries a handle."""

from collections.abc import Iterator

from servers.lab import telemetry as t
from servers.lab.background.workday import BROWSERS, DAY, HOUR, MIDNIGHT, MINUTE
from servers.lab.casting import deal
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.names import SUBJECTS, WORDS
from servers.lab.records import Address, Event, digest

PATHS = (
    "/",
    "/products",
    "/contact",
    "/careers",
    "/login",
    "/search?q=valve",
    "/news",
    "/img/logo.png",
    "/api/v1/status",
)
PROBES = ("/.env", "/wp-login.php", "/admin", "/phpmyadmin/", "/.git/config", "/cgi-bin/test")


def strangers(seed: int) -> list[Address]:
    """Outside addresses that belong to nobody in particular."""
    owners = (("Skyreach Mobile", "NL", 64810), ("Vega Cable", "FR", 64811), ("Kite Hosting", "CN", 64812))
    rng = Stream(seed, "strangers")
    found = []
    for number in range(120):
        owner, country, asn = rng.choice(owners)
        meaning = "hosting" if "Hosting" in owner else "residential"
        found.append(Address(f"198.18.{200 + number // 60}.{number % 60 + 20}", meaning, owner, country, asn))
    return found


def visitors(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """People look at our web sites; robots ask for files that are not there."""
    addresses = strangers(enterprise.seed)
    for server in enterprise.by_kind["web"]:
        for _ in range(26):
            at = MIDNIGHT + day * DAY + rng.randint(0, DAY - 1)
            address = rng.choice(addresses)
            robot = rng.random() < 0.2
            path, status = (rng.choice(PROBES), 404) if robot else (rng.choice(PATHS), 200)
            agent = "curl/8.5" if robot else rng.choice(BROWSERS)
            size = rng.randint(300, 60_000)
            yield t.inbound(at - 40, server, address.ip, 443, size)
            yield t.web_hit(at, server, address.ip, "GET", path, status, size, agent)


def knocking(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Port scans and password guesses from anywhere: denied flows, signatures, names that do not exist."""
    addresses = strangers(enterprise.seed)
    facing = [host for host in enterprise.hosts if host.zone == "dmz"]
    for _ in range(130):
        at = MIDNIGHT + day * DAY + rng.randint(0, DAY - 1)
        address, host = rng.choice(addresses), rng.choice(facing)
        port = rng.choice((22, 23, 445, 3389, 8080))
        yield t.flow(at, host, address.ip, host.ip, port, 0, denied=True)
        if rng.random() < 0.15:
            yield t.signature(at + 20, host, address.ip, host.ip, port, ("2001219", "Port scan from outside"))
    for _ in range(12):
        at = MIDNIGHT + day * DAY + rng.randint(0, DAY - 1)
        address, gateway = rng.choice(addresses), rng.choice(enterprise.by_kind["vpn"])
        for _ in range(rng.randint(1, 2)):
            name = rng.choice(("admin", "test", "info", "root", "sales", "guest"))
            yield t.sign_in_refused(at, gateway, name, False, address, "python-requests/2.32")
            at += rng.randint(2_000, 20_000)


def unwanted_mail(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Advertising from domains nobody knows, some with attachments."""
    relay = enterprise.hosts_named("mx-")[0]
    people = deal(enterprise.seed).bystanders
    for _ in range(30):
        at = MIDNIGHT + day * DAY + rng.randint(0, DAY - 1)
        sender = f"{rng.choice(WORDS)}@{rng.choice(WORDS)}{rng.choice(WORDS)}.example"
        attachment = digest("unwanted", day, at, size=32) if rng.random() < 0.2 else None
        yield t.mail(at, relay, sender, rng.choice(people).email, rng.choice(SUBJECTS), attachment)


def travellers(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Two people are abroad all week and sign in from there, with their own device and the second factor."""
    abroad = Stream(enterprise.seed, "travellers").sample(deal(enterprise.seed).bystanders, 2)
    for number, person in enumerate(abroad):
        account, gateway = enterprise.account_of[person.id], enterprise.gateways[person.id]
        address = travel_address(number)
        for _ in range(2):
            at = MIDNIGHT + day * DAY + rng.randint(9, 17) * HOUR + rng.randint(0, 50 * MINUTE)
            session = digest("session", account.name, at, size=8)
            device = t.Device(account.devices[0], managed=True)
            yield t.sign_in(at, gateway, account, address, session, device, mfa=True, agent=BROWSERS[0])


def travel_address(number: int) -> Address:
    """Where the traveller of that number stays."""
    return Address(f"198.18.230.{number + 10}", "residential", "Hotel Network", ("ES", "IT")[number % 2], 64900)
