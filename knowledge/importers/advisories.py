"""CISA's catalogue of known exploited vulnerabilities as documents."""

from pathlib import Path

from knowledge.importers.models import Imported
from knowledge.models import Trust


def read_kev(path: Path, *, provenance: Trust = "T2") -> Imported:
    """One document per CVE; origin `kev`, ids `kev/CVE-2024-1234`. Raises: DocumentError when it is no catalogue."""
    raise NotImplementedError
