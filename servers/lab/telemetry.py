"""What each sensor writes down: one function per kind of record, used by ordinary life and by stories alike.

Whoever acts, the record has the same shape; only its values tell one actor from another.
"""

from dataclasses import dataclass
from typing import Literal

from servers.lab.records import Account, Address, Event, Host, JsonObject, digest

Integrity = Literal["low", "medium", "high", "system"]


@dataclass(frozen=True, slots=True)
class Process:
    """One running program on one host."""

    entity_id: str
    pid: int
    executable: str
    command_line: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signs in with."""

    id: str
    managed: bool


def program_hash(executable: str) -> str:
    """The sha256 of a program: the same program has the same one on every host."""
    return digest("program", executable.rsplit("\\", 1)[-1].lower(), "1", size=32)


def process(
    host: Host, at: int, executable: str, command_line: str | None = None, sha256: str | None = None
) -> Process:
    """A program about to start on a host; its ids follow from host, time and command line."""
    key = digest(host.name, at, executable, command_line or "", size=10)
    line = command_line if command_line is not None else f'"{executable}"'
    return Process(
        f"{host.id}-{key}", 1000 + int(key[:6], 16) % 58000, executable, line, sha256 or program_hash(executable)
    )


def on_host(host: Host) -> JsonObject:
    """The fields every record about a host has."""
    return {"host.id": host.id, "host.name": host.name, "host.ip": host.ip}


def by_user(account: Account) -> JsonObject:
    """The fields of an authenticated user."""
    return {"user.name": account.name, "user.id": account.sid}


def _runs_as(account: Account | None) -> JsonObject:
    """The fields of whom a process runs as; no account means the system's own."""
    return {"user.name": "system", "user.id": "S-1-5-18"} if account is None else by_user(account)


def port_of(at: int, *parts: str) -> int:
    """The source port of a connection at that time."""
    return 49152 + int(digest(at, *parts, size=3), 16) % 16000


def flow(
    at: int, host: Host, src_ip: str, dst_ip: str, port: int, size: int, *, transport: str = "tcp", denied: bool = False
) -> Event:
    """A flow through the firewall; `host` is our end of it, `size` the bytes it moved."""
    fields: JsonObject = {
        **on_host(host),
        "source.ip": src_ip,
        "source.port": port_of(at, src_ip, dst_ip),
        "destination.ip": dst_ip,
        "destination.port": port,
        "network.bytes": 0 if denied else size,
        "network.transport": transport,
    }
    action, outcome = ("denied", "failure") if denied else ("allowed", "success")
    return Event(at, "firewall", "network", action, outcome, fields)


def outbound(at: int, host: Host, dst_ip: str, port: int, size: int) -> Event:
    """A flow that one of our hosts opens."""
    return flow(at, host, host.ip, dst_ip, port, size)


def inbound(at: int, host: Host, src_ip: str, port: int, size: int) -> Event:
    """A flow that reaches one of our hosts from outside."""
    return flow(at, host, src_ip, host.ip, port, size)


def lookup(at: int, host: Host, name: str, domain: str, answer: str | None, kind: str = "A", size: int = 120) -> Event:
    """A name the resolver was asked for; `domain` is its registered domain."""
    fields: JsonObject = {
        **on_host(host),
        "source.ip": host.ip,
        "dns.question.name": name,
        "dns.question.type": kind,
        "dns.question.registered_domain": domain,
        "network.bytes": size,
    }
    if answer is not None:
        fields["dns.answers"] = answer
    return Event(at, "dns", "network", "query", "success" if answer is not None else "failure", fields)


def request(
    at: int,
    host: Host,
    account: Account | None,
    domain: str,
    path: str,
    size: int,
    *,
    destination: str,
    method: str = "GET",
    status: int = 200,
    agent: str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
) -> Event:
    """A web request through the proxy; `size` counts what went up for POST and PUT, what came down for GET."""
    fields: JsonObject = {
        **on_host(host),
        **({} if account is None else by_user(account)),
        "source.ip": host.ip,
        "destination.ip": destination,
        "destination.domain": domain,
        "destination.port": 443,
        "url.full": f"https://{domain}{path}",
        "http.method": method,
        "http.status": status,
        "network.bytes": size,
        "user_agent": agent,
    }
    action = "upload" if method in ("POST", "PUT") else "request"
    return Event(at, "proxy", "network", action, "success" if status < 400 else "failure", fields)


def started(
    at: int,
    host: Host,
    account: Account | None,
    child: Process,
    parent: Process,
    *,
    integrity: Integrity = "medium",
) -> Event:
    """A process start as the endpoint agent saw it; no account means the system's own."""
    fields: JsonObject = {
        **on_host(host),
        **_runs_as(account),
        "process.entity_id": child.entity_id,
        "process.pid": child.pid,
        "process.executable": child.executable,
        "process.command_line": child.command_line,
        "process.hash.sha256": child.sha256,
        "process.parent.entity_id": parent.entity_id,
        "process.parent.executable": parent.executable,
        "process.parent.command_line": parent.command_line,
        "process.integrity": integrity,
        "logon.id": "0x3e7" if account is None else f"0x{digest(host.name, account.name, size=3)}",
    }
    return Event(at, "edr", "process", "start", "success", fields)


def by_process(running: Process) -> JsonObject:
    """The fields that name the process behind a record of the endpoint agent."""
    return {
        "process.entity_id": running.entity_id,
        "process.pid": running.pid,
        "process.executable": running.executable,
        "process.hash.sha256": running.sha256,
    }


def connected(
    at: int, host: Host, account: Account | None, running: Process, dst_ip: str, port: int, size: int
) -> Event:
    """A connection with the process that made it, as the endpoint agent saw it."""
    fields: JsonObject = {
        **on_host(host),
        **_runs_as(account),
        **by_process(running),
        "source.ip": host.ip,
        "destination.ip": dst_ip,
        "destination.port": port,
        "network.bytes": size,
    }
    return Event(at, "edr", "network", "connection", "success", fields)


def touched(
    at: int, host: Host, account: Account | None, running: Process, action: str, path: str, sha256: str, size: int
) -> Event:
    """A file that a process opened, created, renamed or copied to a removable drive on a host."""
    fields: JsonObject = {
        **on_host(host),
        **_runs_as(account),
        **by_process(running),
        "file.path": path,
        "file.name": path.rsplit("\\", 1)[-1],
        "file.hash.sha256": sha256,
        "file.size": size,
    }
    return Event(at, "edr", "file", action, "success", fields)


def registry_set(at: int, host: Host, account: Account, running: Process, path: str) -> Event:
    """A registry value that a process wrote."""
    fields: JsonObject = {**on_host(host), **by_user(account), **by_process(running), "registry.path": path}
    return Event(at, "edr", "registry", "set_value", "success", fields)


def memory_read(at: int, host: Host, account: Account, running: Process, victim: str) -> Event:
    """A process that opened the memory of another one; `victim` is the other's executable."""
    fields: JsonObject = {
        **on_host(host),
        **by_user(account),
        **by_process(running),
        "process.command_line": running.command_line,
        "file.path": victim,
    }
    return Event(at, "edr", "process", "process_access", "success", fields)


def service_change(
    at: int, host: Host, account: Account, action: str, service: str, running: Process, src_ip: str
) -> Event:
    """A service installed, started or stopped; `running` is its program, `src_ip` where the order came from."""
    fields: JsonObject = {
        **on_host(host),
        **by_user(account),
        **by_process(running),
        "source.ip": src_ip,
        "service.name": service,
        "file.path": running.executable,
        "file.hash.sha256": running.sha256,
    }
    return Event(at, "edr", "configuration", action, "success", fields)


def agent_event(at: int, host: Host, action: str, running: Process) -> Event:
    """The endpoint agent stopped or started, and the program that did it."""
    fields: JsonObject = {**on_host(host), **by_process(running), "process.command_line": running.command_line}
    return Event(at, "edr", "agent", action, "success", fields)


def logon(at: int, host: Host, account: Account, kind: str, src_ip: str) -> Event:
    """A logon on a host as its agent saw it; kinds are interactive, network, service, remote and unlock."""
    fields: JsonObject = {
        **on_host(host),
        **by_user(account),
        "source.ip": src_ip,
        "logon.type": kind,
        "logon.id": f"0x{digest(host.name, account.name, size=3)}",
    }
    return Event(at, "edr", "authentication", "logon", "success", fields)


def ticket(at: int, controller: Host, account: Account, src_ip: str, service: str) -> Event:
    """A successful on-premises authentication, logged by a domain controller; `service` is what it was for."""
    fields: JsonObject = {**on_host(controller), **by_user(account), "source.ip": src_ip, "service.name": service}
    return Event(at, "dc-security", "authentication", "ticket_granted", "success", fields)


def ticket_refused(at: int, controller: Host, attempted: str, known: bool, src_ip: str) -> Event:
    """A failed on-premises authentication; `known` when the attempted name is an account."""
    fields: JsonObject = {**on_host(controller), "user.attempted_name": attempted, "source.ip": src_ip}
    if known:
        fields["user.target.name"] = attempted
    return Event(at, "dc-security", "authentication", "ticket_refused", "failure", fields)


def sign_in(
    at: int, gateway: Host, account: Account, address: Address, session: str, device: Device, *, mfa: bool, agent: str
) -> Event:
    """A successful cloud sign-in through a gateway."""
    fields: JsonObject = {
        **on_host(gateway),
        **by_user(account),
        "source.ip": address.ip,
        "source.country": address.country,
        "session.id": session,
        "device.id": device.id,
        "device.managed": device.managed,
        "user_agent": agent,
    }
    if mfa:
        fields["authentication.mfa"] = "satisfied"
    return Event(at, "idp", "authentication", "sign_in", "success", fields)


def sign_in_refused(at: int, gateway: Host, attempted: str, known: bool, address: Address, agent: str) -> Event:
    """A failed cloud sign-in; the directory resolves the name only when there is such an account."""
    fields: JsonObject = {
        **on_host(gateway),
        "user.attempted_name": attempted,
        "source.ip": address.ip,
        "source.country": address.country,
        "user_agent": agent,
    }
    if known:
        fields["user.target.name"] = attempted
    return Event(at, "idp", "authentication", "sign_in", "failure", fields)


def cloud_call(
    at: int,
    collector: Host,
    account: Account,
    address: Address,
    api: str,
    resource: str,
    *,
    key: str | None = None,
    cloud_account: str = "collaboration",
) -> Event:
    """A call on a cloud service, mailbox rules included; `collector` is the host the audit trail arrives through."""
    fields: JsonObject = {
        **on_host(collector),
        **by_user(account),
        "source.ip": address.ip,
        "source.country": address.country,
        "cloud.api": api,
        "cloud.account": cloud_account,
        "cloud.resource": resource,
    }
    if key is not None:
        fields["cloud.access_key"] = key
    return Event(at, "cloud-audit", "cloud", "api_call", "success", fields)


def mail(at: int, relay: Host, sender: str, recipient: str, subject: str, attachment: str | None = None) -> Event:
    """A mail through the relay; `attachment` is a sha256."""
    fields: JsonObject = {
        **on_host(relay),
        "email.sender": sender,
        "email.recipient": recipient,
        "email.subject": subject,
    }
    if attachment is not None:
        fields["email.attachment.sha256"] = attachment
    return Event(at, "mail", "email", "delivered", "success", fields)


def share_access(
    at: int, server: Host, account: Account, src_ip: str, share: str, name: str, action: str, size: int
) -> Event:
    """A file on a share opened, modified, renamed or deleted, logged by the file server."""
    fields: JsonObject = {
        **on_host(server),
        **by_user(account),
        "source.ip": src_ip,
        "file.share": share,
        "file.path": f"{share}\\{name}",
        "file.name": name.rsplit("\\", 1)[-1],
        "file.size": size,
    }
    return Event(at, "fileserver", "file", action, "success", fields)


def web_hit(at: int, server: Host, src_ip: str, method: str, path: str, status: int, size: int, agent: str) -> Event:
    """A request answered by one of our web servers."""
    fields: JsonObject = {
        **on_host(server),
        "source.ip": src_ip,
        "destination.ip": server.ip,
        "url.full": f"https://{server.name}.halden.example{path}",
        "http.method": method,
        "http.status": status,
        "network.bytes": size,
        "user_agent": agent,
    }
    return Event(at, "webserver", "web", "request", "success" if status < 400 else "failure", fields)


def signature(at: int, host: Host, src_ip: str, dst_ip: str, port: int, rule: tuple[str, str]) -> Event:
    """A hit of the network intrusion detection; `rule` is its id and name."""
    fields: JsonObject = {
        **on_host(host),
        "source.ip": src_ip,
        "destination.ip": dst_ip,
        "destination.port": port,
        "rule.id": rule[0],
        "rule.name": rule[1],
    }
    return Event(at, "ids", "intrusion_detection", "signature", "success", fields)


def scanned(at: int, host: Host, account: Account | None, action: str, found: JsonObject) -> Event:
    """A record of the antivirus on a host: an update, or a detection with the fields in `found`."""
    user: JsonObject = {} if account is None else by_user(account)
    fields: JsonObject = {**on_host(host), **user, "antivirus.action": action, **found}
    return Event(at, "antivirus", "malware" if found else "agent", action, "success", fields)


def logging_disabled(at: int, source: str, host: Host, account: Account, address: str, api: str) -> Event:
    """The audit record of somebody switching a log source off: the last thing that source says."""
    fields: JsonObject = {**on_host(host), **by_user(account), "source.ip": address, "cloud.api": api}
    return Event(at, source, "configuration", "logging_disabled", "success", fields)
