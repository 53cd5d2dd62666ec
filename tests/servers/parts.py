"""What a server is made from in a test."""

from pathlib import Path

from servers.embedded import LabDoor
from servers.kit import Conditions
from servers.kit.conditions import EVERYTHING
from servers.parts import Parts
from servers.settings import Settings


def parts_of(home: Path, lab: Path | None = None, conditions: Conditions = EVERYTHING, tenant: str = "") -> Parts:
    """The parts of a lab, or of a site; without conditions no grant opens a change."""
    return Parts(LabDoor(lab), home, Settings(home=home), conditions, tenant, "site" if lab is None else "lab")


def over_lab(lab: Path) -> Parts:
    """The parts of a lab that is only read."""
    return parts_of(lab.parent, lab)
