"""What the API answers instead of what was asked for.

Refusal    an HTTP status with a code for programs, a message for people and a hint what to do

Every error of the API has one body: {"error": {"code", "message", "hint"}}. No message holds a credential.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ui.api.models import Problem, ProblemReport


class Refusal(Exception):
    """The request is refused; see the package's table of codes in the documentation of the API."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = headers

    def response(self) -> Response:
        """The answer that says so."""
        report = ProblemReport(error=Problem(code=self.code, message=self.message, hint=self.hint))
        return Response(report.model_dump_json(), self.status, self.headers, media_type="application/json")


async def refused(_: Request, error: Exception) -> Response:
    """Handler of `Refusal` for an application."""
    if not isinstance(error, Refusal):
        raise error
    return error.response()
