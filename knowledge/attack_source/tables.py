"""ATT&CK as a folder of tables: one JSON object a line, each table plain or packed (`.gz`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from knowledge.bounded import read_bytes
from knowledge.errors import DocumentError

TECHNIQUES: Final = "techniques.jsonl"
TACTICS: Final = "tactics.jsonl"
MITIGATIONS: Final = "mitigations.jsonl"
ENTITIES: Final = "entities.jsonl"
EXAMPLES: Final = "procedure_examples.jsonl"
REVOKED: Final = "revoked_by.json"
"""From old ids to new ones; need not be there."""
Row = TypeVar("Row", bound=BaseModel)


def table(folder: Path, name: str) -> Path | None:
    """Where a table lies; None where it does not."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def rows(path: Path | None, form: type[Row]) -> Iterator[Row]:
    """The lines of a table; none of one that is not there. Raises: DocumentError naming the line that is wrong."""
    if path is None:
        return
    for number, line in enumerate(read_bytes(path).splitlines(), 1):
        if line.strip():
            try:
                yield form.model_validate_json(line)
            except ValidationError as error:
                raise DocumentError(f"{path}:{number}: {error.errors()[0]['msg']}") from error


def revoked_ids(folder: Path) -> Mapping[str, str]:
    """Old ids and what replaced each. Raises: DocumentError when the table is none."""
    path = folder / REVOKED
    if not path.is_file():
        return {}
    try:
        return TypeAdapter(dict[str, str]).validate_json(read_bytes(path))
    except ValidationError as error:
        raise DocumentError(f"{path}: not a table from old ids to new ones: {error.errors()[0]['msg']}") from error
