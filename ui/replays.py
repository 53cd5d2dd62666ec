"""Stored cases run again, for whoever asks: which cases, by which brain, with which limits. Nothing here prints."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.brain.protocol import Brain
from agent.investigation.state import Limits
from agent.models import Case
from agent.playbooks.format import load_playbooks
from agent.replay.brains import BrainOf, brain_named
from agent.replay.comparing import Candidate, Comparison, Ended, Results, as_stored, compare, run_all
from agent.replay.difference import Difference, difference
from agent.replay.stability import repeated
from agent.replay.stored import Stored, open_stored
from agent.settings import Settings
from agent.wording import Language
from evals.frozen.format import candidates_of
from evals.frozen.freezing import freeze
from evals.results import read_results, split_side
from ui.cli.output import say
from ui.errors import UsageError
from ui.home import Home
from ui.settings import Settings as UiSettings
from ui.store import find_case, list_cases

OnCase = Callable[[str, Ended], None]
"""Told the side and how each of its cases ended."""


@dataclass(frozen=True, slots=True)
class Tell:
    """How a person is told what a model will be sent."""

    tell: Callable[[str], None]
    language: Language


STORED = "stored"
"""Name of the side that is not run again."""


def replay_case(home: Home, name: str, brain: str, runs: int, tell: Tell) -> Difference:
    """One stored case beside the same case run again. Raises: ReplayError, ModelUnfitError, UsageError."""
    stored, playbooks = open_stored(find_case(home, name)), load_playbooks()
    chosen = brain_in(home, brain, tell)
    run = asyncio.run(repeated(stored, chosen, playbooks, runs, limits=limits_of(Settings(home=home.root))))
    found = difference(stored, run, playbooks)
    return found.model_copy(update={"stability": run.report.stability if runs > 1 else None})


def compare_sides(
    home: Home, a: str, b: str, *, folder: Path | None, cases: Sequence[str], on_case: OnCase, tell: Tell
) -> Comparison:
    """Two brains over the same cases, or two files of results. Raises: ReplayError, EvalError, UsageError."""
    files = [name for name in (a, b) if is_file(name)]
    if len(files) == 2 and (folder is not None or cases):
        raise UsageError("two files of results bring their cases along")
    if len(files) == 2:
        return compare(read_results(a), read_results(b))
    candidates = _candidates(home, folder, cases)
    first, second = (_side(home, name, candidates, on_case, tell) for name in (a, b))
    return compare(first, second)


def is_file(name: str) -> bool:
    """Whether a side is a file of results; a brain never is one."""
    return split_side(name)[0].is_file()


def freeze_case(home: Home, name: str, to: Path, *, outsiders: bool) -> Path:
    """The folder of the frozen case. Raises: NotFrozenError, ReplayError."""
    to.mkdir(parents=True, exist_ok=True)
    return asyncio.run(freeze(find_case(home, name), to, load_playbooks(), outsiders=outsiders))


def brain_in(home: Home, name: str, tell: Tell) -> BrainOf:
    """The brain of that name, with what the installation remembers of models. Raises: ReplayError, ModelUnfitError."""
    settings = Settings(home=home.root)
    return brain_named(name, settings, home.installation.root, tell=tell.tell, language=tell.language)


def configured_brain(name: str = "") -> BrainOf:
    """The brain of that name, or the one that the settings switch on, built when the first case asks for it."""
    built: list[BrainOf] = []

    def brain_of(stored: Stored) -> Brain:
        if not built:
            settings = Settings()
            told = Tell(say, UiSettings().lang or "en")
            built.append(brain_in(Home(settings.root), name or settings.brain, told))
        return built[0](stored)

    return brain_of


def limits_of(settings: Settings) -> Limits:
    """What one investigation may spend by the settings."""
    return Limits(settings.max_calls, settings.max_rounds, settings.max_seconds)


def _side(home: Home, name: str, candidates: Sequence[Candidate], on_case: OnCase, tell: Tell) -> Results:
    if is_file(name):
        return read_results(name)
    if name == STORED:
        return as_stored(candidates)
    run = run_all(
        candidates,
        brain_in(home, name, tell),
        load_playbooks(),
        limits=limits_of(Settings(home=home.root)),
        on_case=lambda ended: on_case(name, ended),
    )
    return asyncio.run(run).model_copy(update={"brain": name})


def _candidates(home: Home, folder: Path | None, names: Sequence[str]) -> tuple[Candidate, ...]:
    if folder is not None and names:
        raise UsageError("name cases or --set, not both")
    if folder is not None:
        return candidates_of(folder)
    chosen = names or [row.id for row in list_cases(home, None)]
    cases = [find_case(home, name) for name in chosen]
    investigated = [case for case in cases if case.report is not None]
    if not investigated:
        raise UsageError(
            "no investigated case; try {first} or {second}", first="mcpsoc demo", second="mcpsoc triage FILE"
        )
    return tuple(_candidate(case) for case in investigated)


def _candidate(case: Case) -> Candidate:
    return Candidate.of(open_stored(case), case.human)
