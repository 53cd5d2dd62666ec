"""The envelope our servers put around every answer. Anybody may send one; what it says is held against who sent it."""

from typing import Literal

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


class Guard(Model):
    """What forbids a change, grant or not."""

    guard: str
    why: str


class UndoCall(Model):
    """The call that takes a change back."""

    tool: str
    arguments: JsonObject


class Action(Model):
    """What a change would do, or did. Only change tools answer with one."""

    mode: Literal["plan", "execute"]
    action_id: str | None
    state: Literal["planned", "done", "unknown", "failed", "ended"]
    verified: Literal[True, False, "unknown"] | None
    """Whether reading back at the backend showed the effect; None before."""
    target: str
    blast_radius: str
    risk: Literal["low", "medium", "high"]
    undo: UndoCall | None
    expires_at: str | None
    expiry: Literal["lapse", "hold"] | None
    dry_run: Literal["passed", "not_offered"] | None
    guards: tuple[Guard, ...]
    repeated: bool
    """Whether this is the record of an earlier call under the same key: nothing was done again."""


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
    action: Action | None = None


def envelope_in(structured: JsonObject | None) -> Envelope | None:
    """The envelope, if that is what was sent."""
    if structured is None or "source" not in structured or "status" not in structured:
        return None
    try:
        return Envelope.model_validate(structured)
    except ValidationError:
        return None
