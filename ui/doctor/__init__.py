"""`mcpsoc doctor`: surroundings.py is what it looks at, examination.py the table of checks, the rest the checks."""

from ui.doctor.examination import Examination, Finding, examine
from ui.doctor.surroundings import Surroundings, look_around

__all__ = ["Examination", "Finding", "Surroundings", "examine", "look_around"]
