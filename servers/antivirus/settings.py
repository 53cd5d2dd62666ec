"""What an operator can set for the antivirus server."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from servers.folders import folders_of
from servers.kit.settings import BackendSettings

NEEDS: Final = (
    "clamd: the right to connect to its unix socket (a group of its own; clamd has no accounts, and whoever connects "
    "may also shut it down, so a TCP address belongs on loopback). Read access to the folders that are opened; write "
    "access to them only for quarantine. Set `AlertExceedsMax yes` and `AlertEncrypted yes` in "
    "clamd.conf: without the first clamd calls clean what lies beyond its limits, without the second what is "
    "encrypted, so no archive is called clean until both are set. Not supported: on-access scanning, remote engines "
    "other than clamd."
)


class AntivirusSettings(BackendSettings):
    """Settings of the antivirus server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_ANTIVIRUS_")
    opens: ClassVar = {"clamd": {"database": ("antivirus_lookup_hash",)}}

    backend: Literal["clamd"] | None = None
    """The engine; without one the embedded matcher answers, which knows the test file and the lab's hashes."""
    socket: Path = Path("/run/clamav/clamd.ctl")
    """Unix socket of clamd."""
    address: str = Field(default="", pattern=r"^([A-Za-z0-9.-]{1,253}:\d{1,5})?$")
    """Host and port of clamd, instead of its socket."""
    database: Path | None = None
    """Folder with clamd's signature files: hash look-ups, and the age of signatures that carry no date."""
    roots: str = ""
    """Folders whose files may be scanned, separated as in PATH."""
    quarantine: Path | None = None
    """Folder that keeps quarantined files; without it `quarantine` in the home."""
    most_bytes: int = Field(default=25_000_000, ge=1_000, le=2_000_000_000)
    """Longest file that is scanned; not more than clamd's MaxFileSize and StreamMaxLength."""
    old_after_hours: float = Field(default=72.0, gt=0)
    """From which age on signatures are called old."""

    @field_validator("roots")
    @classmethod
    def _absolute(cls, value: str) -> str:
        folders_of(value)
        return value
