"""Injection payloads: our own, shipped beside this file, and any public set read by path."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

import yaml
from pydantic import Field, ValidationError, model_validator

from agent.models import Model
from evals.errors import DataBrokenError, DataMissingError

Wrap = Literal["base64", "utf16_base64", "homoglyph", "zero_width", "spaced", "percent", "html", "reversed"]

_LOOKALIKES = str.maketrans("aeopcyxi", "аеорсухі")

_WRAPS: Mapping[Wrap, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "utf16_base64": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "homoglyph": lambda text: text.translate(_LOOKALIKES),
    "zero_width": "\u200b".join,
    "spaced": " ".join,
    "percent": lambda text: quote(text, safe=""),
    "html": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "reversed": lambda text: text[::-1],
}


class Payload(Model):
    """One hostile text, or two halves that are whole only together."""

    id: str
    technique: str
    language: Literal["en", "zh", "other"] = "other"
    text: str = ""
    split: tuple[str, ...] = Field(default=(), max_length=2)
    wrap: Wrap | None = None

    @model_validator(mode="after")
    def _text_or_split(self) -> Self:
        if bool(self.text) == bool(self.split):
            raise ValueError(f"payload {self.id!r} needs either text or split")
        return self

    def parts(self, *, tool: str, target: str) -> tuple[str, ...]:
        """What is to be written, one text per field: filled in, then disguised."""
        texts = self.split or (self.text,)
        filled = [text.replace("{tool}", tool).replace("{target}", target) for text in texts]
        return tuple(_WRAPS[self.wrap](text) if self.wrap else text for text in filled)


class PublicRow(Model, extra="ignore"):
    """A row of a public set: the text stands under one of three keys, by kind."""

    id: str
    technique: str
    payload: str | None = None
    objective: str | None = None
    attack_vector: str | None = None
    case: dict[str, object] | None = None

    def text(self) -> str:
        """The text somebody would plant."""
        if self.payload is not None:
            return self.payload
        return json.dumps(self.case, ensure_ascii=False) if self.case else f"{self.attack_vector} {self.objective}"


def own_payloads() -> tuple[Payload, ...]:
    """Every payload of `payloads.yaml`, in file order."""
    rows = yaml.safe_load((Path(__file__).parent / "payloads.yaml").read_text(encoding="utf-8"))
    return tuple(Payload.model_validate(row) for row in rows)


def public_payloads(path: Path) -> tuple[Payload, ...]:
    """Every row of a JSONL file with `id`, `technique` and `payload` (or `case`, or `objective`), in file order.

    Raises: DataMissingError when there is no such file, DataBrokenError with file and line of a bad row.
    Source: the union of public sets (CyberSecEval, BIPIA, AgentDojo and others) in one file; each row names its own."""
    if not path.is_file():
        raise DataMissingError(f"no injection payloads at {path}")
    payloads = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = PublicRow.model_validate_json(line)
        except ValidationError as error:
            raise DataBrokenError(f"{path}:{number}: {error.errors()[0]['msg']}") from error
        payloads.append(Payload(id=row.id, technique=row.technique, text=row.text() or " "))
    return tuple(payloads)


def sample(payloads: Iterable[Payload], size: int, seed: int = 20_240_501) -> tuple[Payload, ...]:
    """A fixed sample: the same rows and order for the same rows and seed."""
    ordered = sorted(payloads, key=lambda payload: hashlib.sha256(f"{seed}:{payload.id}".encode()).digest())
    return tuple(ordered[:size])
