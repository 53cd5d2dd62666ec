"""MITRE ATT&CK as documents, from its STIX bundle or from a folder of tables."""

from knowledge.importers.attack.reading import read_attack

__all__ = ["read_attack"]
