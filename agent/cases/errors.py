"""What can go wrong with cases.

CaseError
├── CaseNotFoundError   no case of that id (in that tenant)
├── CaseConflictError   somebody else saved the case in between
├── CaseStateError      what was asked does not fit the state the case is in
└── StoreError          the database cannot be used
"""

from agent.errors import AgentError


class CaseError(AgentError):
    """Base of every error of this package."""


class CaseNotFoundError(CaseError):
    """No case of that id; the message names it."""


class CaseConflictError(CaseError):
    """The case was saved by somebody else since it was read: read it again and decide again."""


class CaseStateError(CaseError):
    """The case cannot be taken, closed or reopened as asked; the message says why."""


class StoreError(CaseError):
    """The database cannot be opened, or was made by a newer version."""
