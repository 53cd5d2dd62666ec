"""The bundled servers, in one table. Making them opens no file; each opens what it needs on its first call."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from knowledge.trust.errors import KeyFileError
from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import VerifyKey
from servers.embedded import LabDoor
from servers.errors import ConfigurationError, ListError
from servers.kit import Conditions, Gate, Protected, SecurityServer
from servers.kit.actions import ActionStore
from servers.kit.calls import CallLog
from servers.kit.machine import Machine, this_machine
from servers.kit.settings import BackendSettings
from servers.mcpsoc import server as mcpsoc
from servers.parts import Parts, World
from servers.settings import Settings
from servers.unready import PRODUCT, unready

SETTINGS: Final[Mapping[str, str]] = {
    "siem": "SiemSettings",
    "firewall": "FirewallSettings",
    "endpoint": "EndpointSettings",
    "identity": "IdentitySettings",
    "intel": "IntelSettings",
    "reputation": "ReputationSettings",
    "assets": "AssetsSettings",
    "antivirus": "AntivirusSettings",
    "malware": "MalwareSettings",
    "mail": "MailSettings",
    "notify": "NotifySettings",
    "ids": "IdsSettings",
    "dns": "DnsSettings",
    "tickets": "TicketsSettings",
    "config": "ConfigSettings",
    "vulnerability": "VulnerabilitySettings",
    "cloud": "CloudSettings",
}
"""Server to the class of its settings; the knowledge base has none."""


def _settings(name: str) -> BackendSettings:
    """What is configured for a server. Raises: ConfigurationError, ValidationError for what cannot be used."""
    made: BackendSettings = getattr(import_module(f"servers.{name}.settings"), SETTINGS[name])()
    return made


def _configured(name: str) -> Callable[[Parts], SecurityServer]:
    """A factory that imports its server when it is used: who asks seven servers does not wait for nineteen."""

    def factory(parts: Parts) -> SecurityServer:
        made: SecurityServer = import_module(f"servers.{name}.server").build(parts, _settings(name))
        return made

    return factory


def _kb(parts: Parts) -> SecurityServer:
    from servers.kb import server as kb

    return kb.build(parts)


FACTORIES: Final[Mapping[str, Callable[[Parts], SecurityServer]]] = {
    **{name: _configured(name) for name in SETTINGS},
    "kb": _kb,
}
"""Every bundled server by name."""
ANALYST: Final = ("siem", "firewall", "endpoint", "identity", "intel", "assets", "kb")
"""The servers that the analyst itself is always connected to, beside the one of our own cases."""


def analysts_servers(world: World) -> tuple[str, ...]:
    """The servers that the analyst is connected to: at a site also those that a product is configured for, or that
    somebody tried to configure. In the lab the others tell nothing that these do not."""
    further = () if world == "lab" else (name for name in SETTINGS if name not in ANALYST and _has_product(name))
    return (*ANALYST, *further)


def _has_product(name: str) -> bool:
    try:
        return _settings(name).configured
    except (ConfigurationError, ValidationError):
        return True


def server_names() -> tuple[str, ...]:
    """Names of the bundled servers."""
    return tuple(FACTORIES)


def bundled(
    lab_path: Path | None,
    knowledge_home: Path,
    settings: Settings,
    tenant: str = "",
    names: Collection[str] = tuple(FACTORIES),
) -> dict[str, SecurityServer]:
    """The bundled servers of these names: over this lab or the site's products, and the knowledge base in this folder
    as that tenant may read it.

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
    listed = bool(settings.tools_allow or settings.tools_deny)
    made = {name: _made(name, FACTORIES[name], parts) for name in FACTORIES if listed or name in names}
    if listed:
        _check_lists(made, parts.conditions)
    return {name: server for name, server in made.items() if name in names}


def _check_lists(servers: Mapping[str, SecurityServer], conditions: Conditions) -> None:
    """Raises: ConfigurationError for a tool to allow or deny that no bundled server has."""
    named = {tool for server in servers.values() for tool in server.known}
    idle = [name for name, server in servers.items() if server.product == PRODUCT]
    conditions.check_names(named | set(mcpsoc.TOOLS), idle)


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
