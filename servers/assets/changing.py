"""The tools that change: tags on assets, and scans of our own inside the networks the operator named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from pydantic.networks import IPvAnyNetwork

from servers.assets.files import Files
from servers.assets.scanner import Network, Scanner
from servers.assets.site_models import Scanned, Tagged
from servers.assets.tags import Tag
from servers.embedded import Name, Reason
from servers.kit import Change, Hit, Plan, Protected, Rate, Reply, ToolError, Undo


def _plain(network: Network) -> Network:
    """Raises: ValueError for an address with a scope id, which is free text."""
    if getattr(network.network_address, "scope_id", None) is not None:
        raise ValueError("an address with a scope id is not scanned")
    return network


Target = Annotated[IPvAnyNetwork, AfterValidator(_plain)]


@dataclass(frozen=True, slots=True)
class TagChanges:
    """Tools that put tags on assets and take them away."""

    files: Files
    protected: Protected
    now: Callable[[], datetime]

    def assets_tag(self, asset: Name, tag: Tag, reason: Reason) -> Reply[Tagged]:
        """Put a tag on an asset, until assets_untag."""
        entry = self.files.one(asset, self.now())
        if tag in self.files.tags_of(entry):
            return Reply(Tagged(asset=entry.id, tag=tag, change="was tagged"), "the asset had this tag")
        self.files.tags.add(entry.id, tag, reason, self.now())
        return Reply(Tagged(asset=entry.id, tag=tag, change="tagged"), "1 asset tagged")

    def plan_tag(self, asset: Name, tag: Tag, reason: Reason) -> Plan:
        """Which asset it would be; there is nothing to undo where the tag was there before."""
        entry = self.files.one(asset, self.now())
        before = tag in self.files.tags_of(entry)
        undo = Undo("assets_untag", {"asset": entry.id, "tag": tag})
        return Plan(
            target=f"{tag} on {entry.id}",
            blast_radius="1 asset; nothing but the inventory",
            undo=None if before else undo,
            hits=self.protected.host(entry.name),
        )

    def is_tagged(self, asset: Name, tag: Tag, reason: Reason) -> bool:
        """Whether it has the tag."""
        return tag in self.files.tags_of(self.files.one(asset, self.now()))

    def assets_untag(self, asset: Name, tag: Tag, reason: Reason) -> Reply[Tagged]:
        """Take a tag away that assets_tag put on an asset; those of the inventory's own file stay."""
        entry = self.files.one(asset, self.now())
        gone = self.files.tags.remove(entry.id, tag)
        change = Tagged(asset=entry.id, tag=tag, change="untagged" if gone else "was not tagged")
        return Reply(change, "1 tag taken away" if gone else "the asset did not have this tag from here")

    def plan_untag(self, asset: Name, tag: Tag, reason: Reason) -> Plan:
        """Which asset it would be."""
        entry = self.files.one(asset, self.now())
        if tag in entry.tags:
            raise ToolError("not_ours", "the inventory's own file holds this tag", "its owner takes it out there")
        return Plan(f"{tag} on {entry.id}", "1 asset; nothing but the inventory")

    def is_untagged(self, asset: Name, tag: Tag, reason: Reason) -> bool:
        """Whether it has the tag no longer."""
        return not self.is_tagged(asset, tag, reason)

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        tag = Change(self.assets_tag, self.plan_tag, self.is_tagged, risk="low", expiry="hold", undo="assets_untag")
        return tag, Change(self.assets_untag, self.plan_untag, self.is_untagged, risk="low")


@dataclass(frozen=True, slots=True)
class ScanChanges:
    """The tool that scans."""

    files: Files
    scanner: Scanner

    def assets_run_scan(self, network: Target, reason: Reason) -> Reply[Scanned]:
        """Scan an address or network of ours by nmap: common TCP ports, services, banners. Others may notice it."""
        if self._hits(network):
            raise ToolError("protected_target", "this network is not to be scanned", "see MCPSOC_ASSETS_SCAN_NETWORKS")
        held = self.files.held()
        scan = self.scanner.scan(network)
        data = Scanned(
            network=str(network),
            hosts_up=len(scan.hosts),
            open_ports=sum(seen.open_ports for seen in scan.hosts),
            unknown=sum(not held.at(seen.ip, seen.at) for seen in scan.hosts),
        )
        return Reply(data, f"{data.hosts_up} hosts up, {data.open_ports} open ports, {data.unknown} hosts unknown")

    def plan_scan(self, network: Target, reason: Reason) -> Plan:
        """How many addresses would be asked."""
        said = f"{network.num_addresses} addresses are asked for the most common TCP ports and their banners"
        return Plan(str(network), said, hits=tuple(self._hits(network)))

    def was_scanned(self, network: Target, reason: Reason) -> bool:
        """Whether a finished scan of this network is there."""
        return self.scanner.has(network)

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it."""
        rate = Rate(12, per_s=3600)
        return (Change(self.assets_run_scan, self.plan_scan, self.was_scanned, risk="medium", rate=rate),)

    def _hits(self, network: Network) -> Sequence[Hit]:
        hits = []
        if not self.scanner.permits(network):
            hits.append(Hit("foreign_network", "MCPSOC_ASSETS_SCAN_NETWORKS does not hold all of it"))
        if network.num_addresses > 256:
            hits.append(Hit("wide_prefix", "more than 256 addresses"))
        return hits
