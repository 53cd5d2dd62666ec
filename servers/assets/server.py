"""The assets server: reads only, written by the operator but for the neighbours, which the firewall saw.

Over the lab it has an inventory and a register. On a site it has the site's register of authorised work alone; the
tools stay the same, so that what was accepted of them holds for both, and say what is not there.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import TypeAlias

from servers.assets.changing import ScanChanges, TagChanges
from servers.assets.files import files_of
from servers.assets.models import (
    Asset,
    Install,
    Installs,
    Neighbour,
    Neighbours,
    OneAsset,
    Weakness,
    Weaknesses,
    Work,
    WorkList,
)
from servers.assets.names import same_account, same_address, same_host, same_technique
from servers.assets.register import AuthorisedWork, Technique, read_register
from servers.assets.scanner import Scanner
from servers.assets.settings import NEEDS, AssetsSettings
from servers.assets.site import InventoryReads, ScanReads, probed
from servers.embedded import LabDoor, Name, asked, blind_spot, host_of, lab_server
from servers.errors import RefusedError, RegisterError
from servers.kit import (
    Change,
    Cursor,
    Limit,
    NotFoundError,
    Reply,
    SecurityServer,
    Time,
    ToolError,
    build_server,
    paged,
)
from servers.kit.envelope import iso
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.lab.queries import entities
from servers.lab.records import Host
from servers.lab.records import Work as Entry
from servers.parts import Parts

OURS = frozenset({"own_nat", "vpn_egress", "partner", "scanner"})
"""Meanings of addresses that the operator answers for; hosting and residential ones are nobody's asset."""
Register: TypeAlias = Callable[[datetime], Sequence[Work]]
"""The entries whose window comes within a day of a time, by the start of their windows."""
_AROUND_HOURS = 24
_AROUND = timedelta(hours=_AROUND_HOURS)


@dataclass(frozen=True, slots=True)
class Touched:
    """What an entry has to name one of; with nothing given, every entry will do."""

    host: str | None = None
    account: str | None = None
    address: str | None = None
    technique: str | None = None

    def by(self, entry: Work) -> bool:
        """Whether the entry names any of these."""
        pairs = (
            (self.host, entry.hosts, same_host),
            (self.account, entry.accounts, same_account),
            (self.address, entry.source_addresses, same_address),
            (self.technique, entry.techniques, same_technique),
        )
        given = [(wanted, names, same) for wanted, names, same in pairs if wanted is not None]
        return not given or any(same(name, wanted) for wanted, names, same in given for name in names)


class Assets:
    """Tools over the inventory of the lab, where there is one, and over a register of authorised work."""

    def __init__(self, register: Register, inventory: LabDoor | None) -> None:
        self._register = register
        self._inventory = inventory

    @property
    def _door(self) -> LabDoor:
        """The inventory. Raises: RefusedError when there is none."""
        if self._inventory is None:
            raise RefusedError(
                "no product is connected (MCPSOC_ASSETS_BACKEND)",
                "assets_list_authorised_work answers here; set MCPSOC_ASSETS_BACKEND=files and MCPSOC_ASSETS_INVENTORY",
                code="no_product",
            )
        return self._inventory

    def assets_resolve(self, identifier: Name, at: Time | None = None) -> Reply[OneAsset]:
        """What a host name, id, MAC or address was at a time: kind, zone, owner, department, criticality.

        no_data: neither a host nor an address of ours."""
        db = self._door.db
        host = entities.get_host(db, identifier)
        asset = _address(db, identifier) if host is None else _host(db, host)
        if asset is None:
            raise NotFoundError("neither a host nor an address of ours", "intel_lookup tells whose an address is")
        return Reply(OneAsset(asset=asset), f"1 asset, {asset.kind}")

    def assets_list_authorised_work(
        self,
        at: Time,
        host: Name | None = None,
        account: Name | None = None,
        address: Name | None = None,
        technique: Technique | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[WorkList]:
        """Changes, scans, penetration tests and travel within 24 h of `at` that name ANY of the things given.

        An entry authorises only when account, host, source, technique and window all fit and it is not revoked."""
        touched = Touched(self._host_name(host), account, address, technique)
        page = paged([entry for entry in self._register(at) if touched.by(entry)], limit, cursor)
        return page.reply(
            WorkList(work=list(page.rows)),
            f"{page.total} register entries touch this",
            query=asked(asdict(touched), at - _AROUND, at + _AROUND),
        )

    def _host_name(self, host: str | None) -> str | None:
        """The inventory's name of a host; without an inventory, or for a host it does not have, the name as given."""
        if host is None or self._inventory is None:
            return host
        known = entities.get_host(self._inventory.db, host)
        return host if known is None else known.name

    def assets_neighbours(
        self, host: Name, start: Time | None = None, end: Time | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Neighbours]:
        """Inventory hosts this one exchanged flows with in a window (default: the last 24 h), most flows first."""
        db = self._door.db
        name, until = host_of(db, host).name, end or self._door.now()
        since = start or until - timedelta(hours=24)
        page = paged(entities.neighbours(db, name, since, until, limit=_ALL), limit, cursor)
        return page.reply(
            Neighbours(neighbours=[Neighbour(name=other, flows=flows) for other, flows in page.rows]),
            f"{page.total} neighbours",
            sensor="firewall",
            query=asked({"host": name}, since, until),
            stale=blind_spot(db, ["firewall"], None, since, until),
        )

    def assets_list_software(self, host: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Installs]:
        """Products installed on a host."""
        page = paged(entities.list_software(self._door.db, host_of(self._door.db, host).name), limit, cursor)
        rows = [Install(name=row.name, version=row.version, publisher=row.publisher) for row in page.rows]
        text = f"{page.total} products"
        return page.reply(Installs(software=rows), text)

    def assets_list_vulnerabilities(self, host: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Weaknesses]:
        """Open vulnerabilities of a host, highest CVSS first; known_exploited: attackers are known to use it."""
        page = paged(entities.list_vulnerabilities(self._door.db, host_of(self._door.db, host).name), limit, cursor)
        rows = [Weakness.of(row) for row in page.rows]
        text = f"{page.total} vulnerabilities"
        return page.reply(Weaknesses(vulnerabilities=rows), text)


def build(parts: Parts, settings: AssetsSettings) -> SecurityServer:
    """The lab's inventory; at a site the one of these settings, or where there is none the register alone.

    Raises: ConfigurationError when a setting is missing."""
    if parts.world == "lab":
        return _embedded(parts, settings)
    if settings.backend is None:
        return _register_alone(parts, settings)
    return _files(parts, settings)


def _embedded(parts: Parts, settings: AssetsSettings) -> SecurityServer:
    def register(at: datetime) -> list[Work]:
        return [_work(entry) for entry in entities.list_work(parts.door.db, at=at, hours=_AROUND_HOURS)]

    return lab_server(
        "assets",
        parts.door,
        reads=_reads(Assets(register, parts.door)),
        settings=settings,
        conditions=parts.conditions,
    )


def _register_alone(parts: Parts, settings: AssetsSettings) -> SecurityServer:
    """The site's register of authorised work, read anew on every call; no inventory."""
    path = parts.settings.authorisations_path

    def probe() -> str:
        return f"the site's register of authorised work, {len(_entries(path))} entries; no inventory is connected"

    return build_server(
        "assets",
        reads=_reads(Assets(_register_of(path), None)),
        backend="real",
        synthetic=False,
        probe=probe,
        settings=settings,
        conditions=parts.conditions,
    )


def _files(parts: Parts, settings: AssetsSettings) -> SecurityServer:
    """The site's inventory and scans, and its register of authorised work."""
    files = files_of(settings.inventory, settings.scans, parts.settings.root / "asset-tags.json")
    register = _register_of(parts.settings.authorisations_path)
    inventory = InventoryReads(files, wall_clock)
    reads: list[Method] = [inventory.assets_resolve, Assets(register, None).assets_list_authorised_work]
    reads += [inventory.assets_search, inventory.assets_summarise]
    changes: list[Change] = [*TagChanges(files, parts.conditions.protected, wall_clock).declared()]
    if files.scans is not None:
        scans = ScanReads(files, files.scans, wall_clock)
        reads += [scans.assets_list_services, scans.assets_list_unknown]
        if settings.scan_networks:
            changes += ScanChanges(files, Scanner(settings, files.scans)).declared()
    return build_server(
        "assets",
        reads=reads,
        changes=changes,
        backend="real",
        synthetic=False,
        probe=probed(files),
        product="inventory in files",
        instructions=f"Inventory in files. Least privilege: {NEEDS['files']}",
        settings=settings,
        conditions=parts.conditions,
    )


def _register_of(path: Path) -> Register:
    """The entries of the site's register around a time, read anew on every call."""

    def register(at: datetime) -> list[Work]:
        since, until = at - _AROUND, at + _AROUND
        entries = [entry for entry in _entries(path) if entry.window_end >= since and entry.window_start <= until]
        return [_work(entry) for entry in sorted(entries, key=lambda entry: (entry.window_start, entry.id))]

    return register


def _reads(assets: Assets) -> list[Method]:
    return [
        assets.assets_resolve,
        assets.assets_list_authorised_work,
        assets.assets_neighbours,
        assets.assets_list_software,
        assets.assets_list_vulnerabilities,
    ]


def _entries(path: Path) -> tuple[AuthorisedWork, ...]:
    try:
        return read_register(path)
    except RegisterError as error:
        message = f"{error}; mend it in MCPSOC_HOME or bring it back from a backup"
        remedy = "until then nothing counts as authorised; mcpsoc doctor says where it lies"
        raise ToolError("register_broken", message, remedy) from error


_ALL = 10_000


def _host(db: Connection, host: Host) -> Asset:
    zone = next((zone for zone in entities.list_zones(db) if zone.name == host.zone), None)
    person = None if host.owner is None else entities.get_person(db, host.owner)
    return Asset(
        id=host.id,
        name=host.name,
        ip=host.ip,
        kind=host.kind,
        zone=host.zone,
        owner=host.owner if person is None else person.name,
        department=host.department,
        criticality=host.criticality,
        os=host.os,
        mac=host.mac,
        internet_facing=None if zone is None else zone.internet_facing,
    )


def _address(db: Connection, identifier: str) -> Asset | None:
    row = entities.get_address(db, identifier)
    if row is None or row.meaning not in OURS:
        return None
    return Asset(id=row.ip, name=row.owner, ip=row.ip, kind=row.meaning, zone="external", owner=row.owner)


def _work(entry: Entry | AuthorisedWork) -> Work:
    return Work(
        id=entry.id,
        kind=entry.kind,
        title=entry.title,
        approver=entry.approver,
        approved_at=iso(entry.approved_at),
        window_start=iso(entry.window_start),
        window_end=iso(entry.window_end),
        hosts=list(entry.hosts),
        accounts=list(entry.accounts),
        source_addresses=list(entry.source_addresses),
        techniques=list(entry.techniques),
        note=entry.note,
        revoked=entry.revoked,
    )
