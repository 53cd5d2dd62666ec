"""A closed case becomes an eval: its evidence under other names, the person's verdict as what is expected.

The key of the names is drawn here and kept nowhere. What was written is read back and run before it is handed over:
a case whose verdict hangs on a name is refused, and so is one in which a name is left."""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.hunting.hunt import is_hunt
from agent.models import Case, Report
from agent.playbooks.format import Playbook
from agent.replay.aliases.aliases import Aliases
from agent.replay.recorded import RecordedBrain
from agent.replay.replay import replay
from agent.replay.rewriting import rewritten
from agent.replay.stored import Stored, open_stored
from evals.errors import NotFrozenError
from evals.frozen.format import FrozenAlert, FrozenCase, Then, read_frozen, write_frozen
from knowledge.trust.masking import mask_value

TRIES: Final = 3
"""A random alias can spell a name that stands elsewhere in the case; another key then does not."""


async def freeze(case: Case, to: Path, playbooks: Mapping[str, Playbook], *, outsiders: bool = False) -> Path:
    """The folder of the frozen case, below `to`; `outsiders` renames the indicators of others as well.

    Raises: NotFrozenError saying why; NotReplayableError."""
    if case.status != "closed" or case.human is None:
        raise NotFrozenError(f"case {case.id} is {case.status}: close it with your verdict first")
    stored = open_stored(case)
    if is_hunt(stored.alert):
        raise NotFrozenError(f"case {case.id} is a hunt: there is no alert to judge again")
    name = f"{stored.alert_class.replace('_', '-')}-{secrets.token_hex(3)}"
    problem = ""
    for _ in range(TRIES):
        unfinished = to / f".{name}.unfinished"
        try:
            problem = await _written(case, stored, unfinished, name, playbooks, outsiders=outsiders)
            if not problem:
                return unfinished.rename(to / name)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    raise NotFrozenError(f"case {case.id} was not frozen: {problem}")


async def _written(
    case: Case, stored: Stored, folder: Path, name: str, playbooks: Mapping[str, Playbook], *, outsiders: bool
) -> str:
    """Writes the folder; what is wrong with it, or nothing."""
    aliases = Aliases.for_stored(stored, outsiders=outsiders)

    def rewrite(value: JsonValue) -> JsonValue:
        return aliases.value(mask_value(value))

    other = rewritten(stored, rewrite)
    write_frozen(folder, _described(case, stored, other, name, aliases.count, outsiders), other)
    if left := aliases.left_in(text_in(folder)):
        return f"these names would be left in it: {', '.join(left)}"
    return await _otherwise(stored, read_frozen(folder)[1], playbooks)


async def _otherwise(stored: Stored, frozen: Stored, playbooks: Mapping[str, Playbook]) -> str:
    """How the frozen case ends otherwise than the original, by each brain that can say; nothing when it does not."""
    for first, second in _brains(stored, frozen):
        then = (await replay(stored, first, playbooks)).report
        now = (await replay(frozen, second, playbooks)).report
        if _gist(then) != _gist(now):
            return f"under other names it ends otherwise ({_gist(then)[0]}, then {_gist(now)[0]})"
    return ""


def text_in(folder: Path) -> str:
    """All that the files of a folder say."""
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.iterdir()))


def _brains(stored: Stored, frozen: Stored) -> Iterator[tuple[Brain, Brain]]:
    yield PlaybookBrain(), PlaybookBrain()
    if stored.decisions:
        yield RecordedBrain.of(stored), RecordedBrain.of(frozen)


def _gist(report: Report) -> tuple[str, ...]:
    """What has to be the same."""
    verdict = report.verdict
    said = (verdict.disposition, verdict.severity, verdict.priority, f"{verdict.likelihood}", verdict.outcome)
    return (*said, *(finding.claim for finding in report.findings))


def _described(case: Case, stored: Stored, other: Stored, name: str, count: int, outsiders: bool) -> FrozenCase:
    report, human = stored.ended, case.human
    if human is None:
        raise NotFrozenError(f"case {case.id} has no verdict of a person")
    verdict = report.verdict
    return FrozenCase(
        name=name,
        title=other.alert.title,
        world=stored.world,
        received_at=other.subject.asked_at,
        subject=stored.subject.id,
        expected=human.disposition,
        reason_code=human.reason_code,
        seed=secrets.randbelow(2**31),
        names_replaced=count,
        outsiders_renamed=outsiders,
        then=Then(
            brain=report.brain,
            playbook=report.playbook,
            disposition=verdict.disposition,
            severity=verdict.severity,
            priority=verdict.priority,
            likelihood=verdict.likelihood,
            outcome=verdict.outcome,
        ),
        alert=FrozenAlert(format=stored.alert.format, raw=other.alert.raw),
        neighbours=tuple(FrozenAlert(format=item.format, raw=item.raw) for item in other.neighbours),
    )
