"""What a site's inventory and scans answer: the one is the operator's, what machines said to a scan is theirs."""

from typing import Annotated, ClassVar, Literal

from servers.assets.models import Described
from servers.kit import T0, T1, T2, Output


class SiteAsset(Described):
    """An asset as the inventory had it at the time asked about."""

    tags: Annotated[list[str], T0] = []
    since: Annotated[str | None, T0] = None
    """From when this entry holds; null: always did."""
    until: Annotated[str | None, T0] = None


class OneSiteAsset(Output):
    """One asset."""

    asset: SiteAsset
    also: Annotated[list[str], T0] = []
    """Ids of other assets that had the same name or address then."""


class SiteAssets(Output):
    """Assets by name."""

    rows: ClassVar[str | None] = "assets"
    assets: list[SiteAsset]


class Share(Output):
    """One value and how many assets have it."""

    value: Annotated[str, T0]
    assets: Annotated[int, T1]


class Shares(Output):
    """Assets by one property, most first; those without it are in no group."""

    rows: ClassVar[str | None] = "groups"
    groups: list[Share]
    assets: Annotated[int, T1]
    without: Annotated[int, T1]


class Answering(Output):
    """One port and what answered there."""

    port: Annotated[int, T1]
    protocol: Annotated[str, T1]
    state: Annotated[str, T1]
    name: Annotated[str | None, T2] = None
    product: Annotated[str | None, T2] = None
    version: Annotated[str | None, T2] = None
    banner: Annotated[str | None, T2] = None


class Answerings(Output):
    """What a scan found at one address."""

    rows: ClassVar[str | None] = "services"
    ip: Annotated[str, T1]
    scanned_at: Annotated[str, T1]
    services: list[Answering]


class Stranger(Output):
    """An address that was up and is in no inventory."""

    ip: Annotated[str, T1]
    mac: Annotated[str | None, T1] = None
    names: Annotated[list[str], T2] = []
    open_ports: Annotated[int, T1]
    last_seen: Annotated[str, T1]


class Strangers(Output):
    """Addresses beyond the inventory."""

    rows: ClassVar[str | None] = "unknown"
    unknown: list[Stranger]


class Tagged(Output):
    """What became of a tag."""

    asset: Annotated[str, T0]
    tag: Annotated[str, T0]
    change: Annotated[Literal["tagged", "was tagged", "untagged", "was not tagged"], T1]


class Scanned(Output):
    """What a scan of our own found."""

    network: Annotated[str, T1]
    hosts_up: Annotated[int, T1]
    open_ports: Annotated[int, T1]
    unknown: Annotated[int, T1]
    """Hosts up that are in no inventory."""
