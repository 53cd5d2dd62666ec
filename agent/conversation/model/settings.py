"""Where the model is and how to get in. That these are set switches nothing on: `MCPSOC_BRAIN=model` does."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOCAL: Final = "localhost"


class EndpointSettings(BaseSettings):
    """An OpenAI-compatible endpoint, under the names that every such client uses (prefix `OPENAI_`)."""

    model_config = SettingsConfigDict(env_prefix="OPENAI_", frozen=True, extra="ignore", env_ignore_empty=True)

    base_url: str = "https://api.openai.com/v1"
    """Base URL of the endpoint, `/v1` included."""
    api_key: SecretStr | None = None
    """Key of the endpoint; one on this machine may need none."""

    @property
    def shown(self) -> str:
        """The URL without user, password and query, as a person is told it."""
        parts = urlsplit(self.base_url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there stays here."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == _LOCAL
