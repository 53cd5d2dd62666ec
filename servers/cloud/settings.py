"""What an operator can set for the cloud server."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings

NEEDS: Final = (
    "CloudTrail: read access to one folder with the trail's files, as `aws s3 sync s3://BUCKET/AWSLogs FOLDER` leaves "
    "them (.json.gz), or with JSON lines; the credentials for that stay with whoever syncs. This server calls no cloud "
    "API and changes nothing. Events are kept in cloud.db in the home. Not supported: digest and Insights files, "
    "CloudTrail Lake, EventBridge, GuardDuty, Azure, Google Cloud."
)


class CloudSettings(BackendSettings):
    """Settings of the cloud server."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_CLOUD_")

    backend: Literal["cloudtrail"] | None = None
    """Whose trail answers; without one the lab's events answer."""
    trail_dir: Path = Path("/var/log/cloudtrail")
    """Folder of the trail's files, folders within included."""
    quiet_minutes: float = Field(default=60.0, gt=0)
    """After how long without an event the trail is called silent; CloudTrail itself is about 15 minutes late."""
    most_events: int = Field(default=2_000_000, ge=1_000)
    """How many events are kept, the newest."""
    look_s: float = Field(default=5.0, ge=0)
    """For how long what was read is taken as all there is, in seconds."""
    read_s: float = Field(default=8.0, gt=0)
    """How long one call may read new files; what is left is read by the next, and the answer says so."""
