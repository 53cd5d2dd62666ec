"""Reads the texts of ATT&CK from where they are kept.

A folder holds one JSON object a line in `techniques.jsonl.gz` and `procedure_examples.jsonl.gz`, and `revoked_by.json`
from old ids to new ones; a file is a STIX bundle.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.attack_source.tables import EXAMPLES, TECHNIQUES, revoked_ids, rows, table
from knowledge.errors import DocumentError
from knowledge.mapping.stix import read_bundle
from knowledge.mapping.texts import AttackTexts, Example, TechniqueText, cleaned


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


def read_attack_texts(path: Path) -> AttackTexts:
    """The texts of a folder of ATT&CK, or of a STIX bundle, in the order they stand there. What is revoked counts as
    what replaced it; examples of techniques that do not exist are left out.

    Raises: DocumentError when a file is missing or a line is not what it should be."""
    if path.is_file():
        return cleaned(*read_bundle(path))
    techniques = [
        TechniqueText(row.id, row.name, row.description) for row in rows(_table(path, TECHNIQUES), _TechniqueRow)
    ]
    examples = [Example(row.text, row.technique, row.entity) for row in rows(_table(path, EXAMPLES), _ExampleRow)]
    return cleaned(techniques, examples, revoked_ids(path))


def _table(folder: Path, name: str) -> Path:
    found = table(folder, name)
    if found is None:
        raise DocumentError(f"{folder}: no {name}.gz, which a folder of ATT&CK holds")
    return found
