"""What Wazuh's manager knows of its agents, each field with who wrote it."""

from typing import Annotated, ClassVar

from servers.endpoint.wazuh.answers import Status
from servers.kit import T1, T2, Output


class ManagedHost(Output):
    """One host as Wazuh's manager knows it. Whether it is isolated is not known there."""

    id: Annotated[str, T1]
    name: Annotated[str, T2]
    """As it called itself when it was registered."""
    ip: Annotated[str | None, T1] = None
    status: Annotated[Status, T1]
    """What the manager says; it may say active for a while after the last word."""
    reporting: Annotated[bool, T1]
    """Whether the last keep-alive is recent."""
    last_keep_alive: Annotated[str | None, T1] = None
    registered: Annotated[str | None, T1] = None
    groups: Annotated[list[str], T2]
    agent_version: Annotated[str | None, T2] = None
    os: Annotated[str | None, T2] = None
    """As the agent tells it."""


class OneManagedHost(Output):
    """One host."""

    host: ManagedHost


class ManagedHosts(Output):
    """Hosts in order of their ids."""

    rows: ClassVar[str | None] = "hosts"
    hosts: list[ManagedHost]


class HostCounts(Output):
    """Agents by what the manager calls them."""

    active: Annotated[int, T1]
    disconnected: Annotated[int, T1]
    never_connected: Annotated[int, T1]
    pending: Annotated[int, T1]
    total: Annotated[int, T1]
