"""The reputation server: reads only, and nothing private leaves. Unknown is not clean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic.networks import IPvAnyAddress

from servers.domains import Domain
from servers.embedded import lab_server
from servers.errors import ConfigurationError, ToolError
from servers.kit import Problem, Read, Reply, SecurityServer, build_server
from servers.kit.envelope import iso
from servers.kit.http import Http
from servers.kit.inert import one_line
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.observables import HASHES, Observable, observable
from servers.parts import Parts
from servers.reputation.embedded import LabSource
from servers.reputation.files import ListSource, list_sources
from servers.reputation.models import Quota, Quotas, Reputation, SourceSaid
from servers.reputation.online import Service, abuseipdb, virustotal
from servers.reputation.privacy import Privacy, bare
from servers.reputation.quota import Allowance
from servers.reputation.settings import NEEDS, ReputationSettings
from servers.reputation.sources import Source, asked

INSTRUCTIONS: Final = "What lists and services think of a value, each with its own numbers. Unknown is not clean. "
UNTESTED: Final = "not tested against the live service"
Url = Annotated[str, Field(min_length=4, max_length=2_048)]
Hash = Annotated[str, Field(pattern="^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]


@dataclass(frozen=True, slots=True)
class Checks:
    """Tools over the sources."""

    sources: Sequence[Source]

    def reputation_check_address(self, address: IPvAnyAddress) -> Reply[Reputation]:
        """What lists and services think of an address; private and own ones never leave. Unknown is not clean."""
        return self._check(observable(str(address)))

    def reputation_check_domain(self, domain: Domain) -> Reply[Reputation]:
        """What lists and services think of a domain; own and internal ones never leave. Unknown is not clean."""
        found = observable(domain)
        if found.kind != "domain":
            raise ToolError("invalid_argument", "this is no domain name", "two labels at least, such as a.example")
        return self._check(found)

    def reputation_check_url(self, url: Url) -> Reply[Reputation]:
        """What lists and services think of a URL; its query and credentials never leave. Unknown is not clean."""
        found = observable(url)
        if found.kind != "url":
            raise ToolError("invalid_argument", "this is no URL", "a whole one, such as https://a.example/b")
        return self._check(bare(found))

    def reputation_check_hash(self, digest: Hash) -> Reply[Reputation]:
        """What lists and services think of a file by its MD5, SHA-1 or SHA-256. Unknown is not clean."""
        return self._check(Observable(HASHES[len(digest)], digest.lower()))

    def _check(self, wanted: Observable) -> Reply[Reputation]:
        data = asked(self.sources, wanted)
        answered = sum(each.state == "answered" for each in data.sources)
        text = f"{data.verdict}: {answered} of {len(data.sources)} sources know it"
        return Reply(data, text, stale=_stale(data.sources), empty=not answered)


@dataclass(frozen=True, slots=True)
class Counting:
    """The tool over the services' quotas."""

    services: Sequence[Service]

    def reputation_quota(self) -> Reply[Quotas]:
        """How many calls today are left at each outside service."""
        rows = [_quota(service.allowance) for service in self.services]
        return Reply(Quotas(services=rows), f"{sum(row.left for row in rows)} calls left at {len(rows)} services")


def build(parts: Parts, settings: ReputationSettings) -> SecurityServer:
    """The sources of these settings, or the lab's.

    Raises: ConfigurationError when a backend is chosen and nothing is set for it."""
    chosen = parts.backend(settings.backend)
    if chosen == "embedded":
        reads = _reads(Checks([LabSource(parts.door)]), ())
        return lab_server(
            "reputation",
            parts.door,
            reads=reads,
            instructions=INSTRUCTIONS + NEEDS,
            settings=parts.settings,
            conditions=parts.conditions,
        )
    lists = list_sources(settings.bad_lists, settings.known_lists, settings.bad_list_days)
    services = services_of(parts, settings) if chosen == "online" else ()
    if chosen == "files" and not lists:
        raise ConfigurationError("reputation: set MCPSOC_REPUTATION_BAD_LISTS or MCPSOC_REPUTATION_KNOWN_LISTS")
    if chosen == "online" and not services:
        raise ConfigurationError("reputation: online needs MCPSOC_REPUTATION_VIRUSTOTAL_KEY or _ABUSEIPDB_KEY")
    return build_server(
        "reputation",
        reads=_reads(Checks([*lists, *services]), services),
        backend="real",
        synthetic=False,
        probe=_probe(lists, services),
        product=chosen,
        instructions=INSTRUCTIONS + NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def services_of(
    parts: Parts, settings: ReputationSettings, now: Callable[[], datetime] = wall_clock
) -> Sequence[Service]:
    """The services that a key is set for; nothing is asked."""
    protected = parts.conditions.protected
    privacy = Privacy(protected, settings.own_domains, settings.own_addresses)
    path = settings.quota_file or parts.settings.root / "reputation.db"
    found: list[Service] = []
    if settings.virustotal_key.get_secret_value():
        http = _http(settings.virustotal_url, "VirusTotal", "x-apikey", settings.virustotal_key, settings.ca_file)
        found.append(virustotal(http, privacy, Allowance(path, "virustotal", settings.virustotal_per_day, now)))
    if settings.abuseipdb_key.get_secret_value():
        http = _http(settings.abuseipdb_url, "AbuseIPDB", "Key", settings.abuseipdb_key, settings.ca_file)
        found.append(abuseipdb(http, privacy, Allowance(path, "abuseipdb", settings.abuseipdb_per_day, now)))
    return found


def _stale(said: Sequence[SourceSaid]) -> Problem | None:
    """Which sources could not say what is so now."""
    failed = sum(each.state == "failed" for each in said)
    old = [f"{one_line(each.source, 80)} is {each.why}" for each in said if each.stale]
    if not failed and not old:
        return None
    told = [f"{failed} of {len(said)} sources failed"] if failed else []
    hint = "see why beside each source; what is missing proves nothing"
    renew = "fetch the list anew, or see MCPSOC_REPUTATION_BAD_LIST_DAYS"
    return Problem("incomplete" if failed else "old_data", "; ".join([*told, *old[:5]]), hint if failed else renew)


def _http(url: str, product: str, header: str, key: SecretStr, ca_file: Path | None) -> Http:
    """A client that never asks twice: each call counts."""
    setting = f"MCPSOC_REPUTATION_{product.upper()}_URL"
    return Http(url, product=product, setting=setting, headers={header: key}, ca_file=ca_file, retries=0)


def _reads(checks: Checks, services: Sequence[Service]) -> Sequence[Method | Read]:
    wide = bool(services)
    tools: list[Method | Read] = [
        Read(tool, open_world=wide)
        for tool in (
            checks.reputation_check_address,
            checks.reputation_check_domain,
            checks.reputation_check_url,
            checks.reputation_check_hash,
        )
    ]
    return [*tools, Counting(services).reputation_quota] if services else tools


def _probe(lists: Sequence[ListSource], services: Sequence[Service]) -> Callable[[], str]:
    """Lists are read; services are not asked, since a call costs one of the day's."""

    def probe() -> str:
        held = [source.file.values() for source in lists]
        oldest = f", oldest of {iso(min(at for _, at in held))}" if held else ""
        skipped = sum(values.skipped for values, _ in held)
        broken = f" and {skipped} lines that name no value" if skipped else ""
        text = f"{len(held)} lists with {sum(values.count for values, _ in held)} values{broken}{oldest}"
        told = [f"{each.name} ({UNTESTED}): {_quota(each.allowance).left} calls left today" for each in services]
        return "; ".join([text, *told])

    return probe


def _quota(allowance: Allowance) -> Quota:
    used, until = allowance.state()
    return Quota(
        source=allowance.service,
        per_day=allowance.per_day,
        used_today=used,
        left=max(0, allowance.per_day - used),
        blocked_until=None if until is None else iso(until),
    )
