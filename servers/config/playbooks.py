"""The playbooks or manifests of a folder that an operator allowed, and what a sidecar file says of each.

Beside `NAME.yml` may lie `NAME.mcpsoc.yaml`: `about` (a sentence), and either `undo_playbook` (another allowed name)
or `irreversible: true`. Without one of these two a playbook can be checked and never applied.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from servers.config.backend import safe
from servers.config.content import content_of
from servers.errors import NotFoundError, ToolError

PlaybookName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
"""Name of an allowed playbook or manifest, without folder and ending."""
_MOST_BYTES: Final = 20_000


class Sidecar(BaseModel):
    """What an operator says of a playbook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: Annotated[str, Field(max_length=300)] = ""
    undo_playbook: PlaybookName | None = None
    irreversible: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.irreversible and self.undo_playbook is not None:
            raise ValueError("irreversible and undo_playbook exclude each other")
        return self

    @property
    def can_apply(self) -> bool:
        """Whether somebody thought of how it is taken back."""
        return self.irreversible or self.undo_playbook is not None


@dataclass(frozen=True, slots=True)
class Playbooks:
    """The allow-list over one folder."""

    folder: Path | None
    allow: tuple[str, ...]
    kind: Literal["playbook", "manifest"]
    inventory: Path | None = None

    @property
    def ending(self) -> str:
        """Of the files."""
        return ".yml" if self.kind == "playbook" else ".pp"

    def path(self, name: str) -> Path:
        """The file of an allowed name. Raises: NotFoundError; ToolError for one that must not be run."""
        if self.folder is None:
            raise ToolError("not_configured", "no folder is configured", "set MCPSOC_CONFIG_FOLDER")
        if name not in self.allow:
            raise NotFoundError("the allow-list names no such thing", "see config_list_playbooks; MCPSOC_CONFIG_ALLOW")
        path = self.folder.expanduser() / f"{name}{self.ending}"
        safe(path)
        return path

    def content(self, name: str) -> str:
        """SHA-256 of what an allowed name stands for now.

        Raises: NotFoundError for a name that is not allowed; ToolError when its files cannot be hashed, or must not be
        run."""
        path = self.path(name)
        return content_of(name, path.parent, None if self.inventory is None else self.inventory.expanduser())

    def has(self, name: str) -> bool:
        """Whether the folder has it. Raises: ToolError when the folder is not there."""
        if self.folder is None or not self.folder.expanduser().is_dir():
            raise ToolError("unreachable", "the configured folder is not there", "look at MCPSOC_CONFIG_FOLDER")
        return (self.folder.expanduser() / f"{name}{self.ending}").is_file()

    def sidecar(self, name: str) -> Sidecar:
        """What its sidecar says; nothing without one. Raises: ToolError for one that says nonsense."""
        import yaml

        path = self.path(name).with_name(f"{name}.mcpsoc.yaml")
        if not path.exists():
            return Sidecar()
        safe(path)
        try:
            return Sidecar.model_validate(yaml.safe_load(path.read_bytes()[:_MOST_BYTES]) or {})
        except (ValidationError, yaml.YAMLError, UnicodeError, OSError, RecursionError):
            raise ToolError("bad_sidecar", "the sidecar file of this playbook cannot be used", "mend it") from None
