"""What can go wrong when a stored case is run again.

ReplayError (an AgentError)
├── NotReplayableError   the case has no report, or lacks what its report is about
├── NoDecisionsError     the case keeps no decisions that could be played back
└── BrainUnknownError    no brain goes by that name
"""

from agent.errors import AgentError


class ReplayError(AgentError):
    """A stored case cannot be run again as asked."""


class NotReplayableError(ReplayError):
    """The case has no report, or lacks what its report is about."""


class NoDecisionsError(ReplayError):
    """The case keeps no decisions that could be played back."""


class BrainUnknownError(ReplayError):
    """No brain goes by that name."""
