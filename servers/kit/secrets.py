"""Values no answer, log line or error may ever hold: those of the `SecretStr` settings, plain or encoded."""

import base64
import json
import logging
import traceback
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from pydantic import BaseModel, JsonValue, SecretStr

SHOWN = "[secret]"
_SHORTEST = 4


class Secrets:
    """Replaces every known secret in texts and JSON values by `[secret]`."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)

    @classmethod
    def of(cls, *settings: BaseModel | None) -> "Secrets":
        """The secrets held by these settings, nested ones included."""
        return cls(value for model in settings if model is not None for value in _held(model))

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        """`text` without any secret."""
        for form in self._forms:
            text = text.replace(form, SHOWN)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value without any secret, in its keys neither."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return value


class SecretFilter(logging.Filter):
    """Masks messages and tracebacks of a logger before any handler sees them."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, masked."""
        record.msg, record.args = self._secrets.text(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._secrets.text("".join(traceback.format_exception(*record.exc_info)).rstrip())
            record.exc_info = None
        return True


def _held(model: BaseModel) -> Iterator[str]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _held(value)


def _forms(value: str) -> set[str]:
    """How a secret may stand in a text: as it is, in an address, in Base64, within JSON, and as Python shows it."""
    encoded = base64.b64encode(value.encode()).decode()
    quoted = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    return {value, quote(value, safe=""), encoded, encoded.rstrip("="), *quoted}
