"""Every suite there is, and how to run one by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.replay.stored import Stored
from evals.errors import DataMissingError, EvalError, SuiteUnknownError
from evals.pipeline import BrainFactory, playbook_brain, site_judge
from evals.report import Report
from evals.suites.chat import OpenDesk, run_chat, run_chat_model
from evals.suites.frozen import run_frozen
from evals.suites.hunts import run_hunts
from evals.suites.questions import run_retrieve_docs
from evals.suites.retrieval import run_retrieval
from evals.suites.stories import picked, run_stories
from evals.suites.triage_labelled import run_triage_labelled

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants measured."""

    seeds: int = 3
    first_seed: int = 1
    data: Path | None = None
    """The labelled alerts or sentences; only for suites that need data."""
    attack: Path | None = None
    """Folder of ATT&CK; only for suites that fit on it."""
    open_desk: OpenDesk | None = None
    """Puts the product together over a home; only for suites that talk with it."""
    brain: BrainFactory = playbook_brain
    """Who decides about stories and labelled alerts."""
    only: tuple[str, ...] = ()
    """Stories to run, each `FAMILY` or `FAMILY:KIND`; none: all."""
    brain_of: Callable[[Stored], Brain] = lambda stored: PlaybookBrain()
    """Who decides about frozen cases."""
    progress: Progress = lambda line: None
    """Told each finished step; the command line prints it on stderr."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One thing that can be measured."""

    name: str
    about: str
    needs_data: bool
    run: Callable[[Request], Awaitable[Report]]


async def run_suite(name: str, request: Request) -> Report:
    """Run the suite of that name, or the frozen cases of the folder of that name; a cancelled run returns what it
    had, marked `interrupted`.

    Raises: SuiteUnknownError, DataMissingError, DataBrokenError."""
    suite = SUITES.get(name)
    if suite is None and (folder := Path(name)).is_dir():
        return await run_frozen(folder, request.brain_of, progress=request.progress)
    if suite is None:
        raise SuiteUnknownError(f"no suite {name!r}; there are: {', '.join(SUITES)}")
    if suite.needs_data and request.data is None:
        raise DataMissingError(f"suite {name!r} needs a data file: --data FILE")
    return await suite.run(request)


async def _stories(request: Request) -> Report:
    return await run_stories(
        seeds=request.seeds,
        first_seed=request.first_seed,
        progress=request.progress,
        stories=picked(request.only) if request.only else None,
        brain=request.brain,
    )


async def _triage_labelled(request: Request) -> Report:
    brain = request.brain()
    async with site_judge(lambda: brain) as judge:
        path = request.data or Path()
        return await run_triage_labelled(path, judge, progress=request.progress, brain=brain.name)


async def _hunts(request: Request) -> Report:
    return await run_hunts(seeds=request.seeds, first_seed=request.first_seed, progress=request.progress)


async def _chat(request: Request) -> Report:
    return await run_chat(_product(request), progress=request.progress)


async def _chat_model(request: Request) -> Report:
    return await run_chat_model(_product(request), progress=request.progress)


async def _retrieve_docs(request: Request) -> Report:
    return await run_retrieve_docs(request.progress)


async def _retrieve_attack(request: Request) -> Report:
    if request.attack is None:
        raise DataMissingError("suite 'retrieve-attack' fits on ATT&CK: --attack DIR")
    return await run_retrieval(request.data or Path(), request.attack, request.progress)


def _product(request: Request) -> OpenDesk:
    if request.open_desk is None:
        raise EvalError("this suite talks with the whole product: run it with mcpsoc eval run --suite chat")
    return request.open_desk


SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("stories", "every story of seeded labs against the lab's ground truth", False, _stories),
        Suite("triage-labelled", "alerts labelled TP or FP by somebody else, as site alerts", True, _triage_labelled),
        Suite("chat", "questions over ten labs, held against what is true there", False, _chat),
        Suite("chat-model", "ten conversations with the language model that is switched on", False, _chat_model),
        Suite("hunts", "hypotheses in analysts' words, where they hold and where they do not", False, _hunts),
        Suite("retrieve-attack", "sentences to the ATT&CK technique they are labelled with", True, _retrieve_attack),
        Suite(
            "retrieve-docs", "questions that the shipped documents answer, and some they do not", False, _retrieve_docs
        ),
    )
}
"""Name to suite."""
