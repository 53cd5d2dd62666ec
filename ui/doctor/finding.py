"""What a check hands back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it; both in the person's language."""

    message: str
    fix: str
    serious: bool = True
    """False for what works now but is worth knowing."""
