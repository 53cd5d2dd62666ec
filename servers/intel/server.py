"""The intel server. Unknown is not clean: an indicator no feed has seen is `no_data`."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from servers.embedded import lab_server
from servers.intel.changing import StixChanges
from servers.intel.embedded import Intel
from servers.intel.feeds import store_path
from servers.intel.known import KnownLists
from servers.intel.misp.client import Misp, MispReads, MispSightings
from servers.intel.reading import StixReads
from servers.intel.settings import NEEDS, IntelSettings
from servers.intel.stix import StixStore
from servers.kit import Change, Read, SecurityServer, build_server
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.lists import Lists
from servers.parts import Parts

INSTRUCTIONS: Final = "What feeds and lists say of indicators. Unknown is not clean. "


def build(parts: Parts, settings: IntelSettings) -> SecurityServer:
    """The product of these settings, or the lab.

    Raises: ConfigurationError when the product lacks a setting it needs."""
    chosen = parts.backend(settings.backend)
    if chosen == "embedded":
        return _embedded(parts, settings)
    return _stix(parts, settings) if chosen == "stix" else _misp(parts, settings)


def _embedded(parts: Parts, settings: IntelSettings) -> SecurityServer:
    intel = Intel(parts.door)
    return lab_server(
        "intel",
        parts.door,
        reads=[intel.intel_lookup, intel.intel_check_known],
        settings=settings,
        conditions=parts.conditions,
    )


def _stix(parts: Parts, settings: IntelSettings) -> SecurityServer:
    path = store_path(settings, parts.settings.root)
    store = StixStore(path)
    reads = StixReads(store, wall_clock, timedelta(hours=settings.stale_hours))
    looks: list[Method | Read] = [
        reads.intel_lookup,
        reads.intel_lookup_many,
        reads.intel_get_actor,
        reads.intel_related,
        reads.intel_list_feeds,
    ]
    if settings.known_lists:
        looks.append(KnownLists(Lists(settings.known_lists, "MCPSOC_INTEL_KNOWN_LISTS")).intel_check_known)
    changes = StixChanges(reads, parts.conditions.protected).declared()
    return _real(parts, settings, f"stix in {path}", reads.probe, looks, changes)


def _misp(parts: Parts, settings: IntelSettings) -> SecurityServer:
    misp = Misp.of(settings)
    reads = MispReads(misp)
    looks: list[Method | Read] = [reads.intel_lookup, reads.intel_lookup_many, reads.intel_check_known]
    return _real(parts, settings, f"misp at {settings.misp_url}", misp.probe, looks, MispSightings(misp).declared())


def _real(
    parts: Parts,
    settings: IntelSettings,
    product: str,
    probe: Callable[[], str],
    reads: Sequence[Method | Read],
    changes: Sequence[Change],
) -> SecurityServer:
    return build_server(
        "intel",
        reads=reads,
        changes=changes,
        backend="real",
        synthetic=False,
        probe=probe,
        product=product,
        instructions=INSTRUCTIONS + NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )
