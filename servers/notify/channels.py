"""The channels an operator configured: the only places a message can go to."""

import os
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from servers.errors import ConfigurationError
from servers.notify.templates import Language

Address: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}$")]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
MOST_BYTES = 200_000
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Channel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    language: Language = "en"
    ca_file: Path | None = None
    """Who vouches for the receiver's certificate, in place of the system's authorities."""
    timeout_s: float = Field(default=15.0, gt=0, le=60)


class SmtpChannel(_Channel):
    """Mail over one relay."""

    kind: Literal["smtp"]
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` is accepted for loopback addresses only."""
    user: str = ""
    password: SecretStr | None = None
    sender: Address
    recipients: Annotated[list[Address], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.security == "none" and not loopback(self.host):
            raise ValueError("security none is for loopback addresses only")
        return self


class _Hook(_Channel):
    url: SecretStr
    """Where to; for chat services the address itself is the credential."""

    @model_validator(mode="after")
    def _https(self) -> Self:
        parts = urlsplit(self.url.get_secret_value())
        if not parts.hostname or parts.username or parts.password:
            raise ValueError("url is https://host/path, without credentials before the host")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback(parts.hostname)):
            raise ValueError("url is https; http is for loopback addresses only")
        return self


class SlackChannel(_Hook):
    """An incoming webhook of Slack."""

    kind: Literal["slack"]


class TeamsChannel(_Hook):
    """A workflow of Microsoft Teams that posts what its webhook receives."""

    kind: Literal["teams"]


class WebhookChannel(_Hook):
    """Any receiver of our own JSON."""

    kind: Literal["webhook"]
    token: SecretStr | None = None
    """Sent as a bearer token."""


class OutboxChannel(_Channel):
    """The simulated enterprise's: messages are kept and go nowhere."""

    kind: Literal["outbox"]


Channel: TypeAlias = SmtpChannel | SlackChannel | TeamsChannel | WebhookChannel | OutboxChannel
Configured: TypeAlias = Annotated[
    SmtpChannel | SlackChannel | TeamsChannel | WebhookChannel, Field(discriminator="kind")
]


class ChannelFile(BaseModel):
    """The file that MCPSOC_NOTIFY_CHANNELS names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    channels: Annotated[dict[Name, Configured], Field(min_length=1, max_length=40)]


LAB_CHANNELS: dict[str, Channel] = {
    "soc-mail": OutboxChannel(kind="outbox"),
    "soc-chat": OutboxChannel(kind="outbox"),
    "soc-chat-zh": OutboxChannel(kind="outbox", language="zh"),
}
"""Channels of the simulated enterprise."""


def channels_of(path: Path, environment: Mapping[str, str] | None = None) -> dict[str, Channel]:
    """The channels of a file, with `${NAME}` taken from the environment.

    Raises: ConfigurationError, without any value of the file in it."""
    import yaml

    try:
        content = path.expanduser().read_bytes()
        if len(content) > MOST_BYTES:
            raise ConfigurationError(f"MCPSOC_NOTIFY_CHANNELS: {path} is too large")
        given = _resolved(yaml.safe_load(content), os.environ if environment is None else environment)
        return dict(TypeAdapter(ChannelFile).validate_python(given).channels)
    except OSError as error:
        raise ConfigurationError(f"MCPSOC_NOTIFY_CHANNELS: {path}: {error.strerror}") from None
    except (yaml.YAMLError, RecursionError, UnicodeError):
        raise ConfigurationError(f"MCPSOC_NOTIFY_CHANNELS: {path} is no YAML") from None
    except ValidationError as refusal:
        first = refusal.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"MCPSOC_NOTIFY_CHANNELS: {place}: {first['msg']}") from None


def secrets_of(channels: Mapping[str, Channel]) -> Iterator[str]:
    """Every credential of the channels."""
    for channel in channels.values():
        for name in type(channel).model_fields:
            value = getattr(channel, name)
            if isinstance(value, SecretStr):
                yield value.get_secret_value()


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _resolved(value: object, environment: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _resolved(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, environment) for item in value]
    if not isinstance(value, str) or (match := _REFERENCE.fullmatch(value)) is None:
        return value
    if (found := environment.get(match.group(1))) is None:
        raise ConfigurationError(f"MCPSOC_NOTIFY_CHANNELS refers to {match.group(1)}, which is not set")
    return found
