"""What runs without anybody at the keyboard, and the administrators who look after it at odd hours."""

from collections.abc import Iterator

from servers.lab import telemetry as t
from servers.lab.background.workday import DAY, HOUR, MIDNIGHT, MINUTE
from servers.lab.casting import deal
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.names import WORDS
from servers.lab.population import egress_of
from servers.lab.records import Account, Event, Host, digest

SERVICES_EXE = "C:\\Windows\\System32\\services.exe"
SVCHOST = "C:\\Windows\\System32\\svchost.exe"
POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
AGENT_EXE = "C:\\Program Files\\Halcyon\\sensor.exe"
UPDATER_EXE = "C:\\Program Files\\Halcyon\\updater.exe"
BACKUP_EXE = "C:\\Program Files\\Fenwick\\Backup\\agent.exe"
INSTALLER = "C:\\Windows\\System32\\msiexec.exe"
AGENT_DOMAIN = "halcyon-endpoint.example"
AGENT_ADDRESS = "198.19.1.10"

KEY_USAGE = ("GetCallerIdentity", "ListObjects", "GetObject", "PutObject", "DescribeInstances")
"""What our own automation asks of the cloud; a key uses a subset of it all week."""


def service_accounts(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Scheduled jobs: a service account logs on to its server, always from the same one, at night."""
    for number, account in enumerate(a for a in enterprise.accounts if a.kind == "service"):
        server = deal(enterprise.seed).home_of[account.name]
        for hour in (1, 2, 3):
            at = MIDNIGHT + day * DAY + hour * HOUR + number * 90_000 + rng.randint(0, 60_000)
            yield from _job(enterprise, rng, at, server, account)
            if rng.random() < 0.04:
                controller = rng.choice(enterprise.by_kind["domain_controller"])
                yield t.ticket_refused(at - 9_000, controller, account.name, True, server.ip)


def _job(enterprise: Enterprise, rng: Stream, at: int, server: Host, account: Account) -> Iterator[Event]:
    controller = rng.choice(enterprise.by_kind["domain_controller"])
    yield t.ticket(at, controller, account, server.ip, f"host/{server.name}")
    yield t.logon(at + 200, server, account, "service", server.ip)
    parent = t.process(server, at, SERVICES_EXE)
    job = t.process(server, at + 300, POWERSHELL, f"powershell.exe -File C:\\Program Files\\Jobs\\{account.name}.ps1")
    yield t.started(at + 300, server, account, job, parent, integrity="high")


def backups(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Every server is backed up in the small hours; the backup agent moves a lot of bytes."""
    store = enterprise.by_kind["backup"]
    for number, server in enumerate(host for host in enterprise.hosts if host.zone in ("servers", "dmz")):
        at = MIDNIGHT + day * DAY + 3 * HOUR + number * 100_000 + rng.randint(0, 90_000)
        if server.agent_installed and server.os.startswith("Windows"):
            parent, agent = t.process(server, at, SERVICES_EXE), t.process(server, at + 100, BACKUP_EXE)
            yield t.started(at, server, None, agent, parent, integrity="system")
        yield t.outbound(at + 5_000, server, store[number % len(store)].ip, 9392, rng.randint(10**8, 9 * 10**9))


def heartbeats(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Servers and collectors report to the monitoring host, every two hours and on time."""
    monitor = enterprise.hosts_named("mon-")[0]
    watched = [host for host in enterprise.hosts if host.owner is None and host.kind != "workstation"]
    for host in watched:
        for hour in range(0, 24, 2):
            at = MIDNIGHT + day * DAY + hour * HOUR + rng.randint(0, 9_000)
            yield t.outbound(at, host, monitor.ip, 8443, rng.randint(900, 4_000))


def agents(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Antivirus updates everywhere; the endpoint agent asks its vendor for long names, and updates itself at times."""
    for host in enterprise.hosts:
        if not host.agent_installed:
            continue
        at = MIDNIGHT + day * DAY + 5 * HOUR + rng.randint(0, 10 * HOUR)
        yield t.scanned(at, host, None, "updated", {})
        label = digest("agent", host.name, day, size=16)
        yield t.lookup(at + MINUTE, host, f"{label}.q.{AGENT_DOMAIN}", AGENT_DOMAIN, "ok", kind="TXT", size=300)
        sensor = t.process(host, at, AGENT_EXE)
        yield t.connected(at + MINUTE, host, None, sensor, AGENT_ADDRESS, 443, rng.randint(2_000, 90_000))
        if rng.random() < 0.03:
            updater = t.process(host, at, UPDATER_EXE, f'"{UPDATER_EXE}" --restart')
            yield t.agent_event(at + 2 * MINUTE, host, "agent_stopped", updater)
            yield t.agent_event(at + 3 * MINUTE, host, "agent_started", updater)


def vulnerability_scans(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """The scanner walks through part of the network every night, and the network sensor complains about it."""
    scanner = enterprise.by_kind["scanner"][day % 2]
    for number, host in enumerate(rng.sample(enterprise.hosts, 60)):
        at = MIDNIGHT + day * DAY + 22 * HOUR + number * 70_000
        port = rng.choice((22, 80, 443, 445, 3389))
        yield t.flow(at, scanner, scanner.ip, host.ip, port, rng.randint(400, 4_000), denied=rng.random() < 0.4)
        if rng.random() < 0.2:
            yield t.signature(at + 50, host, scanner.ip, host.ip, port, ("2009582", "Port scan from inside"))


def night_admins(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Administrators work from their own desks, mostly by day, some at night."""
    servers = [host for host in deal(enterprise.seed).free_servers if host.zone == "servers"]
    for account in (a for a in enterprise.accounts if a.kind == "admin"):
        if rng.random() < (0.2 if day % 7 in (5, 6) else 0.75):
            hour = rng.choice((7, 8, 9, 10, 12, 13, 20, 22, 23))
            at = MIDNIGHT + day * DAY + hour * HOUR + rng.randint(0, 50 * MINUTE)
            yield from _administration(enterprise, rng, at, account, rng.choice(servers))


def _administration(enterprise: Enterprise, rng: Stream, at: int, account: Account, server: Host) -> Iterator[Event]:
    desk = enterprise.host_of[account.person or ""]
    controller = rng.choice(enterprise.by_kind["domain_controller"])
    if rng.random() < 0.1:
        yield t.ticket_refused(at - 8_000, controller, account.name, True, desk.ip)
    yield t.ticket(at, controller, account, desk.ip, f"host/{server.name}")
    yield t.logon(at + 300, server, account, "remote", desk.ip)
    yield t.outbound(at, desk, server.ip, 3389, rng.randint(90_000, 9_000_000))
    shell = t.process(server, at, "C:\\Windows\\explorer.exe")
    for line in rng.sample(("Get-Service", "Get-EventLog System", "ipconfig /all", "gpupdate /force"), 2):
        at += rng.randint(20_000, 400_000)
        tool = t.process(server, at, POWERSHELL, f"powershell.exe -NoLogo -Command {line}")
        yield t.started(at, server, account, tool, shell, integrity="high")


def help_desk(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Forgotten passwords: a run of failures of one person, a reset, and a success."""
    controllers = enterprise.by_kind["domain_controller"]
    for person in rng.sample(deal(enterprise.seed).bystanders, 1 if day % 7 in (5, 6) else 4):
        account, desk = enterprise.account_of[person.id], enterprise.host_of[person.id]
        at = MIDNIGHT + day * DAY + (8 - enterprise.site[person.site].utc_offset_h) * HOUR + rng.randint(0, 7 * HOUR)
        controller = rng.choice(controllers)
        for _ in range(rng.randint(3, 6)):
            yield t.ticket_refused(at, controller, account.name, True, desk.ip)
            at += rng.randint(5_000, 40_000)
        helper = rng.choice(deal(enterprise.seed).free_admins)
        fields = {**t.on_host(controller), **t.by_user(helper), "user.target.name": account.name}
        yield Event(at + 5 * MINUTE, "dc-security", "iam", "password_reset", "success", dict(fields))
        yield t.ticket(at + 6 * MINUTE, controller, account, desk.ip, "krbtgt")


def roll_outs(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Software goes out to a third of the desks on Tuesdays and Thursdays, by the deployment server's service."""
    if day % 7 not in (1, 3):
        return
    deploy = enterprise.hosts_named("deploy-")[0]
    for number, host in enumerate(h for h in enterprise.by_kind["workstation"] if int(h.ip.rsplit(".", 1)[1]) % 3 == 0):
        at = MIDNIGHT + day * DAY + 11 * HOUR + number * 45_000 + rng.randint(0, 20_000)
        package = f"C:\\Windows\\ccmcache\\{digest('package', day, size=2)}\\setup.msi"
        agent = t.process(host, at, "C:\\Windows\\CCM\\ccmexec.exe")
        child = t.process(host, at + 500, INSTALLER, f"msiexec.exe /i {package} /qn")
        yield t.inbound(at, host, deploy.ip, 10123, rng.randint(10**6, 9 * 10**7))
        yield t.started(at + 500, host, None, child, agent, integrity="system")


def cloud_jobs(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """Build runners call the cloud with their keys, round the clock, from their own addresses."""
    for number, (service, key) in enumerate(enterprise.keys.items()):
        account, runner = enterprise.account[service], enterprise.runners[service]
        address, trail = egress_of(enterprise, service), enterprise.trails[service]
        for _ in range(16):
            at = MIDNIGHT + day * DAY + rng.randint(0, DAY - 1)
            api = rng.choices(KEY_USAGE, (3, 3, 3, 2, 1))[0]
            name = f"team-{number + 1:02d}"
            resource = f"bucket/{name}-{rng.choice(WORDS)}"
            yield t.cloud_call(at, trail, account, address, api, resource, key=key, cloud_account=name)
            yield t.outbound(at, runner, enterprise.services[5][1].ip, 443, rng.randint(900, 90_000))


def detections(enterprise: Enterprise, rng: Stream, day: int) -> Iterator[Event]:
    """The antivirus finds an unwanted toolbar here and there and removes it."""
    for person in rng.sample(deal(enterprise.seed).bystanders, 2):
        host, account = enterprise.host_of[person.id], enterprise.account_of[person.id]
        at = MIDNIGHT + day * DAY + rng.randint(6, 15) * HOUR + rng.randint(0, HOUR)
        name = f"{rng.choice(WORDS)}_setup.exe"
        found = {
            "antivirus.signature": "Unwanted.Toolbar",
            "file.path": f"C:\\Users\\{account.name}\\Downloads\\{name}",
            "file.name": name,
            "file.hash.sha256": digest("toolbar", host.name, day, size=32),
        }
        yield t.scanned(at, host, account, "quarantined", dict(found))
