"""What can go wrong in the analyst.

AgentError
├── BrainError                a brain failed or answered in another form than asked
├── ModelRecordError          what a home remembers about models cannot be read
└── HostError                 the MCP host
    ├── ConnectionConfigError     a `mcpServers` entry cannot be used; says file or entry, key and reason
    ├── RegistryError             the tool registry is faulty
    ├── PinError                  the pin file cannot be read or written
    ├── NameRefusedError          a server or tool name breaks the naming rules or is taken
    ├── CallError                 one call got no answer; `sent` says whether the server may have seen it
    │   ├── ServerDownError           the server is not connected
    │   ├── CallTimeoutError          no answer in time
    │   └── ServerFailedError         the server answered with a protocol error or with something that is no answer
    ├── AnswerInvalidError        an answer that is not JSON, too deep, or not what the tool's schema promises
    ├── ActRefusedError           the act door did not send a change
    └── OutcomeUnknownError       a change was sent and nobody knows whether it happened: ask at the target

A read that fails raises none of these to its caller: it becomes evidence with status `error` or `refused`.
"""


class AgentError(Exception):
    """Base of everything the analyst raises on purpose."""


class BrainError(AgentError):
    """A brain failed or answered in another form than asked; the embedded brain takes the decision."""


class ModelRecordError(AgentError):
    """The file in which a home remembers what its models are fit for cannot be read."""


class HostError(AgentError):
    """Something about servers, tools or their connections."""


class ConnectionConfigError(HostError):
    """An entry of a `mcpServers` file cannot be used. The message says which entry, which key, and why."""


class RegistryError(HostError):
    """The table that says what reads and what changes is faulty."""


class PinError(HostError):
    """The file of accepted tool definitions cannot be read or written."""


class NameRefusedError(HostError):
    """A server or tool name that breaks the naming rules, or that another one has already."""


class CallError(HostError):
    """One call got no answer."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent
        """Whether the server may have seen the request."""


class ServerDownError(CallError):
    """The server is not connected, or went away while it was asked."""


class CallTimeoutError(CallError):
    """The server did not answer in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=True)


class ServerFailedError(CallError):
    """The server answered with a protocol error, or with something that is no answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=True)


class AnswerInvalidError(HostError):
    """An answer that cannot be kept as evidence: not JSON, or not what the tool's output schema promises."""


class ActRefusedError(HostError):
    """The act door did not send a change; nothing happened."""


class OutcomeUnknownError(HostError):
    """A change was sent and its answer never came: it may have happened. Ask at the target before anything else."""
