"""Conversations with a model, recorded once and played back without one: `python -m evals.recording --base-url URL`.

A scenario is a case of a fresh lab, or one question of a chat, decided by whatever model answers at the endpoint. What
went over the wire is kept in `tests/cassettes/NAME.yaml`, what came of it in `NAME.json` beside it. The same scenario
sends the same bytes again, so that the cassette can stand in for the endpoint; a request that it does not know means
that a prompt has changed, and that the cassette has to be recorded again.

Two scenarios show what a capable model seldom does by itself. In these the recorder puts one answer, or one wish, into
the conversation and forwards everything else to the endpoint; both are labelled.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Final, Literal, Protocol, TypedDict
from urllib.parse import urlsplit

from agent.brain.endpoint.client import HttpEndpoint
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint
from agent.brain.model import ModelBrain
from agent.conversation.intents import INTENTS
from agent.conversation.model import ModelChat
from agent.conversation.models import Answer
from agent.conversation.service import ChatService
from agent.conversation.threads import ThreadStore
from agent.conversation.understanding import build_understanding
from agent.models import JsonObject, Model, Report
from agent.settings import Settings
from evals.errors import EvalError
from evals.forwarding import PROSE, Forwarding, Meddling, asks_to_see, prose_first
from evals.pipeline import Pipeline, lab_pipeline
from evals.suites.truth import Truth, truths
from servers.lab.world import Lab

CASSETTES: Final = Path(__file__).parents[1] / "tests" / "cassettes"
SEED: Final = 41
PLACE: Final = "http://127.0.0.1:9/v1"
"""Where a played-back endpoint is said to be: on this machine, at a port where nothing listens."""
KEPT_HEADERS: Final = frozenset({"content-type"})
"""Headers that are kept; all others are secret, or change with a library or a day."""
LABEL: Final = (
    "# Recorded through a local relay: a large language model wrote each answer, knowing nothing but the request.\n"
    "# No vendor's API was called. Record again: python -m evals.recording --base-url URL --only {name}\n"
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation that is recorded."""

    name: str
    about: str
    story: tuple[str, str]
    """Family and kind of the story that it is about."""
    question: str = ""
    """Of a chat: what is asked; empty: the story's alert is judged."""
    mode: Literal["json_schema", "json"] = "json_schema"
    meddling: Meddling | None = None
    """What the recorder puts into the conversation."""


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("attack", "a password spray that got into an account", ("password_spray", "attack")),
    Scenario("twin", "a registered program that looks like an intruder's service", ("admin_share", "benign_twin")),
    Scenario("blind", "a mass download with the proxy's log missing", ("mass_download", "sensor_blind")),
    Scenario(
        "repair",
        "an answer in prose, put in by the recorder, and how the model mends it",
        ("malware_workstation", "attack"),
        mode="json",
        meddling=prose_first,
    ),
    Scenario(
        "expand",
        "a part of an answer that is asked for, by the recorder where the model does not, and what the model does with"
        " it",
        ("web_shell", "attack"),
        meddling=asks_to_see,
    ),
    Scenario("chat", "a question in words", ("password_spray", "attack"), question="Who failed to sign in most today?"),
)


class Outcome(Model):
    """What came of a scenario; the same when it is played back."""

    model: str
    """The name that the endpoint was asked for."""
    decisions: tuple[str, ...] = ()
    """`step by`, in order."""
    repaired: int = 0
    expanded: int = 0
    second: str | None = None
    """What a second look concluded."""
    disposition: str = ""
    severity: str = ""
    concluded: str = ""
    """What the model itself concluded."""
    sentences: tuple[str, ...] = ()
    """Of a chat's answer."""
    requests: int = 0


class StaleCassetteError(EvalError):
    """The product asks something that was not recorded; the message is the command that records it again."""


class Sent(Protocol):
    """A request as a cassette has it."""

    uri: str
    body: bytes | None
    headers: dict[str, str]


@dataclass(slots=True)
class Tape:
    """What is known of a conversation while it is recorded or played back."""

    name: str
    netloc: str
    path: str
    bodies: list[bytes] = field(default_factory=list)
    """Every body that was sent, in order."""
    strange: list[bytes] = field(default_factory=list)
    """Bodies that the cassette does not know."""

    def request_kept(self, request: Sent) -> Sent | None:
        """A request as it is kept: nothing secret, nothing that changes; None for one to somebody else.

        It is called more than once for a request."""
        here = urlsplit(request.uri)
        if here.netloc not in (self.netloc, urlsplit(PLACE).netloc):
            return None
        if (body := bytes(request.body or b"")) not in self.bodies:
            self.bodies.append(body)
        if here.netloc != urlsplit(PLACE).netloc:
            request.uri = f"{PLACE}{here.path.removeprefix(self.path.rstrip('/'))}"
        for name in list(request.headers):
            if name.lower() not in KEPT_HEADERS:
                del request.headers[name]
        return request

    def check(self) -> None:
        """Raises: StaleCassetteError when something was asked that was not recorded."""
        if self.strange:
            raise StaleCassetteError(
                f"{len(self.strange)} of {len(self.bodies)} requests of {self.name!r} are not in its cassette: a"
                f" prompt, the schema or the evidence has changed. Record it again:"
                f" python -m evals.recording --base-url URL --only {self.name}"
            )


def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises: EvalError when there is none."""
    found = next((item for item in SCENARIOS if item.name == name), None)
    if found is None:
        raise EvalError(f"no scenario {name!r}; there are: {', '.join(item.name for item in SCENARIOS)}")
    return found


@contextmanager
def tape(wanted: Scenario, url: str, *, record: bool, folder: Path = CASSETTES) -> Iterator[Tape]:
    """The cassette of a scenario between the product and the endpoint at `url`; only requests to that are on it."""
    vcr = import_module("vcr")
    path = folder / f"{wanted.name}.yaml"
    if record:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    rolling = Tape(wanted.name, urlsplit(url).netloc, urlsplit(url).path)
    recorder = vcr.VCR(match_on=("method", "path", "raw_body"), decode_compressed_response=True)
    with recorder.use_cassette(
        str(path),
        record_mode=vcr.mode.ALL if record else vcr.mode.NONE,
        before_record_request=rolling.request_kept,
        before_record_response=_answer_kept,
    ) as cassette:
        recorded = {bytes(request.body or b"") for request in cassette.requests}
        rolling.bodies.clear()
        try:
            yield rolling
        finally:
            rolling.strange = [] if record else [body for body in rolling.bodies if body not in recorded]
    if record and path.exists():
        path.write_text(_label(wanted) + path.read_text("utf-8"), "utf-8")


def _label(wanted: Scenario) -> str:
    """What a cassette says of itself."""
    put_in = f"# Not all of it is the model's: {wanted.about}.\n" if wanted.meddling else ""
    return LABEL.format(name=wanted.name) + put_in


class Answered(TypedDict):
    """An answer as a cassette has it."""

    status: JsonObject
    headers: dict[str, list[str]]
    body: dict[str, bytes]


def _answer_kept(answer: Answered) -> Answered:
    """An answer without the headers of the day."""
    headers = {name: value for name, value in answer["headers"].items() if name.lower() in KEPT_HEADERS}
    return {**answer, "headers": headers}


async def played(wanted: Scenario, url: str, model: str, *, timeout_s: float = 60.0) -> Outcome:
    """The scenario against the endpoint at `url`, in a fresh lab and home."""
    place = EndpointSettings(base_url=url)
    endpoint = HttpEndpoint(place, ModelSettings(retries=0), model, timeout_s)
    with TemporaryDirectory(prefix="mcpsoc-recording-") as folder:
        home = Path(folder)
        await asyncio.to_thread(copyfile, _lab(), home / "lab.db")
        try:
            if wanted.question:
                return await _chat(wanted, home, endpoint, place, timeout_s)
            return await _case(wanted, home, endpoint)
        finally:
            await endpoint.aclose()


def _lab() -> Path:
    """The lab of all scenarios, made once in a process; every run has a copy."""
    path = Path(_folder().name) / "lab.db"
    if not path.exists():
        Lab.create(path, SEED, stories=[*dict.fromkeys(item.story for item in SCENARIOS)]).close()
    return path


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="mcpsoc-recording-")


def _raised(raws: Sequence[JsonObject], story: tuple[str, str]) -> JsonObject:
    """The alert of that story."""
    known = truths(_lab())
    return next(raw for raw in raws if _story(known[str(raw["kibana.alert.uuid"])]) == story)


def _story(truth: Truth) -> tuple[str, str]:
    return truth.family, truth.kind


async def _case(wanted: Scenario, home: Path, endpoint: HttpEndpoint) -> Outcome:
    """The story's alert, judged by the model alone: what the embedded brain takes over is told."""
    brain = ModelBrain(endpoint, mode=wanted.mode, names="shown")
    async with lab_pipeline(home, home / "lab.db", brain=lambda: brain) as pipeline:
        raws = await pipeline.new_alerts()
        case = await pipeline.handle(_raised(raws, wanted.story))
    if case.report is None:
        raise EvalError(f"{wanted.name}: the case ended without a report")
    return _outcome(case.report, endpoint.model)


def _outcome(report: Report, model: str) -> Outcome:
    last = next(item for item in reversed(report.decisions) if item.step == "conclude").answer
    told = [
        str(message.get("content", ""))
        for decision in report.decisions
        for message in decision.messages
        if message.get("role") == "user"
    ]
    return Outcome(
        model=model,
        decisions=tuple(f"{item.step} {item.by}" for item in report.decisions),
        repaired=sum(message.get("content") == PROSE for item in report.decisions for message in item.messages),
        expanded=sum(text.startswith("Expanded.") for text in told),
        second=None if last.get("second") is None else str(last["second"]),
        disposition=report.verdict.disposition,
        severity=report.verdict.severity,
        concluded=str(last.get("disposition")),
    )


async def _chat(
    wanted: Scenario, home: Path, endpoint: HttpEndpoint, place: EndpointSettings, timeout_s: float
) -> Outcome:
    async with (
        lab_pipeline(home, home / "lab.db") as pipeline,
        _service(home, pipeline, endpoint, place, timeout_s) as chat,
    ):
        thread = await chat.create_thread("analyst")
        run = await chat.ask(thread.id, wanted.question, "analyst")
        async for _ in chat.follow(run.id, 0):
            continue
        answer = (await chat.run(run.id)).answer
    if answer is None:
        raise EvalError(f"{wanted.name}: the question was not answered")
    return Outcome(model=endpoint.model, decisions=(f"chat {answer.brain}",), sentences=_said(answer))


def _said(answer: Answer) -> tuple[str, ...]:
    return tuple(f"{sentence.kind}: {sentence.text}" for sentence in answer.sentences)


@asynccontextmanager
async def _service(
    home: Path, pipeline: Pipeline, endpoint: HttpEndpoint, place: EndpointSettings, timeout_s: float
) -> AsyncIterator[ChatService]:
    """A chat with that model over the pipeline's host."""
    settings = Settings(home=home, brain="model", model=endpoint.model, model_names="shown", model_timeout_s=timeout_s)
    with closing(ThreadStore(home / "threads.db")) as threads:
        async with ChatService(
            host=pipeline.host,
            threads=threads,
            understanding=build_understanding(),
            intents=INTENTS,
            brain=ModelChat(settings, place, endpoint),
            settings=settings,
            world="lab",
            tenant=settings.tenant("lab"),
            clock=lambda: pipeline.clock("lab"),
            audit=None,
        ) as chat:
            yield chat


async def record(wanted: Scenario, url: str, model: str, *, timeout_s: float, folder: Path = CASSETTES) -> Outcome:
    """Record one scenario at the endpoint, and play it back at once: what was kept has to be enough."""
    with _between(wanted, url, timeout_s) as place, tape(wanted, place, record=True, folder=folder) as rolling:
        outcome = await played(wanted, place, model, timeout_s=timeout_s)
    outcome = outcome.model_copy(update={"requests": len(rolling.bodies)})
    if any(taken.endswith(" playbook") for taken in outcome.decisions):
        raise EvalError(f"{wanted.name}: the embedded brain took over: {', '.join(outcome.decisions)}")
    (folder / f"{wanted.name}.json").write_text(outcome.model_dump_json(indent=2) + "\n", "utf-8")
    again = await played_back(wanted, folder=folder)
    if again != outcome:
        raise EvalError(f"{wanted.name}: played back it comes to something else: {again} instead of {outcome}")
    return outcome


def _between(wanted: Scenario, url: str, timeout_s: float) -> AbstractContextManager[str]:
    """The endpoint that the product is given: the real one, or one on loopback that puts something in."""
    return nullcontext(url) if wanted.meddling is None else _forwarded(url, wanted.meddling, timeout_s)


@contextmanager
def _forwarded(url: str, meddling: Meddling, timeout_s: float) -> Iterator[str]:
    with PlayedEndpoint(Forwarding(url, meddling, timeout_s)) as endpoint:
        yield endpoint.url


async def played_back(wanted: Scenario, *, folder: Path = CASSETTES) -> Outcome:
    """The scenario against its cassette, without an endpoint. Raises: StaleCassetteError."""
    before = kept(wanted, folder=folder)
    unknown = import_module("vcr.errors").CannotOverwriteExistingCassetteException
    with tape(wanted, PLACE, record=False, folder=folder) as rolling:
        try:
            outcome = await played(wanted, PLACE, before.model)
        except unknown:
            outcome = None
    rolling.check()
    if outcome is None:
        raise EvalError(f"{wanted.name}: the cassette was played further than it goes")
    return outcome.model_copy(update={"requests": len(rolling.bodies)})


def kept(wanted: Scenario, *, folder: Path = CASSETTES) -> Outcome:
    """What came of the scenario when it was recorded. Raises: EvalError when it has not been."""
    path = folder / f"{wanted.name}.json"
    if not path.is_file():
        raise EvalError(
            f"{wanted.name!r} is not recorded: python -m evals.recording --base-url URL --only {wanted.name}"
        )
    return Outcome.model_validate_json(path.read_bytes())


def readme(folder: Path = CASSETTES) -> str:
    """What the cassettes are, and what is on them."""
    rows = [
        f"| {item.name} | {item.about} | {outcome.model} | {outcome.requests} | {outcome.disposition or 'answered'} |"
        for item in SCENARIOS
        if (folder / f"{item.name}.json").is_file()
        for outcome in [kept(item, folder=folder)]
    ]
    return "\n".join([*README, *rows, ""])


README: Final = (
    "# Recorded conversations",
    "",
    "Each cassette holds what went over the wire between MCPSoc and an OpenAI-compatible endpoint. They were recorded",
    "through a local relay: a large language model wrote each answer, knowing nothing but the request. No vendor's API",
    "was called. In `repair` the first answer is prose that the recorder put in; in `expand` the wish to see a part of",
    "an answer may be the recorder's. Everything else is the model's own.",
    "",
    "The lab is synthetic; keys and changing headers are left out. Record again when a prompt changes:",
    "`python -m evals.recording --base-url URL [--only NAME]`.",
    "",
    "| cassette | what | model | requests | ended |",
    "|---|---|---|---|---|",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record the scenarios at an endpoint; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.recording", description="Record conversations with a model.")
    parser.add_argument("--base-url", required=True, help="an OpenAI-compatible endpoint, /v1 included")
    parser.add_argument("--model", default="relay", help="name that the endpoint is asked for")
    parser.add_argument("--only", action="append", metavar="NAME", help="one scenario; may be given again")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds that one answer may take")
    parser.add_argument("--to", type=Path, default=CASSETTES, help="folder of the cassettes")
    asked = parser.parse_args(arguments)
    wanted = [scenario(name) for name in asked.only] if asked.only else list(SCENARIOS)
    for item in wanted:
        sys.stderr.write(f"{item.name}: {item.about}\n")
        outcome = asyncio.run(record(item, asked.base_url, asked.model, timeout_s=asked.timeout, folder=asked.to))
        sys.stderr.write(f"{json.dumps(outcome.model_dump(mode='json'), ensure_ascii=False)}\n")
    (asked.to / "README.md").write_text(readme(asked.to), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
