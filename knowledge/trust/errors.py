"""What can go wrong in trust.

TrustError
├── KeyFileError      a key file is unreadable, malformed, or open to other users
├── GrantRefused      a change was asked for without a valid permission for exactly that call
└── AuditError        the audit log cannot be written or read
"""


class TrustError(Exception):
    """Base of every error of this package."""


class KeyFileError(TrustError):
    """A key file cannot be used; the message names the file and the remedy."""


class GrantRefused(TrustError):
    """The grant does not permit this call; `reason` says which part failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AuditError(TrustError):
    """The audit database cannot be used; the message names it."""
