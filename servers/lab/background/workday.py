"""People at work: they arrive, sign in, open programs, ask for names, read mail, use shares, and go home."""

from collections.abc import Iterator
from dataclasses import dataclass

from servers.lab import telemetry as t
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.names import DOCUMENTS, SUBJECTS, WORDS
from servers.lab.population import DEPARTMENTS, EPOCH_MS
from servers.lab.records import Account, Event, Host, Person, digest

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MIDNIGHT = EPOCH_MS - 14 * HOUR
"""Start of day 0, a Monday."""

PROGRAMS = (
    "C:\\Program Files\\Office\\WINWORD.EXE",
    "C:\\Program Files\\Office\\EXCEL.EXE",
    "C:\\Program Files\\Office\\OUTLOOK.EXE",
    "C:\\Program Files\\Browser\\browser.exe",
    "C:\\Program Files\\Foliant\\reader.exe",
    "C:\\Windows\\System32\\notepad.exe",
    "C:\\Program Files\\Chat\\chat.exe",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
)
USAGE = (6, 6, 7, 12, 4, 2, 5, 1, 1)
OFFICE, EXCEL, OUTLOOK, BROWSER = PROGRAMS[:4]
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Firefox/141.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Safari/605.1.15",
)
PARTNER_MAIL = ("veltman.example", "aurora-components.example", "palisade.example", "willowbank.example")


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's working day. Times are milliseconds."""

    person: Person
    account: Account
    host: Host
    arrives: int
    leaves: int
    remote: bool

    def moment(self, rng: Stream) -> int:
        """Some time between arriving and leaving."""
        return self.arrives + int(rng.random() * (self.leaves - self.arrives))


def desks(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Desk]:
    """Who works that day and when: weekends, holidays, days off, early birds and late nights included."""
    weekend = day % 7 in (5, 6)
    for person in enterprise.people:
        site = enterprise.site[person.site]
        chance = 0.05 if weekend or site.holiday == day else 0.95
        away, start, length, remote = (
            rng.random() > chance,
            rng.gauss(8.4, 0.6),
            rng.gauss(8.7, 0.8),
            rng.random() < 0.3,
        )
        if away:
            continue
        arrives = MIDNIGHT + day * DAY + int((start - site.utc_offset_h) * HOUR)
        leaves = arrives + int(max(3.0, length) * HOUR)
        account, host = enterprise.account_of[person.id], enterprise.host_of[person.id]
        yield Desk(person, account, host, arrives, leaves, remote)


def workdays(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Everything people do at their desks on one day."""
    for desk in desks(enterprise, rng, day):
        yield from _logons(enterprise, rng, desk)
        yield from _sign_ins(enterprise, rng, desk)
        yield from _programs(rng, desk)
        yield from _web(enterprise, rng, desk)
        yield from _shares(enterprise, rng, desk)
        yield from _mail(enterprise, rng, desk)
        yield from _mailbox(enterprise, rng, desk)


def shell_of(host: Host, arrives: int) -> t.Process:
    """The desktop shell of that day on that host, parent of what its user starts."""
    return t.process(host, arrives, "C:\\Windows\\explorer.exe")


def _logons(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    controllers = enterprise.by_kind["domain_controller"]
    first = desk.arrives
    if rng.random() < 0.07:
        yield t.ticket_refused(first - 20_000, rng.choice(controllers), desk.account.name, True, desk.host.ip)
    yield t.ticket(first, rng.choice(controllers), desk.account, desk.host.ip, "krbtgt")
    yield t.logon(first + 400, desk.host, desk.account, "interactive", desk.host.ip)
    for _ in range(rng.randint(1, 2)):
        yield t.logon(desk.moment(rng), desk.host, desk.account, "unlock", desk.host.ip)


def _sign_ins(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    gateway = enterprise.gateways[desk.person.id]
    address = enterprise.homes[desk.person.id] if desk.remote else enterprise.site[desk.person.site].egress
    agent = BROWSERS[len(desk.account.name) % 3]
    for number in range(rng.choice((1, 2, 2, 3))):
        at = desk.arrives + MINUTE if number == 0 else desk.moment(rng)
        if rng.random() < 0.08:
            yield t.sign_in_refused(at - 15_000, gateway, desk.account.name, True, address, agent)
        session = digest("session", desk.account.name, at, size=8)
        device = t.Device(desk.account.devices[number % len(desk.account.devices)], managed=True)
        yield t.sign_in(at, gateway, desk.account, address, session, device, mfa=True, agent=agent)
        yield t.inbound(at - 300, gateway, address.ip, 443, rng.randint(4_000, 40_000))


def _programs(rng: Stream, desk: Desk) -> Iterator[Event]:
    shell = shell_of(desk.host, desk.arrives)
    system = t.process(desk.host, desk.arrives, "C:\\Windows\\System32\\userinit.exe")
    yield t.started(desk.arrives + 900, desk.host, desk.account, shell, system)
    for executable in rng.choices(PROGRAMS, USAGE, k=rng.randint(5, 8)):
        at = desk.moment(rng) + 1_000
        if executable == OFFICE:
            yield from _open_document(at, desk.host, desk.account, shell, _document(rng, desk))
            continue
        child = t.process(desk.host, at, executable)
        yield t.started(at, desk.host, desk.account, child, shell)


def _open_document(at: int, host: Host, account: Account, shell: t.Process, name: str) -> Iterator[Event]:
    """A document opened in the word processor."""
    path = f"C:\\Users\\{account.name}\\Documents\\{name}.docx"
    writer = t.process(host, at, OFFICE, f'"{OFFICE}" /n "{path}"')
    yield t.started(at, host, account, writer, shell)
    content = digest("document", account.name, name, at, size=32)
    yield t.touched(at + 700, host, account, writer, "open", path, content, 20_000 + at % 300_000)


def _document(rng: Stream, desk: Desk) -> str:
    return f"{rng.choice(DOCUMENTS)} {desk.person.department} {rng.choice(WORDS)}"


def _web(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    agent = BROWSERS[len(desk.account.name) % 2]
    browser = t.process(desk.host, desk.arrives, BROWSER)
    for number in range(rng.randint(4, 7)):
        index = min(int(rng.expovariate(0.12)), len(enterprise.services) - 1)
        domain, address = enterprise.services[index]
        at = desk.moment(rng)
        name = f"{rng.choice(('www', 'app', 'api', 'login'))}.{domain}"
        post = rng.random() < 0.15
        size = rng.randint(2_000, 900_000)
        yield t.lookup(at - 200, desk.host, name, domain, address.ip)
        yield t.request(
            at,
            desk.host,
            desk.account,
            name,
            f"/{rng.choice(WORDS)}/{rng.choice(WORDS)}",
            size,
            destination=address.ip,
            method="POST" if post else "GET",
            status=200 if rng.random() < 0.95 else 404,
            agent=agent,
        )
        if number % 2 == 0:
            yield t.outbound(at + 100, desk.host, address.ip, 443, size)
        if number == 1:
            yield t.connected(at + 50, desk.host, desk.account, browser, address.ip, 443, size)


def shares_of(enterprise: Enterprise, department: str) -> tuple[Host, str]:
    """The file server of a department and its share there."""
    servers = enterprise.by_kind["file"]
    server = servers[list(DEPARTMENTS).index(department) % len(servers)]
    return server, f"\\\\{server.name}\\{department.lower()}"


def _shares(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    server, share = shares_of(enterprise, desk.person.department)
    at = desk.moment(rng)
    controller = rng.choice(enterprise.by_kind["domain_controller"])
    yield t.ticket(at - 500, controller, desk.account, desk.host.ip, f"cifs/{server.name}")
    yield t.outbound(at - 300, desk.host, server.ip, 445, rng.randint(20_000, 9_000_000))
    for _ in range(rng.randint(1, 4)):
        name = f"{rng.choice(WORDS)}\\{_document(rng, desk)}.docx"
        action = "modify" if rng.random() < 0.25 else "open"
        size = rng.randint(9_000, 4_000_000)
        yield t.share_access(at, server, desk.account, desk.host.ip, share, name, action, size)
        at += rng.randint(1_000, 20 * MINUTE)


def _mail(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    relay = enterprise.hosts_named("mx-")[0]
    for _ in range(rng.randint(2, 4)):
        at, subject = desk.moment(rng), rng.choice(SUBJECTS)
        attachment = digest("attachment", desk.person.id, at, size=32) if rng.random() < 0.25 else None
        if rng.random() < 0.6:
            sender = rng.choice(enterprise.people).email
        else:
            sender = f"{rng.choice(WORDS)}@{rng.choice(PARTNER_MAIL)}"
        yield t.mail(at, relay, sender, desk.person.email, subject, attachment)


def _mailbox(enterprise: Enterprise, rng: Stream, desk: Desk) -> Iterator[Event]:
    gateway = enterprise.gateways[desk.person.id]
    address = enterprise.homes[desk.person.id] if desk.remote else enterprise.site[desk.person.site].egress
    for _ in range(rng.randint(1, 2)):
        api = rng.choice(("MailItemsAccessed", "Send", "FileAccessed", "FileModified", "MoveToDeletedItems"))
        resource = f"mailbox/{desk.person.email}"
        yield t.cloud_call(desk.moment(rng), gateway, desk.account, address, api, resource)
