"""Every error as an answer: which status and code stand for what went wrong inside."""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.cases.errors import CaseConflictError, CaseNotFoundError, CaseStateError, StoreError
from agent.conversation.errors import (
    ChatError,
    EvidenceNotFoundError,
    QuestionError,
    RunBusyError,
    RunNotFoundError,
    ThreadNotFoundError,
    ThreadStoreError,
)
from agent.evidence.text import inert
from agent.response.errors import PolicyError
from knowledge.trust.errors import TrustError
from ui.api.errors import Refusal

CODES: Final[Mapping[type[Exception], tuple[int, str, str | None]]] = {
    CaseNotFoundError: (404, "no_case", None),
    CaseStateError: (409, "wrong_state", "look at the case again: somebody may have changed it"),
    CaseConflictError: (409, "changed_meanwhile", "look at the case again and decide again"),
    ThreadNotFoundError: (404, "no_thread", None),
    RunNotFoundError: (404, "no_run", None),
    EvidenceNotFoundError: (404, "no_evidence", None),
    QuestionError: (422, "bad_question", None),
    RunBusyError: (409, "busy", "wait for the answer, or stop it"),
    ChatError: (503, "chat_failed", "mcpsoc doctor"),
    ThreadStoreError: (503, "chat_failed", "mcpsoc doctor"),
    PolicyError: (503, "policy_faulty", "mcpsoc doctor"),
    StoreError: (503, "store_failed", "mcpsoc doctor"),
    TrustError: (503, "audit_failed", "mcpsoc doctor"),
}
"""Error to status, code and hint; of several that fit, the most special one."""

MOST_TOLD: Final = 600
"""Characters of a message; it may repeat what was asked for."""
HTTP_CODES: Final[Mapping[int, str]] = {404: "no_such_route", 405: "wrong_method"}


def refuse_errors(app: FastAPI) -> None:
    """Make every error of the application an answer of one form."""
    for kind in CODES:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _bug)


def refusal_of(error: Exception) -> Refusal:
    """The answer that stands for an error of ours."""
    known = next((kind for kind in type(error).__mro__ if kind in CODES), None)
    if known is None:
        return Refusal(500, "internal", "something went wrong here", "the log of the API says more")
    status, code, hint = CODES[known]
    return Refusal(status, code, inert(str(error), MOST_TOLD), hint)


async def _expected(_: Request, error: Exception) -> Response:
    return refusal_of(error).response()


async def _not_understood(_: Request, error: Exception) -> Response:
    """Which part of the request is wrong and why; never what was sent."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = dict.fromkeys(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults)
    return Refusal(422, "bad_request", inert("; ".join(list(told)[:3]), None), "see /docs").response()


async def _of_http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = HTTP_CODES.get(status, "http_error")
    return Refusal(status, code, inert(str(getattr(error, "detail", ""))), "see /docs").response()


async def _bug(_: Request, error: Exception) -> Response:
    """Nothing of what went wrong is told to whoever asked; the process logs it."""
    return refusal_of(error).response()
