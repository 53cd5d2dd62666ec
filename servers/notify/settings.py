"""What an operator sets for the notify server."""

from pathlib import Path
from typing import Final

from pydantic_settings import SettingsConfigDict

from servers.kit.settings import BackendSettings

NEEDS: Final = (
    "smtp: an account that may send as one address; slack: an incoming webhook; teams: a workflow that posts what its "
    "webhook receives; webhook: any receiver of JSON. Slack, Teams and webhook channels are not tested against the "
    "live service. Not supported: PagerDuty, Opsgenie, SMS; each needs its own client and contract."
)
"""The least a real backend needs."""


class NotifySettings(BackendSettings):
    """Settings of the notify server. The prefix is `MCPSOC_NOTIFY_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_NOTIFY_")

    channels: Path | None = None
    """YAML file of the channels messages may go to, with secrets as references to the environment (`${NAME}`)."""

    @property
    def configured(self) -> bool:
        """Whether there is anywhere to send to."""
        return self.channels is not None
