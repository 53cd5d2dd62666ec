"""What can go wrong with a model.

ModelError                 base; `usage` is what the failed call cost
├── EndpointDownError      nobody answers there: no connection, or it broke before an answer began
├── EndpointSlowError      no whole answer in time
├── RateLimitedError       too many requests; `retry_after_s` is when it wants to be asked again
├── EndpointFailedError    the endpoint answered with an error, or with what is no answer of such an endpoint; `status`
├── RefusedError           the model, or a filter before it, will not answer
├── NonsenseError          an answer came and cannot be used
├── BudgetSpentError       a limit of ours is reached: the call was not made
├── AccountError           what models cost cannot be read or written: nothing is asked without it
└── ModelUnfitError        the model was measured, or is set up, in a way that must not be used

No message holds a key, a header's value or the password of a URL.
"""

from typing import Literal

from agent.errors import AgentError
from agent.models import Usage

Scope = Literal["case", "tenant", "day"]
Measure = Literal["calls", "tokens", "seconds", "money"]


class ModelError(AgentError):
    """A model gave no usable answer; the message says what happened, without the key."""

    def __init__(self, message: str, *, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = usage or Usage()
        """What was spent on it all the same; the layers above add to it."""


class EndpointDownError(ModelError):
    """There is no connection, or it broke before an answer began."""


class EndpointSlowError(ModelError):
    """No whole answer came within the time that one answer may take."""


class RateLimitedError(ModelError):
    """Too many requests, and waiting as long as the endpoint asks is longer than an answer may take."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, usage: Usage | None = None) -> None:
        super().__init__(message, usage=usage)
        self.retry_after_s = retry_after_s
        """When it wants to be asked again, in seconds; None when it does not say."""


class EndpointFailedError(ModelError):
    """An error of the endpoint, or something that is no answer of an OpenAI-compatible endpoint."""

    def __init__(self, message: str, *, status: int | None = None, usage: Usage | None = None) -> None:
        super().__init__(message, usage=usage)
        self.status = status
        """HTTP status; None when the answer broke off or could not be read."""


class RefusedError(ModelError):
    """The model refuses, or a content filter stopped the request or the answer."""


class NonsenseError(ModelError):
    """The answer is not in the form asked for, also after it was told so."""


class BudgetSpentError(ModelError):
    """A budget has no room for this call; nothing was sent."""

    def __init__(self, scope: Scope, what: Measure, limit: float, spent: float, reason: str = "") -> None:
        """`reason`: in words, where the numbers alone do not say it."""
        told = reason or f"the budget of {what} per {scope} is spent ({spent:g} of {limit:g})"
        super().__init__(told)
        self.scope = scope
        self.what = what
        self.limit = limit
        self.spent = spent


class AccountError(ModelError):
    """The account of what models cost cannot be used; without it no limit would hold."""


class ModelUnfitError(ModelError):
    """This model must not be used for this; the message says why."""
