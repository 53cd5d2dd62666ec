"""Text to ATT&CK techniques, with scores and the words that decided.

Read `mapper.py` first, then `fitting.py`. `reading.py` reads ATT&CK, `files.py` keeps a fitted mapper.
"""

from knowledge.mapping.files import load_mapper, save_mapper
from knowledge.mapping.fitting import fit_mapper
from knowledge.mapping.mapper import Mapped, Mapper, retrieval_mapper
from knowledge.mapping.reading import read_attack_texts
from knowledge.mapping.texts import AttackTexts, Example, TechniqueText

__all__ = [
    "AttackTexts",
    "Example",
    "Mapped",
    "Mapper",
    "TechniqueText",
    "fit_mapper",
    "load_mapper",
    "read_attack_texts",
    "retrieval_mapper",
    "save_mapper",
]
