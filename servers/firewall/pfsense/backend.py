"""A pfSense box as the firewall server's backend."""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from servers.errors import ConfigurationError
from servers.firewall.backend import FirewallBackend, Rule
from servers.firewall.pfsense import answers
from servers.firewall.pfsense.blocks import BoxBlocks
from servers.firewall.pfsense.client import PfSense
from servers.firewall.pfsense.flows import BoxFlows
from servers.firewall.pfsense.own import OwnAddresses
from servers.firewall.pfsense.settings import NEEDS, PfSenseSettings
from servers.firewall.pfsense.states import BoxStates
from servers.kit.http import Http
from servers.kit.server import wall_clock

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one answer: a page of the log is a tenth of it."""


def pfsense(settings: PfSenseSettings) -> FirewallBackend:
    """The box of these settings. Nothing is asked before the first call.

    Raises: ConfigurationError when they name no box or hold no key."""
    return over(connected(settings))


def over(box: PfSense, now: Callable[[], datetime] = wall_clock) -> FirewallBackend:
    """A box, with everything that the firewall server can ask of it."""
    states, own = BoxStates(box), OwnAddresses(box)
    blocks = BoxBlocks(box, states, own, now)
    return FirewallBackend(
        product=f"pfSense at {box.settings.url}",
        probe=lambda: _probe(box),
        blocks=blocks,
        flows=BoxFlows(box, now),
        states=states,
        rules=BoxRules(box),
        needs=NEEDS,
        own=own.hits,
        lapse=blocks.lapse,
        secrets=() if box.settings.api_key is None else (box.settings.api_key,),
    )


def connected(settings: PfSenseSettings) -> PfSense:
    """A client for the box of these settings.

    Raises: ConfigurationError when they name no box or hold no key."""
    if not settings.url or settings.api_key is None:
        raise ConfigurationError("pfSense needs MCPSOC_PFSENSE_URL and MCPSOC_PFSENSE_API_KEY (or ..._API_KEY_FILE)")
    rest = Http(
        settings.url,
        product="pfSense",
        setting="MCPSOC_PFSENSE_URL",
        headers={"X-API-Key": settings.api_key},
        ca_file=settings.ca_file,
        timeout_s=settings.timeout_s,
        most_bytes=MOST_BYTES,
    )
    box = PfSense(rest, settings)
    weakref.finalize(box, rest.close)
    return box


@dataclass(frozen=True, slots=True)
class BoxRules:
    """The filter rules of one box; `servers.firewall.backend.RuleList`."""

    box: PfSense

    def rules(self) -> Sequence[Rule]:
        """All rules, in the box's order."""
        return [_rule(each) for each in self.box.rules()]


def _rule(each: answers.Rule) -> Rule:
    source = " port ".join(part for part in (each.source or "any", each.source_port) if part)
    destination = " port ".join(part for part in (each.destination or "any", each.destination_port) if part)
    words = (each.direction, each.ipprotocol, each.protocol, f"from {source} to {destination}", each.descr)
    faces = ",".join(each.interface or ())
    return Rule(
        place=f"floating {faces}".strip() if each.floating else faces,
        action=each.type,
        text=" ".join(word for word in words if word),
        enabled=not each.disabled,
    )


def _probe(box: PfSense) -> str:
    """Versions, and how many gateways are up: names of the box are left out, whoever configured it wrote them."""
    gateways = box.gateways()
    up = sum((each.status or "").lower() in ("online", "none") for each in gateways)
    return f"pfSense {box.version()}, REST API {box.api_version()}, {up} of {len(gateways)} gateways up"
