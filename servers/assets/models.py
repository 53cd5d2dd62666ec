"""What the inventory answers, each field with who wrote it."""

from typing import Annotated, ClassVar

from servers.kit import T0, T1, Output


class Described(Output):
    """What is told of an asset, as far as an inventory has it."""

    id: Annotated[str, T0]
    name: Annotated[str, T0]
    ip: Annotated[str | None, T0] = None
    kind: Annotated[str | None, T0] = None
    """workstation, server, ...; for addresses own_nat, vpn_egress, partner or scanner."""
    zone: Annotated[str | None, T0] = None
    owner: Annotated[str | None, T0] = None
    department: Annotated[str | None, T0] = None
    criticality: Annotated[str | None, T0] = None
    os: Annotated[str | None, T0] = None
    mac: Annotated[str | None, T0] = None
    internet_facing: Annotated[bool | None, T0] = None


class Asset(Described):
    """A host, or an address outside that is known to be ours or a partner's."""

    ip: Annotated[str, T0]
    kind: Annotated[str, T0]
    zone: Annotated[str, T0]


class OneAsset(Output):
    """One asset."""

    asset: Asset


class Work(Output):
    """One entry of the register of authorised work. An empty list names none."""

    id: Annotated[str, T0]
    kind: Annotated[str, T0]
    """change, scan, pentest or travel."""
    title: Annotated[str, T0]
    approver: Annotated[str, T0]
    approved_at: Annotated[str, T0]
    window_start: Annotated[str, T0]
    window_end: Annotated[str, T0]
    hosts: Annotated[list[str], T0]
    accounts: Annotated[list[str], T0]
    source_addresses: Annotated[list[str], T0]
    techniques: Annotated[list[str], T0]
    note: Annotated[str, T0]
    revoked: Annotated[bool, T0]


class WorkList(Output):
    """Entries that touch what was asked; whether one fits is for the reader to judge."""

    rows: ClassVar[str | None] = "work"
    work: list[Work]


class Neighbour(Output):
    """A host another one exchanged flows with."""

    name: Annotated[str, T0]
    flows: Annotated[int, T1]


class Neighbours(Output):
    """Neighbours, most flows first."""

    rows: ClassVar[str | None] = "neighbours"
    neighbours: list[Neighbour]


class Install(Output):
    """One installed product."""

    name: Annotated[str, T0]
    version: Annotated[str, T0]
    publisher: Annotated[str, T0]


class Installs(Output):
    """Installed products."""

    rows: ClassVar[str | None] = "software"
    software: list[Install]


class Weakness(Output):
    """One open vulnerability."""

    cve: Annotated[str, T1]
    software: Annotated[str, T0]
    cvss: Annotated[float, T1]
    known_exploited: Annotated[bool, T1]


class Weaknesses(Output):
    """Open vulnerabilities, worst first."""

    rows: ClassVar[str | None] = "vulnerabilities"
    vulnerabilities: list[Weakness]
