"""What went wrong on the wire, told as one of our errors: in one line, without keys, and whether it may pass."""

import hashlib
from typing import TYPE_CHECKING, Final

from agent.brain.endpoint.errors import (
    EndpointDownError,
    EndpointFailedError,
    EndpointSlowError,
    ModelError,
    RateLimitedError,
    RefusedError,
)
from agent.evidence.text import inert
from knowledge.trust.masking import mask_secrets

if TYPE_CHECKING:
    from openai import APIStatusError

_TOLD: Final = 300
"""Characters of what an endpoint said."""
_FIRST_S: Final = 0.2
_MOST_S: Final = 8.0
_PASSING: Final = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
_FILTERS: Final = ("content_filter", "content_policy", "responsible_ai", "safety system")
_SPENT: Final = ("insufficient_quota", "billing")


def told_failure(error: Exception, secrets: tuple[str, ...], *, begun: bool = False) -> ModelError:
    """The error for what a library raised. `begun`: whether a part of the answer had come."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error.__cause__, ModelError):
        return error.__cause__
    if isinstance(error, APITimeoutError) and type(error.__cause__).__name__ != "ConnectTimeout":
        return EndpointSlowError("no answer in time")
    if isinstance(error, APIStatusError):
        return _of_status(error, secrets)
    if begun:
        return EndpointFailedError(f"the answer broke off in the middle ({type(error).__name__})")
    if isinstance(error, APIConnectionError | OSError):
        cause = type(error.__cause__ or error).__name__
        return EndpointDownError(f"no connection to the endpoint ({cause})")
    return EndpointFailedError(f"{type(error).__name__}: {clean(str(error), secrets)}")


def _of_status(error: "APIStatusError", secrets: tuple[str, ...]) -> ModelError:
    status, said = error.status_code, _said(error)
    told = f"the endpoint answered {status}: {clean(said, secrets)}" if said else f"the endpoint answered {status}"
    folded = f"{said} {error.code or ''} {error.type or ''}".lower()
    if status == 429 and not any(word in folded for word in _SPENT):
        return RateLimitedError(told, retry_after_s=_retry_after(error))
    if status in (400, 403, 422) and any(word in folded for word in _FILTERS):
        return RefusedError(told)
    return EndpointFailedError(told, status=status)


def _said(error: "APIStatusError") -> str:
    """The words of the endpoint, out of the usual wrapping."""
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) else str(body or "")


def _retry_after(error: "APIStatusError") -> float | None:
    """Seconds, from either header; a date is not waited for."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def clean(text: str, secrets: tuple[str, ...], clip: int = _TOLD) -> str:
    """One line without anything that is secret here or looks as if it were somewhere."""
    for secret in secrets:
        text = text.replace(secret, "[masked]")
    return inert(mask_secrets(" ".join(text.split())), clip)


def passing(error: ModelError) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, EndpointFailedError):
        return error.status is None or error.status in _PASSING
    return isinstance(error, EndpointDownError | RateLimitedError)


def pause_before(attempt: int, error: ModelError, seed: str) -> float:
    """Seconds before the request is sent for the `attempt`-th time again, from 1: what the endpoint asks for, else
    twice as long each time, give or take a quarter that `seed` settles."""
    if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
        return error.retry_after_s
    share = int.from_bytes(hashlib.sha256(f"{seed} {attempt}".encode()).digest()[:4], "big") / 2**32
    return min(_MOST_S, _FIRST_S * 2.0 ** (attempt - 1)) * (0.75 + share / 2)
