"""What can go wrong with evidence.

EvidenceError
├── PathError      a JSONPath is not valid, or asks for more work than a path may
├── ClaimError     a claim does not hold; the message is the reason it is struck for
└── ExportError    a case cannot be exported as it stands
"""


class EvidenceError(Exception):
    """Base of every error of this package."""


class PathError(EvidenceError, ValueError):
    """A JSONPath cannot be used; the message quotes it and says why."""


class ClaimError(EvidenceError):
    """A claim does not hold on its evidence; the message says why."""


class ExportError(EvidenceError):
    """A case cannot be exported; the message says what is missing."""
