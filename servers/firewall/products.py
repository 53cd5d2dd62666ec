"""The products an operator can configure, in one table. Nothing is asked of a product before the first call."""

from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Final

from servers.errors import ConfigurationError
from servers.firewall.backend import FirewallBackend, Network
from servers.firewall.settings import NEEDS, FirewallSettings, Product
from servers.kit.guards import Hit, Protected


def behind(settings: FirewallSettings, product: Product) -> FirewallBackend:
    """The product of these settings. Raises: ConfigurationError when a setting it needs is missing."""
    return PRODUCTS[product](settings)


def _nftables(settings: FirewallSettings) -> FirewallBackend:
    from servers.firewall.nftables.blocks import NftBlocks
    from servers.firewall.nftables.own import machine_of
    from servers.firewall.nftables.rules import NftRules
    from servers.firewall.nftables.states import Conntrack
    from servers.nft import Nft, Space

    space = Space(settings.netns, settings.timeout_s)
    nft = Nft(space, _found(settings.nft))
    blocks = NftBlocks(nft)
    there = Protected(machine=lambda: machine_of(space))

    def own(network: Network) -> tuple[Hit, ...]:
        return there.address(str(network))

    return FirewallBackend(
        product="nftables" if settings.netns is None else f"nftables in {settings.netns}",
        probe=blocks.probe,
        blocks=blocks,
        states=Conntrack(space, _found(settings.conntrack)),
        rules=NftRules(nft),
        needs=NEEDS["nftables"],
        own=own,
    )


def _crowdsec(settings: FirewallSettings) -> FirewallBackend:
    from servers.firewall.crowdsec import CrowdSec, CrowdSecDoor

    if settings.bouncer_key is None or settings.machine_password is None:
        raise ConfigurationError("CrowdSec needs MCPSOC_FIREWALL_BOUNCER_KEY and MCPSOC_FIREWALL_MACHINE_PASSWORD")
    door = CrowdSecDoor(
        settings.url,
        settings.bouncer_key,
        settings.machine,
        settings.machine_password,
        ca_file=settings.ca_file,
        timeout_s=settings.timeout_s,
    )
    blocks = CrowdSec(door)
    return FirewallBackend(f"CrowdSec at {settings.url}", blocks.probe, blocks, needs=NEEDS["crowdsec"])


def _fail2ban(settings: FirewallSettings) -> FirewallBackend:
    from servers.firewall.fail2ban import Fail2Ban

    blocks = Fail2Ban(settings.socket, settings.jail, _found(settings.fail2ban_client), settings.timeout_s)
    product = f"fail2ban at {settings.socket}, jail {settings.jail}"
    return FirewallBackend(product, blocks.probe, blocks, needs=NEEDS["fail2ban"], lapse=blocks.lapse)


def _pfsense(settings: FirewallSettings) -> FirewallBackend:
    from servers.firewall.pfsense.backend import pfsense
    from servers.firewall.pfsense.settings import PfSenseSettings

    return pfsense(PfSenseSettings())


PRODUCTS: Final[dict[Product, Callable[[FirewallSettings], FirewallBackend]]] = {
    "nftables": _nftables,
    "crowdsec": _crowdsec,
    "fail2ban": _fail2ban,
    "pfsense": _pfsense,
}

_ADMIN: Final = ("/usr/sbin", "/sbin", "/usr/local/sbin")
"""Where these programs lie; a person's PATH often lacks them."""


def _found(program: str) -> str:
    """The path of a program, or its name where it is not found: the first call then says so."""
    path = which(program) or next((str(Path(at) / program) for at in _ADMIN if (Path(at) / program).is_file()), None)
    return path or program
