"""The bundled servers, in one table. Making them opens no file; each opens what it needs on its first call."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from knowledge.trust.errors import KeyFileError
from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import VerifyKey
from servers.antivirus import server as antivirus
from servers.antivirus.settings import AntivirusSettings
from servers.assets import server as assets
from servers.assets.settings import AssetsSettings
from servers.cloud import server as cloud
from servers.cloud.settings import CloudSettings
from servers.config import server as config
from servers.config.settings import ConfigSettings
from servers.dns import server as dns
from servers.dns.settings import DnsSettings
from servers.embedded import LabDoor
from servers.endpoint import server as endpoint
from servers.endpoint.settings import EndpointSettings
from servers.errors import ConfigurationError, ListError
from servers.firewall import server as firewall
from servers.firewall.settings import FirewallSettings
from servers.identity import server as identity
from servers.identity.settings import IdentitySettings
from servers.ids import server as ids
from servers.ids.settings import IdsSettings
from servers.intel import server as intel
from servers.intel.settings import IntelSettings
from servers.kb import server as kb
from servers.kit import Conditions, Gate, Protected, SecurityServer
from servers.kit.actions import ActionStore
from servers.kit.calls import CallLog
from servers.kit.machine import Machine, this_machine
from servers.mail import server as mail
from servers.mail.settings import MailSettings
from servers.malware import server as malware
from servers.malware.settings import MalwareSettings
from servers.mcpsoc import server as mcpsoc
from servers.notify import server as notify
from servers.notify.settings import NotifySettings
from servers.parts import Parts
from servers.reputation import server as reputation
from servers.reputation.settings import ReputationSettings
from servers.settings import Settings
from servers.siem import server as siem
from servers.siem.settings import SiemSettings
from servers.tickets import server as tickets
from servers.tickets.settings import TicketsSettings
from servers.unready import PRODUCT, unready
from servers.vulnerability import server as vulnerability
from servers.vulnerability.settings import VulnerabilitySettings

FACTORIES: dict[str, Callable[[Parts], SecurityServer]] = {
    "siem": lambda parts: siem.build_configured(parts, SiemSettings()),
    "firewall": lambda parts: firewall.build_configured(parts, FirewallSettings()),
    "endpoint": lambda parts: endpoint.build_configured(parts, EndpointSettings()),
    "identity": lambda parts: identity.build_configured(parts, IdentitySettings()),
    "intel": lambda parts: intel.build_configured(parts, IntelSettings()),
    "reputation": lambda parts: reputation.build(parts, ReputationSettings()),
    "assets": lambda parts: assets.build_configured(parts, AssetsSettings()),
    "kb": lambda parts: kb.build(parts.knowledge_home, parts.settings, parts.tenant, parts.conditions),
    "antivirus": lambda parts: antivirus.build(parts, AntivirusSettings()),
    "malware": lambda parts: malware.build(parts, MalwareSettings()),
    "mail": lambda parts: mail.build(parts, MailSettings()),
    "notify": lambda parts: notify.build(parts, NotifySettings()),
    "ids": lambda parts: ids.build(parts, IdsSettings()),
    "dns": lambda parts: dns.build(parts, DnsSettings()),
    "tickets": lambda parts: tickets.build(parts, TicketsSettings()),
    "config": lambda parts: config.build(parts, ConfigSettings()),
    "vulnerability": lambda parts: vulnerability.build(parts, VulnerabilitySettings()),
    "cloud": lambda parts: cloud.build(parts, CloudSettings()),
}
"""Every bundled server by name."""
ANALYST: Final = ("siem", "firewall", "endpoint", "identity", "intel", "assets", "kb")
"""The servers that the analyst itself is connected to, beside the one of our own cases."""


def server_names() -> tuple[str, ...]:
    """Names of the bundled servers."""
    return tuple(FACTORIES)


def bundled(
    lab_path: Path | None, knowledge_home: Path, settings: Settings, tenant: str = ""
) -> dict[str, SecurityServer]:
    """All bundled servers: over this lab or the site's products, and the knowledge base in this folder as that tenant
    may read it.

    Without a lab path this is a site: `assets` then answers from the site's register of authorised work, and a server
    without a configured product says on every call that there is nothing behind it. One whose own settings cannot be
    used says why on its health, and offers nothing else.

    Raises: ConfigurationError for settings of all that cannot be used: a grant key that is none, a tool nobody has."""
    parts = Parts(
        door=LabDoor(lab_path),
        knowledge_home=knowledge_home,
        settings=settings,
        conditions=conditions_of(settings, this_machine if lab_path is None else Machine),
        tenant=tenant,
        world="site" if lab_path is None else "lab",
    )
    servers = {name: _made(name, factory, parts) for name, factory in FACTORIES.items()}
    named = {tool for server in servers.values() for tool in server.known}
    idle = [name for name, server in servers.items() if server.product == PRODUCT]
    parts.conditions.check_names(named | set(mcpsoc.TOOLS), idle)
    return servers


def _made(name: str, factory: Callable[[Parts], SecurityServer], parts: Parts) -> SecurityServer:
    try:
        return factory(parts)
    except ListError:
        raise
    except (ConfigurationError, ValidationError) as problem:
        return unready(name, problem, parts.conditions)


def conditions_of(settings: Settings, machine: Callable[[], Machine] = this_machine) -> Conditions:
    """Under what servers with these settings run. `machine` tells what must stay reachable.

    Raises: ConfigurationError for a grant key that is none."""
    return Conditions(
        gate=_gate(settings),
        actions=ActionStore(settings.root / "actions.db"),
        read_only=settings.read_only,
        allow=frozenset(settings.tools_allow) or None,
        deny=frozenset(settings.tools_deny),
        calls=CallLog(settings.root / "calls"),
        timeout_s=settings.call_timeout_s,
        protected=Protected(
            addresses=settings.protected_addresses,
            accounts=settings.protected_accounts,
            hosts=settings.protected_hosts,
            domains=settings.protected_domains,
            machine=machine,
        ),
    )


def _gate(settings: Settings) -> Gate | None:
    """The gate before every change; None without a key, which leaves the servers read-only."""
    if settings.grant_key is None:
        return None
    try:
        key = VerifyKey.from_text(settings.grant_key)
    except KeyFileError as error:
        raise ConfigurationError(f"MCPSOC_GRANT_KEY: {error}") from error
    return Gate(key, settings.tenant, _Register(settings.root / "grants.db").opened)


class _Register:
    """Used grants, kept in a file so that none is accepted twice, by another process neither."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def opened(self) -> SpentNonces:
        """The register, opened on first need."""
        return self._nonces

    @cached_property
    def _nonces(self) -> SpentNonces:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return SpentNonces(self._path)
