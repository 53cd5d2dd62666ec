"""Documents of a Git repository."""

from knowledge.importers.models import Imported
from knowledge.models import Kind, Language, Trust


def read_repository(
    address: str, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """The documents of a repository's default branch. Raises: DocumentError when it cannot be fetched."""
    raise NotImplementedError
