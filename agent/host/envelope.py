"""The envelope our servers put around every answer. Anybody may send one; what it says is held against who sent it."""

from pydantic import JsonValue, ValidationError

from agent.models import Backend, EvidenceStatus, JsonObject, Model


class Source(Model):
    """Where an answer comes from."""

    server: str
    backend: Backend
    sensor: str | None
    query: str | None
    time: str
    synthetic: bool


class Problem(Model):
    """Why an answer is missing or not to be trusted whole."""

    code: str
    message: str
    hint: str


class Envelope(Model):
    """One answer of one tool of servers/kit."""

    ok: bool
    status: EvidenceStatus
    summary: str
    data: JsonValue
    source: Source
    untrusted: tuple[str, ...]
    """Paths inside `data` that hold text an outsider may have written."""
    truncated: bool
    total: int | None
    next_cursor: str | None
    error: Problem | None


def envelope_in(structured: JsonObject | None) -> Envelope | None:
    """The envelope, if that is what was sent."""
    if structured is None or "source" not in structured or "status" not in structured:
        return None
    try:
        return Envelope.model_validate(structured)
    except ValidationError:
        return None
