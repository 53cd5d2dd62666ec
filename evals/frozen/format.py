"""What a frozen case is: a folder with `case.yaml`, `evidence.jsonl` and, where they were kept, `decisions.jsonl`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import ValidationError

from agent.evidence.ledger import Ledger
from agent.intake import alert_class, parse
from agent.intake.errors import IntakeError
from agent.models import (
    Alert,
    AlertFormat,
    Decision,
    Disposition,
    Evidence,
    JsonObject,
    Model,
    Outcome,
    Priority,
    Severity,
    UtcTime,
    World,
)
from agent.replay.comparing import Candidate, Ended
from agent.replay.stored import Stored
from evals.errors import DataBrokenError, DataMissingError

CASE, EVIDENCE, DECISIONS = "case.yaml", "evidence.jsonl", "decisions.jsonl"
VERSION: Final = 1


class FrozenAlert(Model):
    """An alert as its product sent it, under other names."""

    format: AlertFormat
    raw: JsonObject

    def parsed(self, world: World) -> Alert:
        """The alert, read like any other. Raises: IntakeError."""
        return parse(self.raw, world=world, ordinal=1, format=self.format)


class Then(Model):
    """How the machine had ended the case when a person closed it."""

    brain: str
    playbook: str
    disposition: Disposition
    severity: Severity
    priority: Priority
    likelihood: float
    outcome: Outcome


class FrozenCase(Model):
    """`case.yaml`."""

    version: int = VERSION
    name: str
    title: str
    world: World
    received_at: UtcTime
    """When the alert came in, by the case's clock."""
    subject: str
    """Evidence id of the alert itself."""
    expected: Disposition
    """What the person said."""
    reason_code: str
    seed: int
    """For the changes that should change nothing, so that every run makes the same ones."""
    names_replaced: int
    outsiders_renamed: bool
    then: Then
    alert: FrozenAlert
    neighbours: tuple[FrozenAlert, ...] = ()

    @property
    def is_attack(self) -> bool:
        """Whether the person confirmed an attack."""
        return self.expected == "true_positive" or self.reason_code == "confirmed_attack"


Line = TypeVar("Line", bound=Model)


def write_frozen(folder: Path, frozen: FrozenCase, stored: Stored) -> None:
    """Everything of one frozen case into a folder that is made."""
    folder.mkdir(parents=True)
    content = frozen.model_dump(mode="json")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    (folder / CASE).write_text(text, encoding="utf-8")
    for name, lines in _files(stored):
        if lines or name == EVIDENCE:
            (folder / name).write_text("".join(f"{line.model_dump_json()}\n" for line in lines), encoding="utf-8")


def _files(stored: Stored) -> tuple[tuple[str, Sequence[Model]], ...]:
    return (EVIDENCE, stored.answers), (DECISIONS, stored.decisions)


def read_frozen(folder: Path) -> tuple[FrozenCase, Stored]:
    """One frozen case as a person's answer and an investigation to run again.

    Raises: DataMissingError, DataBrokenError with file and line."""
    path = folder / CASE
    try:
        frozen = FrozenCase.model_validate(_content(path.read_text("utf-8")))
        alert = frozen.alert.parsed(frozen.world)
        neighbours = tuple(item.parsed(frozen.world) for item in frozen.neighbours)
    except FileNotFoundError as error:
        raise DataMissingError(f"{path} is not there") from error
    except (ValidationError, IntakeError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataBrokenError(f"{path}: {_first_line(error)}") from error
    if frozen.version != VERSION:
        raise DataBrokenError(f"{path}: version {frozen.version}; this is made for version {VERSION}")
    subject = Ledger().from_alert(alert, asked_at=frozen.received_at).model_copy(update={"id": frozen.subject})
    stored = Stored(
        case_id=frozen.name,
        tenant="frozen",
        alert=alert,
        alert_class=alert_class(alert),
        subject=subject,
        answers=tuple(_lines(folder / EVIDENCE, Evidence)),
        neighbours=neighbours,
        decisions=tuple(_lines(folder / DECISIONS, Decision)),
        brain=frozen.then.brain,
    )
    return frozen, stored


def _content(text: str) -> object:
    """What YAML says without references: a few lines of them stand for more than any memory holds.

    Raises: yaml.YAMLError; RecursionError."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
        raise yaml.YAMLError("it refers to a part of itself, which a frozen case has no need to")
    return yaml.load(text, Loader=yaml.CSafeLoader)


def folders_of(folder: Path) -> tuple[Path, ...]:
    """Every frozen case below a folder, or the folder itself when it is one, by name. Raises: DataMissingError."""
    if (folder / CASE).is_file():
        return (folder,)
    found = tuple(sorted(path.parent for path in folder.glob(f"*/{CASE}") if not path.parent.name.startswith(".")))
    if not found:
        raise DataMissingError(f"no frozen case in {folder}: mcpsoc cases freeze CASE --to {folder} makes one")
    return found


def candidates_of(folder: Path) -> tuple[Candidate, ...]:
    """Every frozen case below a folder, ready to be run. Raises: as `read_frozen`."""
    return tuple(candidate_of(*read_frozen(each)) for each in folders_of(folder))


def candidate_of(frozen: FrozenCase, stored: Stored) -> Candidate:
    """One frozen case, ready to be run."""
    then = Ended(
        case=frozen.name,
        title=frozen.title,
        disposition=frozen.then.disposition,
        severity=frozen.then.severity,
        likelihood=frozen.then.likelihood,
        expected=frozen.expected,
        right=frozen.then.disposition == frozen.expected,
        is_attack=frozen.is_attack,
    )
    return Candidate(frozen.name, stored, frozen.expected, frozen.is_attack, frozen.seed, then)


def _lines(path: Path, kind: type[Line]) -> Iterator[Line]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise DataBrokenError(f"{path}:{number}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
