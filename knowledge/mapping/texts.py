"""The texts of ATT&CK that the mapper learns from: what each technique is, and how it was used.

Source: MITRE ATT&CK, as one JSON object a line in `techniques.jsonl.gz` and `procedure_examples.jsonl.gz`, with
`revoked_by.json` from old ids to new ones. (c) The MITRE Corporation; nothing of it is kept in this package.
"""

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.attack import revoked_techniques
from knowledge.errors import DocumentError

TECHNIQUES: Final = "techniques.jsonl"
EXAMPLES: Final = "procedure_examples.jsonl"
REVOKED: Final = "revoked_by.json"
"""Files of an ATT&CK folder; the first two may be packed (`.gz`)."""

_CITATION = re.compile(r"\(Citation:[^)]*\)")
_ENTITY = re.compile(r"\[[^\]]*\]\(https://attack\.mitre\.org/(?:software|groups|campaigns)/[^)]*\)(?:'s)?")
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
    """Old id to the one that stands for it today."""

    def current(self, technique: str) -> str:
        """The id that stands for this one today."""
        return self.revoked.get(technique, technique)


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
    revoked = _resolved({**revoked_techniques(), **_revoked(folder / REVOKED)})
    techniques = _named([row for row in _rows(folder, TECHNIQUES, _TechniqueRow) if row.id not in revoked])
    known = {technique.id for technique in techniques}
    rows = ((revoked.get(row.technique, row.technique), row) for row in _rows(folder, EXAMPLES, _ExampleRow))
    examples = (Example(_deed(row.text), current, row.entity) for current, row in rows if current in known)
    return AttackTexts(techniques, tuple(examples), revoked)


def plain(text: str) -> str:
    """Text without citations and tags; of a link its words stay."""
    return _SPACE.sub(" ", _TAG.sub(" ", _LINK.sub(r"\1", _CITATION.sub(" ", text)))).strip()


def _deed(text: str) -> str:
    """An example without the names of who did it: they say nothing of the technique."""
    return plain(_ENTITY.sub(" ", text))


def _named(rows: Sequence[_TechniqueRow]) -> tuple[TechniqueText, ...]:
    """Sub-techniques under their whole name."""
    names = {row.id: row.name for row in rows}
    parents = ((row, names.get(row.id.partition(".")[0])) for row in rows)
    return tuple(
        TechniqueText(
            row.id, row.name if parent in (None, row.name) else f"{parent}: {row.name}", plain(row.description)
        )
        for row, parent in parents
    )


def _resolved(revoked: Mapping[str, str]) -> Mapping[str, str]:
    """Every old id with the last one of its chain; a chain that bites its own tail ends where it began to."""
    resolved: dict[str, str] = {}
    for old in revoked:
        seen, now = {old}, revoked[old]
        while now in revoked and now not in seen:
            seen.add(now)
            now = revoked[now]
        resolved[old] = now
    return resolved


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
    except (OSError, EOFError) as error:
        raise DocumentError(f"{path} cannot be read: {error}") from error
