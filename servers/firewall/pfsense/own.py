"""Addresses that must never be blocked on a box, as the box itself tells: its own, its gateways, its name servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from servers.errors import ToolError
from servers.firewall.backend import Network
from servers.firewall.pfsense.client import PfSense
from servers.kit.guards import Hit


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """Asked afresh each time: an interface may have got another address since."""

    box: PfSense

    def hits(self, network: Network) -> tuple[Hit, ...]:
        """What forbids blocking `network`. Raises: ToolError when the box does not tell: then nothing is known."""
        return tuple(Hit(guard, f"{what} lies in it") for guard, what, text in self._known() if _lies_in(text, network))

    def refuse(self, network: Network) -> None:
        """Raises: ToolError when the box needs an address of `network`."""
        if hits := self.hits(network):
            raise ToolError("protected_target", f"{hits[0].guard}: {hits[0].why}", "no grant opens this")

    def _known(self) -> Iterator[tuple[str, str, str | None]]:
        for face in self.box.interfaces():
            for own in (face.ipaddr, face.ipaddrv6, face.linklocal):
                yield "own_address", "an address of the firewall itself", own
            for hop in (face.gateway, face.gatewayv6):
                yield "gateway", "a gateway of the firewall", hop
        for gateway in self.box.gateways():
            yield "own_address", "an address of the firewall itself", gateway.srcip
            yield "gateway", "an address by which the firewall watches a gateway", gateway.monitorip
        for server in self.box.name_servers():
            yield "name_server", "a name server of the firewall", server


def _lies_in(text: str | None, network: Network) -> bool:
    """Whether an address as the box writes it lies in `network`; what is no address does not."""
    try:
        address = ip_address((text or "").split("%")[0].split("/")[0])
    except ValueError:
        return False
    return address.version == network.version and address in network
