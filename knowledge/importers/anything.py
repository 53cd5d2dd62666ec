"""The reader that fits what a person named."""

from pathlib import Path

from knowledge.bounded import read_bytes
from knowledge.errors import DocumentError
from knowledge.importers.advisories import read_kev
from knowledge.importers.attack import read_attack
from knowledge.importers.attack.tables import is_folder_of_tables
from knowledge.importers.folder import read_file, read_folder
from knowledge.importers.models import Imported
from knowledge.importers.repository import read_repository
from knowledge.models import Kind, Language, Trust


def read(
    target: str, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """An address or a path: repository, folder, ATT&CK (folder or bundle), KEV, or one file; seen by what is there.
    `kind` and `language` are for documents that a person wrote; ATT&CK and KEV have their own.

    Raises: DocumentError when it is none of these or cannot be read."""
    path = Path(target)
    if not target or not path.exists():
        return read_repository(target, provenance=provenance, kind=kind, language=language)
    if path.is_dir():
        if is_folder_of_tables(path):
            return read_attack(path, provenance=provenance)
        if _is_bare_repository(path):
            return read_repository(target, provenance=provenance, kind=kind, language=language)
        return read_folder(path, provenance=provenance, kind=kind, language=language)
    if path.name.endswith((".json", ".json.gz")):
        return _data(path, provenance)
    return read_file(path, provenance=provenance, kind=kind, language=language)


def _data(path: Path, provenance: Trust) -> Imported:
    """A file of data, by the names that stand in it."""
    text = read_bytes(path)
    if b'"vulnerabilities"' in text and b'"cveID"' in text:
        return read_kev(path, provenance=provenance)
    if b'"bundle"' in text and b'"objects"' in text:
        return read_attack(path, provenance=provenance)
    raise DocumentError(f"{path}: of files of data, a STIX bundle of ATT&CK and CISA's KEV catalogue can be read")


def _is_bare_repository(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
