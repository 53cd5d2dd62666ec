"""What ends a probe before it is done.

AgentError
└── ProbeStoppedError    a limit is reached, or the endpoint no longer answers; what was measured until then is kept
"""

from typing import Final

from agent.brain.endpoint.errors import (
    EndpointDownError,
    EndpointFailedError,
    EndpointSlowError,
    ModelError,
    RateLimitedError,
)
from agent.brain.fitness import Remark
from agent.errors import AgentError

KEY_REFUSED: Final = frozenset({401, 403})
"""HTTP statuses after which asking again is of no use."""


class ProbeStoppedError(AgentError):
    """The probe goes no further. No `ModelError`: it is not an answer that a check could judge."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.told())
        self.remark = remark


def silent(error: ModelError) -> bool:
    """Whether it says nothing about the model: nobody answered, or the endpoint alone failed.

    A request that the endpoint does not understand (400) was answered."""
    if isinstance(error, EndpointFailedError):
        return error.status in (*KEY_REFUSED, 404) or (error.status or 0) >= 500
    return isinstance(error, (EndpointDownError, EndpointSlowError, RateLimitedError))
