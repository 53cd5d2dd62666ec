"""What the command line says instead of a traceback.

UiError
├── UsageError        the command was asked for in a way that cannot be carried out      exit 2
└── CheckFailedError  it was carried out and found something wrong                       exit 1
"""


class UiError(Exception):
    """A message for the person at the terminal: a template of the catalogues and the values for its `{names}`."""

    exit_code = 1

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template = template
        self.values = values


class UsageError(UiError):
    """Wrong argument, missing file, unknown case."""

    exit_code = 2


class CheckFailedError(UiError):
    """A check came out wrong: a signature, a claim, a file that should be readable."""


def exit_code(error: Exception) -> int:
    """2 for what cannot be carried out as asked, 1 for what went wrong on the way."""
    from agent.brain.endpoint.errors import ModelUnfitError
    from agent.cases.errors import CaseNotFoundError, CaseStateError
    from agent.hunting.errors import HuntError
    from agent.replay.errors import ReplayError
    from evals.errors import DataMissingError, NotFrozenError, SuiteUnknownError
    from knowledge.errors import DocumentError, NotThereError

    asked_wrongly = (
        CaseNotFoundError,
        CaseStateError,
        DataMissingError,
        DocumentError,
        HuntError,
        ModelUnfitError,
        NotFrozenError,
        NotThereError,
        ReplayError,
        SuiteUnknownError,
    )
    return error.exit_code if isinstance(error, UiError) else 2 if isinstance(error, asked_wrongly) else 1


def is_expected(error: Exception) -> bool:
    """Whether `error` tells a person something (one line will do) or is a bug (the traceback is wanted).

    Called only once something has gone wrong, so that a good run never imports what it does not use."""
    from agent.errors import AgentError
    from evals.errors import EvalError
    from knowledge.errors import KnowledgeError
    from knowledge.trust.errors import TrustError
    from servers.errors import ServerError

    return isinstance(error, (UiError, AgentError, EvalError, KnowledgeError, TrustError, ServerError))
