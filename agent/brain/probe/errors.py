"""What ends a probe before it is done.

AgentError
└── ProbeStoppedError    a limit is reached, or the endpoint no longer answers; what was measured until then is kept
"""

from agent.brain.fitness import Remark
from agent.errors import AgentError


class ProbeStoppedError(AgentError):
    """The probe goes no further. No `ModelError`: it is not an answer that a check could judge."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.told())
        self.remark = remark
