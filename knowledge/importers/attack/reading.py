"""ATT&CK in whichever form it lies there."""

from pathlib import Path

from knowledge.errors import DocumentError
from knowledge.importers.attack.bundle import from_bundle
from knowledge.importers.attack.entries import ORIGIN, document
from knowledge.importers.attack.tables import from_tables, is_folder_of_tables
from knowledge.importers.models import Imported, Refusal
from knowledge.models import Document, Trust


def read_attack(path: Path, *, provenance: Trust = "T2") -> Imported:
    """Techniques, tactics, mitigations, groups, software and campaigns of a STIX 2.1 bundle or a folder of tables;
    origin `attack`, ids `attack/T1110.003`. Revoked and deprecated ones are left out.

    Raises: DocumentError when `path` is neither."""
    if path.is_dir() and not is_folder_of_tables(path):
        raise DocumentError(f"{path}: there is no techniques.jsonl in it")
    documents: dict[str, Document] = {}
    refused: list[Refusal] = []
    for entry in from_tables(path) if path.is_dir() else from_bundle(path):
        try:
            documents[entry.id] = document(entry, provenance)
        except DocumentError as error:
            refused.append(Refusal(entry.id, str(error)))
    if not documents:
        raise DocumentError(f"{path}: nothing of ATT&CK is in it")
    return Imported(ORIGIN, tuple(documents.values()), tuple(refused))
