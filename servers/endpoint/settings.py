"""What an operator sets for the endpoint server."""

from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, field_validator
from pydantic_settings import SettingsConfigDict

from servers.folders import folders_of
from servers.kit.guards import WIDEST, Network
from servers.kit.settings import BackendSettings
from servers.settings import Networks, Words

Product = Literal["local", "wazuh"]


def _narrow(networks: tuple[Network, ...]) -> tuple[Network, ...]:
    """Raises: ValueError for a network so wide that isolation would isolate from nobody, or for none at all."""
    for network in networks:
        first = network.network_address
        if network.prefixlen < WIDEST[network.version]:
            raise ValueError(f"a management network is not wider than /{WIDEST[network.version]}")
        if first.is_loopback or first.is_multicast or first.is_unspecified or getattr(first, "scope_id", None):
            raise ValueError("a management address is the address of another machine")
    return networks


class EndpointSettings(BackendSettings):
    """This machine, or a manager of agents. The prefix is `MCPSOC_ENDPOINT_`; Wazuh has settings of its own."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_ENDPOINT_")
    opens: ClassVar = {
        "local": {
            "roots": ("endpoint_file_info", "endpoint_collect_file"),
            "kill": ("endpoint_kill_process",),
            "isolate": ("endpoint_isolate_host", "endpoint_release"),
        }
    }

    backend: Product | None = None
    """local: the machine this server runs on; wazuh: the agents of a Wazuh manager; unset: the simulated enterprise."""
    audit_log: Path | None = None
    """local: auditd's text log; unset: nothing is known of what ended before it was looked at. Processes are covered
    only while a rule has every program start recorded: `-a always,exit -F arch=b64 -S execve,execveat -k run`."""
    quiet_minutes: float = Field(default=60.0, gt=0)
    """local: after how long without a line the audit log is called silent."""
    roots: str = ""
    """local: folders whose files may be looked at and collected, separated as in PATH."""
    evidence: Path | None = None
    """local: folder of collected files; unset: `evidence/endpoint` in the home."""
    most_bytes: int = Field(default=100_000_000, ge=1_000, le=2_000_000_000)
    """local: longest file that is hashed or collected."""
    kill: bool = False
    """local: whether processes may be ended at all."""
    protected_processes: Words = (
        "systemd*",
        "init",
        "sshd",
        "ssh.service",
        "auditd",
        "dbus*",
        "agetty",
        "containerd*",
        "dockerd",
    )
    """local: programs and units, as shell patterns separated by commas, that are never ended."""
    isolate: bool = False
    """local: whether this machine may be cut off; needs `management`."""
    management: Annotated[Networks, AfterValidator(_narrow)] = ()
    """local: addresses or small networks, separated by commas, that an isolated machine still talks to. Whoever has
    to reach this server to release the machine is among them."""
    netns: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """local: network namespace (`ip netns`) that is cut off; unset: the machine's own network."""
    nft: str = "nft"
    """local: the program, by name or path."""
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    """How long one question to a program may take, in seconds."""

    @field_validator("roots")
    @classmethod
    def _absolute(cls, value: str) -> str:
        folders_of(value)
        return value


NEEDS: Final = {
    "local": (
        "to see the processes, command lines and sockets of every account, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH "
        "(without them those of its own account, and what is missing is told); to read the audit log, its group; to "
        "see auditd's rules, CAP_AUDIT_CONTROL (without it the log's own records show whether program starts are "
        "recorded); to isolate, CAP_NET_ADMIN; to end processes of others, CAP_KILL. Isolation is kept by the kernel "
        "until a reboot, and whoever is root on the machine can lift it"
    ),
}
"""Least privilege, by product."""
