"""The texts of ATT&CK that the mapper learns from: what each technique is, and how it was used.

Source: MITRE ATT&CK, as one JSON object a line in `techniques.jsonl.gz` and `procedure_examples.jsonl.gz`, with
`revoked_by.json` from old ids to new ones. (c) The MITRE Corporation; nothing of it is kept in this package.
"""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.errors import DocumentError

TECHNIQUES: Final = "techniques.jsonl"
EXAMPLES: Final = "procedure_examples.jsonl"
REVOKED: Final = "revoked_by.json"
"""Files of an ATT&CK folder; the first two may be packed (`.gz`)."""

_CITATION = re.compile(r"\(Citation:[^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
_TAG = re.compile(r"</?[a-z]+>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TechniqueText:
    """What ATT&CK says of a technique, without its links and citations."""

    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Example:
    """How somebody used a technique: one or two sentences."""

    text: str
    technique: str
    entity: str = ""
    """Id of the group, software or campaign that did."""


@dataclass(frozen=True, slots=True)
class AttackTexts:
    """All that the mapper learns from."""

    techniques: tuple[TechniqueText, ...]
    examples: tuple[Example, ...]
    revoked: Mapping[str, str]
    """Old id to the one that replaced it."""

    def current(self, technique: str) -> str:
        """The id that stands for this one today."""
        for _ in range(len(self.revoked)):
            technique = self.revoked.get(technique, technique)
        return technique


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
    entity_name: str = ""


_Row = TypeVar("_Row", bound=BaseModel)


def read_attack_texts(folder: Path) -> AttackTexts:
    """The texts of an ATT&CK folder, in the order of their files; examples of unknown techniques are left out.

    Raises: DocumentError when a file is missing or a line is not what it should be."""
    techniques = tuple(
        TechniqueText(row.id, row.name, plain(row.description)) for row in _rows(folder, TECHNIQUES, _TechniqueRow)
    )
    texts = AttackTexts(techniques, (), _revoked(folder / REVOKED))
    known = {technique.id for technique in techniques}
    rows = ((texts.current(row.technique), row) for row in _rows(folder, EXAMPLES, _ExampleRow))
    examples = (Example(plain(row.text), current, row.entity) for current, row in rows if current in known)
    return AttackTexts(techniques, tuple(examples), texts.revoked)


def plain(text: str) -> str:
    """Text without citations and tags; of a link its words stay."""
    return _SPACE.sub(" ", _TAG.sub(" ", _LINK.sub(r"\1", _CITATION.sub(" ", text)))).strip()


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
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield row.model_validate_json(line)
    except (OSError, EOFError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DocumentError(f"{path}:{number}: {reason}") from error
