"""What the firewall answers, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, Output
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
