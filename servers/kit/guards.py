"""Targets that no grant opens: ourselves, what everybody needs, and whoever would have to repair it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """A guard that forbids a change."""

    guard: str
    """Its name, such as `own_address` or `last_administrator`."""
    why: str
    """For the reader: T0 and T1 values only."""
