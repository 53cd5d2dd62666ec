"""What can go wrong before a hunt begins.

AgentError
└── HuntError    the hypothesis says nothing that can be looked for
"""

from agent.errors import AgentError


class HuntError(AgentError):
    """A hypothesis that leads to no look; the message says what would."""
