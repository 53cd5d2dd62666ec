"""Documents from outside: folders, repositories, ATT&CK, CISA KEV. Each reader says what it could not read."""

from knowledge.importers.advisories import read_kev
from knowledge.importers.anything import read
from knowledge.importers.attack import read_attack
from knowledge.importers.folder import read_file, read_folder
from knowledge.importers.models import Imported, Refusal
from knowledge.importers.repository import read_repository

__all__ = ["Imported", "Refusal", "read", "read_attack", "read_file", "read_folder", "read_kev", "read_repository"]
