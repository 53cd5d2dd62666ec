"""Why a raw alert could not be taken in.

IntakeError           the text is no alert we can read; says what was looked for
+-- NotAnAlert        it reads well, but is context (a flow or DNS record), not an alert

InboxError            the file of accepted alerts cannot be read or written; what was sent does not count as accepted
"""

from agent.errors import AgentError


class IntakeError(ValueError):
    """A raw alert that cannot be read. The message is for the person who sent it."""


class NotAnAlert(IntakeError):
    """A well-formed record that raises no alarm of its own, such as a Suricata flow."""


class InboxError(AgentError):
    """The inbox cannot be used right now. The message is for the person who runs it."""
