"""What an operator can set for the language model; nothing of it switches one on (`MCPSOC_BRAIN=model` does)."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """Settings of the model that answers chats. The environment names carry the prefix `MCPSOC_`."""

    model_config = SettingsConfigDict(
        env_prefix="MCPSOC_", frozen=True, extra="ignore", env_ignore_empty=True, protected_namespaces=()
    )

    model: str = ""
    """Name of the model that answers chats when `MCPSOC_BRAIN=model`."""
    model_timeout_s: float = Field(default=60.0, gt=0)
    """How long one answer of the model may take, in seconds."""
    model_rounds: int = Field(default=6, ge=1, le=20)
    """How often the model is asked for one question, its last word included."""
    model_names: Literal["hidden", "shown"] = "hidden"
    """Whether an endpoint that is not on this machine sees host and account names."""


class EndpointSettings(BaseSettings):
    """Where the model is and how to get in, under the names that every OpenAI-compatible client uses."""

    model_config = SettingsConfigDict(env_prefix="OPENAI_", frozen=True, extra="ignore", env_ignore_empty=True)

    base_url: str = "https://api.openai.com/v1"
    """Base URL of the endpoint, `/v1` included."""
    api_key: SecretStr | None = None
    """Key of the endpoint; one on this machine may need none."""
