"""What came back, made into an answer that can be kept: checked against the pinned schema, bounded, and classed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from agent.errors import AnswerInvalidError
from agent.evidence.entities import moment_of
from agent.host.bounds import bounded
from agent.host.envelope import Action, Envelope, envelope_in
from agent.host.link import Raw
from agent.host.schemas import Check
from agent.host.tools import split_name
from agent.models import Backend, EvidenceStatus, JsonObject, Provenance, World

REAL_SOURCE = "real source"
"""Why a lab case refuses an answer of the site."""
_MOST_TEXT = 400
_OLD = timedelta(minutes=1)
"""Data of an earlier time than this before the question are told with their time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, ready for the ledger. Without `data` it proves nothing but that the question was asked."""

    status: EvidenceStatus
    summary: str
    backend: Backend
    data: JsonValue = None
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    sensor: str | None = None
    synthetic: bool = False
    truncated: bool = False
    error: str | None = None
    hint: str | None = None
    cost_ms: float = 0.0
    settled: bool = True
    """Whether asking again in this case would bring the same; False when the call never got an answer."""
    action: Action | None = None
    """Of a change: what was done, and what reading back showed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answers of one tool are read."""

    tool: str
    trusted: bool
    check: Check | None
    """Of the pinned output schema; None when the tool promises nothing."""
    provenance: Mapping[str, Provenance]
    """Class per path by the pinned output schema; empty for a server that is not trusted."""
    world_neutral: bool
    most_chars: int
    setting: str = ""
    """The setting that puts a product behind its server; empty where nobody knows one."""

    @property
    def server(self) -> str:
        """The server's name."""
        return split_name(self.tool)[0]


def refused(error: str, hint: str, backend: Backend) -> Answer:
    """A call that the host did not make, or whose answer it dropped unread."""
    return Answer("refused", f"refused: {error}", backend, error=error, hint=hint)


def failed(error: str, hint: str, backend: Backend, *, settled: bool = True) -> Answer:
    """A call that brought no answer: an error, which is never "nothing found"."""
    return Answer("error", f"no answer: {error}", backend, error=error, hint=hint, settled=settled)


def other_world(world: World, backend: Backend | None, reading: Reading) -> Answer | None:
    """The refusal of an answer from the wrong world; None when it may be used, or nobody knows yet."""
    if backend == "embedded" and world == "site":
        return _no_product(reading)
    if backend == "real" and world == "lab" and not reading.world_neutral:
        return refused(REAL_SOURCE, "a lab case never asks the real site", "real")
    return None


def _no_product(reading: Reading) -> Answer:
    """A site case has nobody to ask where only the simulated enterprise would answer."""
    server = reading.server
    if not reading.setting:
        return refused(f"{server}: it answers from a simulation", "a site case never rests on one", "embedded")
    hint = f"mcpsoc servers show {server} names the products; a site case never rests on the lab"
    return refused(f"{server}: no product is connected ({reading.setting})", hint, "embedded")


def read_result(raw: Raw, reading: Reading, world: World, now: datetime | None = None) -> Answer:
    """The answer in a tool's result. Nothing of it is kept when it comes from the wrong world or breaks its schema.
    `now` is when it was asked for: data that do not speak for what was asked are told with their age.

    Raises: AnswerInvalidError when it is not what the tool promised, or not JSON."""
    envelope = envelope_in(raw.structured)
    backend: Backend = "real" if envelope is None else _backend(envelope)
    if (refusal := other_world(world, backend, reading)) is not None:
        return refusal
    if envelope is None and raw.failed:
        return failed(_line(" ".join(raw.texts)) or f"{reading.tool} failed without a reason", "", backend)
    whole: JsonValue = raw.structured if raw.structured is not None else _parsed(raw.texts, reading.tool)
    kept, cut = bounded(whole, reading.most_chars)
    if not cut and reading.check is not None and (problem := reading.check(kept)) is not None:
        raise AnswerInvalidError(f"{reading.tool} broke its own output schema: {problem}")
    if envelope is None:
        summary = f"{reading.tool} answered" + (", cut to size" if cut else "")
        return Answer("success", summary, backend, data=kept, truncated=cut)
    return _enveloped(envelope, reading, backend, now, cut=cut)


def _backend(envelope: Envelope) -> Backend:
    """Whatever is simulated counts as the lab, also when it calls itself real."""
    return "embedded" if envelope.source.synthetic else envelope.source.backend


def _enveloped(envelope: Envelope, reading: Reading, backend: Backend, now: datetime | None, *, cut: bool) -> Answer:
    data, shortened = bounded(envelope.data, reading.most_chars) if cut else (envelope.data, False)
    return Answer(
        status=envelope.status,
        summary=_line(envelope.summary) if reading.trusted else f"{reading.tool} answered {envelope.status}",
        backend=backend,
        data=data,
        provenance=_provenance(envelope, reading),
        sensor=envelope.source.sensor if reading.trusted else None,
        synthetic=envelope.source.synthetic,
        truncated=envelope.truncated or shortened,
        error=_problem(envelope, now),
        hint=None if envelope.error is None else _line(envelope.error.hint) or None,
        action=envelope.action,
    )


def _problem(envelope: Envelope, now: datetime | None) -> str | None:
    """What is wrong with the answer; where its data are old, also of when they are."""
    if envelope.error is None:
        return None
    said = f"{envelope.error.code}: {envelope.error.message}"
    as_of = moment_of(envelope.source.time)
    old = envelope.status == "stale" and now is not None and as_of is not None and as_of + _OLD < now
    return _line(f"{said}; the data are of {envelope.source.time}" if old else said)


def _provenance(envelope: Envelope, reading: Reading) -> Mapping[str, Provenance]:
    """By the pinned schema; the answer itself may only take trust away."""
    doubted = {path: Provenance.UNTRUSTED for path in envelope.untrusted if path in reading.provenance}
    return {**reading.provenance, **doubted} if doubted else reading.provenance


def _parsed(texts: tuple[str, ...], tool: str) -> JsonValue:
    """The texts of a server that has no structured content: JSON where the only text is an object or array."""
    if not any(text.strip() for text in texts):
        raise AnswerInvalidError(f"{tool} answered with nothing at all")
    if len(texts) == 1 and texts[0].lstrip()[:1] in ("{", "["):
        try:
            parsed: JsonObject | list[JsonValue] = json.loads(texts[0])
        except (ValueError, RecursionError):
            return {"text": list(texts)}
        return parsed
    return {"text": list(texts)}


def _line(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
