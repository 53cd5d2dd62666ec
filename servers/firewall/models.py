"""What the firewall answers, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output
from servers.kit.ecs import Event


class Flows(Output):
    """Flow records in order of time."""

    rows: ClassVar[str | None] = "flows"
    flows: list[Event]


class Peer(Output):
    """All flows with one address and port."""

    address: Annotated[str, T1]
    port: Annotated[int, T1]
    flows: Annotated[int, T1]
    bytes_out: Annotated[int, T1]
    bytes_in: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]
    median_interval_s: Annotated[float | None, T1] = None
    """Seconds between flows; a small steady one looks like a beacon."""
    internal: Annotated[bool, T1]
    blocked: Annotated[int, T1]
    """Flows denied."""


class Peers(Output):
    """Whom an address talked to, most bytes first."""

    rows: ClassVar[str | None] = "peers"
    peers: list[Peer]


class Block(Output):
    """One address block."""

    address: Annotated[str, T0]
    since: Annotated[str, T1]
    until: Annotated[str | None, T1] = None
    by: Annotated[str, T0]


class Blocks(Output):
    """The blocks in force."""

    rows: ClassVar[str | None] = "blocks"
    blocks: list[Block]


class BlockState(Output):
    """Whether one address is blocked now."""

    address: Annotated[str, T0]
    blocked: Annotated[bool, T1]
    since: Annotated[str | None, T1] = None
    until: Annotated[str | None, T1] = None


class Changed(Output):
    """What the firewall was told; firewall_check_address reads back whether it holds."""

    address: Annotated[str, T0]
    change: Annotated[Literal["blocked", "unblocked", "was not blocked"], T1]
    until: Annotated[str | None, T1] = None
    detail: Annotated[str | None, T1] = None
    """What cannot be read back at this product."""


class SiteBlock(Output):
    """One block as a product keeps it."""

    address: Annotated[str, T1]
    """Address or network."""
    since: Annotated[str | None, T1] = None
    until: Annotated[str | None, T1] = None
    """Left out: until it is lifted."""
    by: Annotated[str, T1]
    note: Annotated[str | None, T2] = None
    dropped_packets: Annotated[int | None, T1] = None
    dropped_bytes: Annotated[int | None, T1] = None


class SiteBlocks(Output):
    """The blocks in force."""

    rows: ClassVar[str | None] = "blocks"
    blocks: list[SiteBlock]


class SiteBlockState(Output):
    """Whether one address or network is blocked now, and by which entry."""

    address: Annotated[str, T0]
    blocked: Annotated[bool, T1]
    detail: Annotated[str | None, T1] = None
    """What cannot be read of it at this product."""
    block: SiteBlock | None = None


class Connection(Output):
    """One connection that the firewall keeps track of."""

    protocol: Annotated[str, T1]
    source: Annotated[str, T1]
    source_port: Annotated[int | None, T1] = None
    destination: Annotated[str, T1]
    destination_port: Annotated[int | None, T1] = None
    phase: Annotated[str | None, T1] = None
    packets: Annotated[int | None, T1] = None
    bytes: Annotated[int | None, T1] = None


class Connections(Output):
    """Connections kept track of now."""

    rows: ClassVar[str | None] = "states"
    states: list[Connection]


class SiteRule(Output):
    """One rule."""

    place: Annotated[str, T1]
    action: Annotated[str, T1]
    rule: Annotated[str, T2]
    """In the product's words."""
    enabled: Annotated[bool, T1]
    packets: Annotated[int | None, T1] = None
    bytes: Annotated[int | None, T1] = None


class Rules(Output):
    """The rules in the product's order."""

    rows: ClassVar[str | None] = "rules"
    rules: list[SiteRule]


class Killed(Output):
    """How many connections were forgotten; firewall_list_states reads back whether any is left."""

    address: Annotated[str, T0]
    killed: Annotated[int, T1]
