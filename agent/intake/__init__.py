"""Intake: a product's alert in, our `Alert` out, every field with who wrote it. Start at `parsing.py`."""

from agent.intake.classes import AlertClass, alert_class
from agent.intake.correlate import same_incident
from agent.intake.decode import Layer, decode
from agent.intake.draft import Context
from agent.intake.errors import IntakeError, NotAnAlert
from agent.intake.observables import observables
from agent.intake.parsing import detect_format, parse, read_record

__all__ = [
    "AlertClass", "Context", "IntakeError", "Layer", "NotAnAlert", "alert_class", "decode",
    "detect_format", "observables", "parse", "read_record", "same_incident",
]  # fmt: skip
