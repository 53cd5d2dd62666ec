"""The dns server: questions, domains seen from here, and sinkholes that lapse by themselves."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from servers.behind import server_over
from servers.dns.asking import Asking
from servers.dns.backend import DnsBackend
from servers.dns.changing import SinkholeChanges
from servers.dns.control import Control
from servers.dns.embedded import embedded
from servers.dns.querylog import SENSOR, UnboundLog
from servers.dns.reading import LogReads, Resolving, SinkholeReads
from servers.dns.settings import NEEDS, DnsSettings
from servers.dns.unbound import UnboundSinkholes, ZoneFile, version
from servers.kit import Protected, SecurityServer
from servers.kit.changes import Change, Read
from servers.kit.guards import Hit
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.parts import Parts

INSTRUCTIONS: Final = "Questions to the resolver, what a domain looks like from here, and sinkholes. "


def build(parts: Parts, settings: DnsSettings) -> SecurityServer:
    """The resolver that is configured, or the one of the lab."""
    backend = backend_of(parts, settings)
    return server_over(
        "dns",
        backend,
        reads=reads(backend),
        changes=changes(backend, parts.conditions.protected),
        instructions=INSTRUCTIONS + NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def backend_of(parts: Parts, settings: DnsSettings) -> DnsBackend:
    """What answers; nothing is opened by it."""
    if parts.backend(settings.backend) == "embedded":
        return embedded(parts.door)
    return _unbound(settings, parts.conditions.protected)


def reads(backend: DnsBackend) -> Sequence[Method | Read]:
    """The tools that look, as far as the product can serve them."""
    found: list[Method | Read] = []
    if backend.log is not None:
        log = LogReads(backend, backend.log)
        found += [log.dns_query_log, log.dns_summarise_queries, log.dns_profile_domain]
    if backend.sinkholes is not None:
        sinkholes = SinkholeReads(backend.sinkholes)
        found += [sinkholes.dns_list_sinkholes, sinkholes.dns_check_domain]
    if backend.resolve is not None:
        found.append(Read(Resolving(backend.resolve).dns_resolve, open_world=True))
    return found


def changes(backend: DnsBackend, protected: Protected) -> Sequence[Change]:
    """The tools that change, as far as the product can serve them."""
    if backend.sinkholes is None:
        return ()

    def guards(domain: str) -> tuple[Hit, ...]:
        return (*protected.domain(domain), *Protected(domains=tuple(backend.own_domains())).domain(domain))

    return SinkholeChanges(backend.sinkholes, backend.log, backend.now, guards).declared()


def _unbound(settings: DnsSettings, protected: Protected) -> DnsBackend:
    control = Control(settings.control_socket)
    asking = Asking(str(settings.resolver), settings.port)
    quiet = timedelta(minutes=settings.quiet_minutes)
    log = None if settings.log is None else UnboundLog(settings.log, wall_clock, quiet)
    file = settings.sinkhole_file
    own = (*settings.own_domains, *protected.domains)

    def probe() -> str:
        held = "" if log is None else f"; {len(log.held().rows)} lines of its log held"
        return version(control) + held

    return DnsBackend(
        product=f"unbound at {settings.control_socket}",
        probe=probe,
        sensor=SENSOR,
        now=wall_clock,
        log=log,
        sinkholes=None if file is None else UnboundSinkholes(control, ZoneFile(file), asking),
        own_domains=lambda: own,
        resolve=asking.recursive if settings.resolve else None,
    )
