"""What an operator sets for the config server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings
from servers.settings import Words

NEEDS: Final = (
    "ansible: ansible-core beside this program (`pip install mcpsoc[config]`) and the rights its playbooks need on "
    "the hosts of the inventory. puppet: the programs puppet and facter. Playbooks and manifests run only by name, "
    "only when the allow-list names them, and only from a folder that others cannot write to. A check runs lookups and "
    "tasks with `check_mode: false` as they are, also in read-only mode: allow what is harmless to check. A grant is "
    "for one content of a playbook: the hash over all files of its folder and the inventory, looked at again right "
    "before it runs. It does not cover what lies outside of that folder (collections, roles and settings of the "
    "machine, variables beside the inventory, folders behind links), what an inventory script prints, what is "
    "downloaded, and files that change while a playbook runs: keep others from writing there."
)
"""The least a real backend needs."""


class ConfigSettings(BackendSettings):
    """Settings of the config server. The prefix is `MCPSOC_CONFIG_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_CONFIG_")

    backend: Literal["ansible", "puppet"] | None = None
    """What is behind it; empty is the simulated enterprise."""
    folder: Path | None = None
    """Folder of the playbooks (`NAME.yml`) or manifests (`NAME.pp`)."""
    allow: Words = ()
    """Names in that folder that may be run, without their endings."""
    inventory: Path | None = None
    """Ansible's inventory; empty is this machine alone, as `localhost`."""
    timeout_s: float = Field(default=15.0, gt=0, le=110)
    """How long one check may take, in seconds."""
    apply_timeout_s: float = Field(default=90.0, gt=0, le=110)
    """How long applying a playbook may take, in seconds."""
