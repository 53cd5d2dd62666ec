"""The reader that fits what a person named."""

from knowledge.importers.models import Imported
from knowledge.models import Kind, Language, Trust


def read(
    target: str, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """An address or a path: repository, folder, ATT&CK (folder or bundle), KEV, or one file; seen by what is there.

    Raises: DocumentError when it is none of these or cannot be read."""
    raise NotImplementedError
