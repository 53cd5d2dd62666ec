"""The assets server: reads only, written by the operator but for the neighbours, which the firewall saw."""

from datetime import timedelta
from sqlite3 import Connection
from typing import Annotated

from pydantic import BaseModel, Field

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
from servers.embedded import LabDoor, Name, asked, blind_spot, host_of
from servers.kit import Cursor, Limit, NotFoundError, Reply, SecurityServer, Time, build_server, paged
from servers.kit.envelope import iso
from servers.lab.queries import entities
from servers.lab.records import Host
from servers.lab.records import Work as Entry

OURS = frozenset({"own_nat", "vpn_egress", "partner", "scanner"})
"""Meanings of addresses that the operator answers for; hosting and residential ones are nobody's asset."""
Technique = Annotated[str, Field(pattern=r"^T\d{4}(\.\d{3})?$")]
_AROUND_HOURS = 24


class Assets:
    """Tools over the inventory of the lab."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

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
        db = self._door.db
        known = None if host is None else entities.get_host(db, host)
        name = host if known is None else known.name
        found = entities.list_work(
            db, at=at, hours=_AROUND_HOURS, host=name, account=account, address=address, technique=technique
        )
        page = paged(found, limit, cursor)
        around = timedelta(hours=_AROUND_HOURS)
        conditions = {"host": name, "account": account, "address": address, "technique": technique}
        return Reply(
            WorkList(work=[_work(entry) for entry in page.rows]),
            f"{page.total} register entries touch this",
            query=asked(conditions, at - around, at + around),
            total=page.total,
            after=page.after,
            more=page.more,
        )

    def assets_neighbours(
        self, host: Name, start: Time | None = None, end: Time | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Neighbours]:
        """Inventory hosts this one exchanged flows with in a window (default: the last 24 h), most flows first."""
        db = self._door.db
        name, until = host_of(db, host).name, end or self._door.now()
        since = start or until - timedelta(hours=24)
        page = paged(entities.neighbours(db, name, since, until, limit=_ALL), limit, cursor)
        return Reply(
            Neighbours(neighbours=[Neighbour(name=other, flows=flows) for other, flows in page.rows]),
            f"{page.total} neighbours",
            sensor="firewall",
            query=asked({"host": name}, since, until),
            total=page.total,
            after=page.after,
            more=page.more,
            stale=blind_spot(db, ["firewall"], None, since, until),
        )

    def assets_list_software(self, host: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Installs]:
        """Products installed on a host."""
        page = paged(entities.list_software(self._door.db, host_of(self._door.db, host).name), limit, cursor)
        rows = [Install(name=row.name, version=row.version, publisher=row.publisher) for row in page.rows]
        text = f"{page.total} products"
        return Reply(Installs(software=rows), text, total=page.total, after=page.after, more=page.more)

    def assets_list_vulnerabilities(self, host: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Weaknesses]:
        """Open vulnerabilities of a host, highest CVSS first; known_exploited: attackers are known to use it."""
        page = paged(entities.list_vulnerabilities(self._door.db, host_of(self._door.db, host).name), limit, cursor)
        rows = [
            Weakness(cve=row.cve, software=row.software, cvss=row.cvss, known_exploited=row.known_exploited)
            for row in page.rows
        ]
        text = f"{page.total} vulnerabilities"
        return Reply(Weaknesses(vulnerabilities=rows), text, total=page.total, after=page.after, more=page.more)


def build(door: LabDoor, settings: BaseModel | None = None, timeout_s: float = 20.0) -> SecurityServer:
    """The inventory of this lab."""
    assets = Assets(door)
    return build_server(
        "assets",
        reads=[
            assets.assets_resolve,
            assets.assets_list_authorised_work,
            assets.assets_neighbours,
            assets.assets_list_software,
            assets.assets_list_vulnerabilities,
        ],
        backend="embedded",
        synthetic=True,
        clock=door.now,
        probe=door.probe,
        settings=settings,
        timeout_s=timeout_s,
    )


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


def _work(entry: Entry) -> Work:
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
