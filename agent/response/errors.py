"""What can go wrong when somebody wants to do something.

ResponseError
├── NotAllowedError    the identity has no role that permits this
├── PolicyError        the policy could not be evaluated; nothing is permitted
└── UsersError         the file of users cannot be read or changed as asked
"""

from agent.errors import AgentError


class ResponseError(AgentError):
    """Base of every error of this package."""


class NotAllowedError(ResponseError):
    """Refused. The message names the person, the permission and the roles; it holds no credential."""

    def __init__(self, message: str, *, identity: str, permission: str) -> None:
        super().__init__(message)
        self.identity = identity
        self.permission = permission


class PolicyError(ResponseError):
    """The policy is faulty."""


class UsersError(ResponseError):
    """The file of users is faulty, or has no such user, or has one of that name already."""
