"""Settings of one server's backend: from the environment, secrets also from files that nobody else can read."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from servers.errors import ConfigurationError

SUFFIX: Final = "_FILE"
MOST_BYTES: Final = 65_536
"""What a file with a secret may hold."""


class BackendSettings(BaseSettings):
    """Base of each server's settings. A `SecretStr` field comes from its variable, or from the file that the variable
    with `_FILE` behind its name names; no error shows a value."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    opens: ClassVar[Mapping[str, Mapping[str, tuple[str, ...]]]] = {}
    """By product and field the tools that are not there as long as the field is not set."""

    def closed(self) -> dict[str, tuple[str, ...]]:
        """Tools that are not there, with the settings that it takes, as the environment names them."""
        chosen: str | None = getattr(self, "backend", None)
        found: dict[str, tuple[str, ...]] = {}
        for product, fields in self.opens.items():
            if chosen not in (None, product):
                continue
            first = () if chosen else (f"{name_of(type(self), 'backend')}={product}",)
            for name, tools in fields.items():
                unset = () if getattr(self, name) else (name_of(type(self), name),)
                found |= {tool: (*found.get(tool, first), *unset) for tool in tools}
        return {tool: settings for tool, settings in found.items() if settings}

    @property
    def configured(self) -> bool:
        """Whether they name a product to stand behind the server."""
        return "backend" in self.model_fields_set

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values first, then the environment, then files."""
        return init_settings, env_settings, SecretFiles(settings_cls)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the files that `<PREFIX><FIELD>_FILE` name."""

    def __call__(self) -> dict[str, str]:
        """Every secret that lies in a file.

        Raises: ConfigurationError for a file that cannot be read, that others can read, or that is one too many."""
        found = {
            name: self._read(name) for name, field in self.settings_cls.model_fields.items() if holds_secret(field)
        }
        return {name: value for name, value in found.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """One of them."""
        return self._read(field_name), field_name, False

    def _read(self, name: str) -> str | None:
        variable = name_of(self.settings_cls, name)
        named = os.environ.get(variable + SUFFIX, "")
        if not named:
            return None
        if os.environ.get(variable):
            raise ConfigurationError(f"{variable} and {variable + SUFFIX} are both set: keep one")
        return read_secret(Path(named), variable + SUFFIX)


def name_of(settings: type[BaseSettings], field: str) -> str:
    """The setting as the environment names it: its own name there, or the prefix and the field."""
    known = settings.model_fields.get(field)
    if known is None:
        return field
    if isinstance(known.validation_alias, str):
        return known.validation_alias
    return f"{settings.model_config.get('env_prefix', '')}{field}".upper()


def holds_secret(field: FieldInfo) -> bool:
    """Whether a field of settings is a secret."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def read_secret(path: Path, setting: str) -> str:
    """The secret in a file, without the line end behind it. `setting` names the file in errors.

    Raises: ConfigurationError for a file that is missing, empty, too long, or readable by others."""
    try:
        handle = os.open(path.expanduser(), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise ConfigurationError(f"{setting}: {path} is no file")
            if state.st_uid not in (0, os.geteuid()) or state.st_mode & 0o077:
                raise ConfigurationError(f"{setting}: others can read {path}; make it the owner's alone: chmod 600")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{setting}: {path}: {error.strerror}") from None
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{setting}: {path} is no text") from None
    if not secret or len(content) > MOST_BYTES:
        raise ConfigurationError(f"{setting}: {path} is empty or longer than {MOST_BYTES} bytes")
    return secret
