"""What ATT&CK calls a technique."""

from knowledge.attack import find_technique
from ui.api.models import TechniqueView


def technique_view(technique: str) -> TechniqueView:
    """The technique with its name and tactics, as far as the table has it."""
    if (found := find_technique(technique)) is None:
        return TechniqueView(id=technique)
    return TechniqueView(id=technique, name=found.name, tactics=found.tactics)
