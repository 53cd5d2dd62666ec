"""MITRE ATT&CK as documents."""

from pathlib import Path

from knowledge.importers.models import Imported
from knowledge.models import Trust


def read_attack(path: Path, *, provenance: Trust = "T2") -> Imported:
    """Techniques, tactics, mitigations, groups, software and campaigns of a STIX 2.1 bundle or a folder of tables;
    origin `attack`, ids `attack/T1110.003`. Raises: DocumentError when `path` is neither."""
    raise NotImplementedError
