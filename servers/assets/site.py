"""The tools that look into a site's inventory and scans."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from servers.assets.files import Files
from servers.assets.inventory import Entry
from servers.assets.scans import Scans, Seen
from servers.assets.site_models import (
    Answering,
    Answerings,
    OneSiteAsset,
    Share,
    Shares,
    SiteAsset,
    SiteAssets,
    Stranger,
    Strangers,
)
from servers.assets.tags import Tag
from servers.embedded import Name, iso_or_none
from servers.kit import Cursor, Limit, NotFoundError, Problem, Reply, Time, paged
from servers.kit.envelope import iso

By: TypeAlias = Literal["kind", "zone", "criticality", "department", "owner", "os", "tag"]
Text = Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True)
class InventoryReads:
    """Assets at a time."""

    files: Files
    now: Callable[[], datetime]

    def assets_resolve(self, identifier: Name, at: Time | None = None) -> Reply[OneSiteAsset]:
        """What a host name, id, MAC or address was at a time: kind, zone, owner, department, criticality, tags."""
        found = self.files.find(identifier, at or self.now())
        also = sorted({entry.id for entry in found} - {found[0].id})
        data = OneSiteAsset(asset=self._shown(found[0]), also=also)
        return Reply(data, f"1 asset, {len(also)} others of that name or address then")

    def assets_search(
        self,
        text: Text | None = None,
        zone: Name | None = None,
        criticality: Literal["low", "medium", "high", "critical"] | None = None,
        tag: Tag | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[SiteAssets]:
        """Assets there are now by zone, criticality, tag, or a text in name, id, address, kind, owner or department."""
        marks = self.files.tags.held()
        wanted = [
            entry
            for entry in self.files.held().current(self.now())
            if (text is None or _holds(entry, text))
            and (zone is None or (entry.zone or "").casefold() == zone.casefold())
            and criticality in (None, entry.criticality)
            and (tag is None or tag in entry.tags or tag in marks.get(entry.id, {}))
        ]
        page = paged(wanted, limit, cursor)
        rows = [self._shown(entry) for entry in page.rows]
        said = f"{page.total} assets"
        return page.reply(SiteAssets(assets=rows), said)

    def assets_summarise(self, by: By = "kind", limit: Limit = 20, cursor: Cursor = None) -> Reply[Shares]:
        """Count the assets there are now by one property, most first."""
        entries = self.files.held().current(self.now())
        values = [tuple(self._values(entry, by)) for entry in entries]
        counted = Counter(value for row in values for value in row)
        page = paged(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])), limit, cursor)
        data = Shares(
            groups=[Share(value=value, assets=number) for value, number in page.rows],
            assets=len(entries),
            without=sum(not row for row in values),
        )
        said = f"{len(entries)} assets in {page.total} groups"
        return page.reply(data, said, beside=bool(entries))

    def _values(self, entry: Entry, by: By) -> Iterator[str]:
        if by == "tag":
            yield from self.files.tags_of(entry)
        elif (value := getattr(entry, by)) is not None:
            yield str(value)

    def _shown(self, entry: Entry) -> SiteAsset:
        kept = entry.model_dump(exclude={"since", "until", "tags"})
        since, until = iso_or_none(entry.since), iso_or_none(entry.until)
        return SiteAsset(**kept, since=since, until=until, tags=list(self.files.tags_of(entry)))


@dataclass(frozen=True, slots=True)
class ScanReads:
    """What scans saw."""

    files: Files
    scans: Scans
    now: Callable[[], datetime]

    def assets_list_services(
        self, host: Name, at: Time | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Answerings]:
        """Ports and services of a host (name, id or address) as the last scan up to a time found them."""
        moment = at or self.now()
        seen = self._seen(host, moment)
        page = paged(seen.services, limit, cursor)
        rows = [Answering.of(each) for each in page.rows]
        data = Answerings(ip=seen.ip, scanned_at=iso(seen.at), services=rows)
        said = f"{seen.open_ports} open of {page.total} ports"
        return page.reply(data, said, sensor="nmap", observed_at=seen.at)

    def assets_list_unknown(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Strangers]:
        """Addresses that the scans saw up and that no inventory entry had then."""
        held = self.files.held()
        strange = [seen for seen in self.scans.hosts(self.now()) if not held.at(seen.ip, seen.at)]
        page = paged(strange, limit, cursor)
        rows = [
            Stranger(
                ip=seen.ip, mac=seen.mac, names=list(seen.names), open_ports=seen.open_ports, last_seen=iso(seen.at)
            )
            for seen in page.rows
        ]
        said = f"{page.total} addresses beyond the inventory"
        broken = sum(not scan.finished for scan in self.scans.all())
        return page.reply(Strangers(unknown=rows), said, sensor="nmap", stale=_ended_early(broken))

    def _seen(self, host: str, at: datetime) -> Seen:
        """The last look at a host; by its address then where the inventory has it. Raises: NotFoundError; ToolError."""
        entries = self.files.held().at(host, at)
        wanted = {entry.ip for entry in entries if entry.ip} or {host}
        found = [seen for seen in self.scans.hosts(at, ports=True) if seen.ip in wanted]
        if not found:
            hint = "assets_health tells how many scans there are"
            raise NotFoundError("no scan up to that time looked at the ports of this host", hint)
        return max(found, key=lambda seen: seen.at)


def probed(files: Files) -> Callable[[], str]:
    """What is behind, in one line."""

    def probe() -> str:
        scans: Sequence[object] = () if files.scans is None else files.scans.all()
        return f"an inventory of {len(files.held().entries)} entries; {len(scans)} scans by nmap"

    return probe


def _ended_early(scans: int) -> Problem | None:
    message = f"{scans} scans did not come to their end, and what they did not reach is not known"
    return Problem("not_covered", message, "scan anew, and take their files away") if scans else None


def _holds(entry: Entry, text: str) -> bool:
    part = text.casefold()
    words = (entry.id, entry.name, entry.ip, entry.mac, entry.kind, entry.owner, entry.department)
    return any(part in word.casefold() for word in words if word)
