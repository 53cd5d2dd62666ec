"""Reads the texts of ATT&CK from where they are kept.

A folder holds one JSON object a line in `techniques.jsonl.gz` and `procedure_examples.jsonl.gz`, and `revoked_by.json`
from old ids to new ones; a file is a STIX bundle.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.errors import DocumentError
from knowledge.mapping.stix import read_bundle
from knowledge.mapping.texts import AttackTexts, Example, TechniqueText, cleaned

TECHNIQUES: Final = "techniques.jsonl"
EXAMPLES: Final = "procedure_examples.jsonl"
REVOKED: Final = "revoked_by.json"
"""Files of an ATT&CK folder; the first two may be packed (`.gz`)."""


class _TechniqueRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str
    description: str


class _ExampleRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str
    technique: str
    entity: str = ""


_Row = TypeVar("_Row", bound=BaseModel)


def read_attack_texts(path: Path) -> AttackTexts:
    """The texts of a folder of ATT&CK, or of a STIX bundle, in the order they stand there. What is revoked counts as
    what replaced it; examples of techniques that do not exist are left out.

    Raises: DocumentError when a file is missing or a line is not what it should be."""
    if path.is_file():
        return cleaned(*read_bundle(path))
    techniques = [TechniqueText(row.id, row.name, row.description) for row in _rows(path, TECHNIQUES, _TechniqueRow)]
    examples = [Example(row.text, row.technique, row.entity) for row in _rows(path, EXAMPLES, _ExampleRow)]
    return cleaned(techniques, examples, _revoked(path / REVOKED))


def _revoked(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        return TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise DocumentError(f"{path}: not a table from old ids to new ones: {error.errors()[0]['msg']}") from error


def _rows(folder: Path, name: str, row: type[_Row]) -> Iterator[_Row]:
    path = next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
    if path is None:
        raise DocumentError(f"{folder}: no {name}.gz, which a folder of ATT&CK holds")
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield row.model_validate_json(line)
        except ValidationError as error:
            raise DocumentError(f"{path}:{number}: {error.errors()[0]['msg']}") from error


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(f"{path} cannot be read: {error}") from error
