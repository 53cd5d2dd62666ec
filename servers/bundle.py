"""The bundled servers, in one table. Making them opens no file; each opens what it needs on its first call."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from knowledge.trust.errors import KeyFileError
from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import VerifyKey
from servers.assets import server as assets
from servers.embedded import LabDoor
from servers.endpoint import server as endpoint
from servers.errors import ConfigurationError
from servers.firewall import server as firewall
from servers.identity import server as identity
from servers.intel import server as intel
from servers.kb import server as kb
from servers.kit import Gate, SecurityServer
from servers.settings import Settings
from servers.siem import server as siem


@dataclass(frozen=True)
class Parts:
    """What the factories are made from."""

    door: LabDoor
    knowledge_home: Path
    settings: Settings
    gate: Gate | None
    tenant: str


FACTORIES: dict[str, Callable[[Parts], SecurityServer]] = {
    "siem": lambda parts: siem.build(parts.door, parts.settings, parts.settings.call_timeout_s),
    "firewall": lambda parts: firewall.build(parts.door, parts.settings, parts.settings.call_timeout_s, parts.gate),
    "endpoint": lambda parts: endpoint.build(parts.door, parts.settings, parts.settings.call_timeout_s, parts.gate),
    "identity": lambda parts: identity.build(parts.door, parts.settings, parts.settings.call_timeout_s, parts.gate),
    "intel": lambda parts: intel.build(parts.door, parts.settings, parts.settings.call_timeout_s),
    "assets": lambda parts: _assets(parts),
    "kb": lambda parts: kb.build(parts.knowledge_home, parts.settings, parts.tenant),
}
"""Every bundled server by name."""


def server_names() -> tuple[str, ...]:
    """Names of the bundled servers."""
    return tuple(FACTORIES)


def bundled(
    lab_path: Path | None, knowledge_home: Path, settings: Settings, tenant: str = ""
) -> dict[str, SecurityServer]:
    """All bundled servers: six over this lab, and the knowledge base in this folder as that tenant may read it.

    Without a lab path this is a site: `assets` then answers from the site's register of authorised work, and the
    other five say on every call that there is nothing behind them.

    Raises: ConfigurationError for a grant key that is none."""
    parts = Parts(LabDoor(lab_path), knowledge_home, settings, _gate(settings), tenant)
    return {name: factory(parts) for name, factory in FACTORIES.items()}


def _assets(parts: Parts) -> SecurityServer:
    if parts.door.path is None:
        return assets.build_site(parts.settings.authorisations_path, parts.settings, parts.settings.call_timeout_s)
    return assets.build(parts.door, parts.settings, parts.settings.call_timeout_s)


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
