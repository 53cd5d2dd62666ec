"""Stored cases run again, for whoever asks: which cases, by which brain, with which limits. Nothing here prints."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from agent.investigation.state import Limits
from agent.models import Case
from agent.playbooks.format import load_playbooks
from agent.replay.brains import NAMES, BrainOf, brain_named
from agent.replay.comparing import Candidate, Comparison, Ended, Results, as_stored, compare, run_all
from agent.replay.difference import Difference, difference
from agent.replay.stability import repeated
from agent.replay.stored import open_stored
from agent.settings import Settings
from evals.frozen.format import candidates_of
from evals.frozen.freezing import freeze
from evals.results import read_results, split_side
from ui.errors import UsageError
from ui.home import Home
from ui.store import find_case, list_cases

STORED = "stored"
"""Name of the side that is not run again."""


def replay_case(home: Home, name: str, brain: str, runs: int = 1) -> Difference:
    """One stored case beside the same case run again. Raises: ReplayError, UsageError."""
    stored, settings = open_stored(find_case(home, name)), Settings(home=home.root)
    chosen = brain_named(brain, settings, home.root)
    playbooks = load_playbooks()
    run = asyncio.run(repeated(stored, chosen, playbooks, runs, limits=limits_of(settings)))
    found = difference(stored, run, playbooks)
    return found.model_copy(update={"stability": run.report.stability if runs > 1 else None})


def compare_sides(
    home: Home, a: str, b: str, *, folder: Path | None, cases: Sequence[str], on_case: Callable[[str, Ended], None]
) -> Comparison:
    """Two brains over the same cases, or two files of results. Raises: ReplayError, EvalError, UsageError."""
    files = [name for name in (a, b) if is_file(name)]
    if len(files) == 2 and (folder is not None or cases):
        raise UsageError("two files of results bring their cases along")
    if len(files) == 2:
        return compare(read_results(a), read_results(b))
    candidates = _candidates(home, folder, cases)
    first, second = (_side(home, name, candidates, on_case) for name in (a, b))
    return compare(first, second)


def is_file(name: str) -> bool:
    """Whether a side is a file of results; a brain never is one."""
    return split_side(name)[0].is_file()


def freeze_case(home: Home, name: str, to: Path, *, outsiders: bool) -> Path:
    """The folder of the frozen case. Raises: NotFrozenError, ReplayError."""
    to.mkdir(parents=True, exist_ok=True)
    return asyncio.run(freeze(find_case(home, name), to, load_playbooks(), outsiders=outsiders))


def configured_brain() -> BrainOf:
    """The brain that the settings switch on, built when the first case asks for it."""
    return lambda stored: _built()(stored)


@cache
def _built() -> BrainOf:
    settings = Settings()
    return brain_named(settings.brain, settings, settings.root)


def limits_of(settings: Settings) -> Limits:
    """What one investigation may spend by the settings."""
    return Limits(settings.max_calls, settings.max_rounds, settings.max_seconds)


def _side(home: Home, name: str, candidates: Sequence[Candidate], on_case: Callable[[str, Ended], None]) -> Results:
    if is_file(name):
        return read_results(name)
    if name == STORED:
        return as_stored(candidates)
    settings = Settings(home=home.root)
    run = run_all(
        candidates,
        brain_named(name, settings, home.root),
        load_playbooks(),
        limits=limits_of(settings),
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


def side_names() -> str:
    """What a side may be called."""
    return ", ".join((STORED, *NAMES, "FILE"))
