"""Where the model is, how it is asked and what it may cost. That these are set switches nothing on:
`MCPSOC_BRAIN=model` does."""

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agent.brain.endpoint.protocol import Mode

_LOCAL: Final = "localhost"


def _object(value: object) -> object:
    """A text as the JSON that it is; the error does not repeat it, it may be secret."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("it is no JSON object") from None


def _number(value: object) -> object:
    """`none` in words."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


class EndpointSettings(BaseSettings):
    """An OpenAI-compatible endpoint, under the names that every such client uses (prefix `OPENAI_`)."""

    model_config = SettingsConfigDict(
        env_prefix="OPENAI_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

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
    def host(self) -> str:
        """Name or address of the machine it runs on."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there stays here."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == _LOCAL


class ModelSettings(BaseSettings):
    """How a model is asked (prefix `MCPSOC_MODEL_`)."""

    model_config = SettingsConfigDict(
        env_prefix="MCPSOC_MODEL_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    headers: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_object)] = {}
    """Further headers of every request, as a JSON object; their values are treated as secrets."""
    proxy: SecretStr | None = None
    """URL of a proxy for requests to the endpoint; without it the usual environment variables decide."""
    ca: Path | None = None
    """PEM file of the authorities that may vouch for the endpoint, instead of the usual ones."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often a request that failed in passing is sent again, all within the time of one answer."""
    requests_per_minute: int = Field(default=0, ge=0)
    """Requests a minute that this process sends; 0: no limit."""
    tokens_per_minute: int = Field(default=0, ge=0)
    """Tokens a minute that this process sends and asks for; 0: no limit."""
    structured: Mode = "auto"
    """How structured answers are asked for: json_schema, tool, json, or auto: whatever works, found out once."""
    temperature: Annotated[float | None, BeforeValidator(_number)] = Field(default=0.0, ge=0, le=2)
    """Sent with every request; `none` for models that refuse one."""
    max_output_tokens: int = Field(default=1500, ge=64)
    """Most tokens of one answer."""
    prices: Path | None = None
    """Price table (YAML) that wins over the one that is shipped."""
    trace_content: bool = False
    """Whether spans hold what was said; off, they hold names, counts and times."""


class StrongSettings(BaseSettings):
    """A second, stronger model that is asked where the first cannot settle something (prefix `MCPSOC_STRONG_`)."""

    model_config = SettingsConfigDict(
        env_prefix="MCPSOC_STRONG_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    model: str = ""
    """Name of the model; empty: there is none."""
    base_url: str = ""
    """Its endpoint; empty: that of the first model, and its key."""
    api_key: SecretStr | None = None
    """Key of its endpoint."""

    def endpoint(self, first: EndpointSettings) -> EndpointSettings:
        """Where it is: an endpoint of its own is never sent the key of the first one."""
        return EndpointSettings(base_url=self.base_url, api_key=self.api_key) if self.base_url else first


class BudgetSettings(BaseSettings):
    """What models may cost (prefix `MCPSOC_BUDGET_`); 0: no limit. A day is a day of wall time in UTC."""

    model_config = SettingsConfigDict(
        env_prefix="MCPSOC_BUDGET_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    case_calls: int = Field(default=12, ge=0)
    """Requests of one case."""
    case_tokens: int = Field(default=60_000, ge=0)
    """Tokens of one case, input and output together."""
    case_seconds: float = Field(default=120.0, ge=0)
    """Seconds that one case waits for models."""
    case_money: float = Field(default=0.0, ge=0)
    """Money of one case, in the currency of the price table."""
    tenant_calls: int = Field(default=0, ge=0)
    """Requests of one tenant and day."""
    tenant_tokens: int = Field(default=0, ge=0)
    """Tokens of one tenant and day."""
    tenant_seconds: float = Field(default=0.0, ge=0)
    """Seconds of one tenant and day."""
    tenant_money: float = Field(default=0.0, ge=0)
    """Money of one tenant and day."""
    day_calls: int = Field(default=0, ge=0)
    """Requests of a day, all tenants together."""
    day_tokens: int = Field(default=0, ge=0)
    """Tokens of a day, all tenants together."""
    day_seconds: float = Field(default=0.0, ge=0)
    """Seconds of a day, all tenants together."""
    day_money: float = Field(default=0.0, ge=0)
    """Money of a day, all tenants together."""
