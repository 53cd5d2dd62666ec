"""`model.json` of a home: what is remembered about each model at each endpoint. The only place that knows the file.

Written by whoever learns something: the probe (fitness), the endpoint's first structured answers (mode), and whoever
told a person what leaves the machine (told_at).
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from agent.brain.fitness import Fitness, Mode
from agent.errors import ModelRecordError
from agent.models import Model, UtcTime
from knowledge.trust.owned_files import alone, replace_file

FILE = "model.json"


class ModelRecord(Model):
    """What is known about one model at one endpoint."""

    endpoint: str
    """URL without user, password and query."""
    model: str
    learned: Mode | None = None
    """The mode that worked last, where no probe has said."""
    told_at: UtcTime | None = None
    """When a person was told what is sent there."""
    fitness: Fitness | None = None

    @property
    def mode(self) -> Mode | None:
        """The mode to ask decisions in: what the probe found wins."""
        return self.fitness.mode if self.fitness and self.fitness.mode else self.learned


class ModelRecords(Model):
    """The whole file."""

    version: int = 1
    models: tuple[ModelRecord, ...] = ()

    def of(self, endpoint: str, model: str) -> ModelRecord:
        """The record of that model; an empty one where nothing is known."""
        for record in self.models:
            if (record.endpoint, record.model) == (endpoint, model):
                return record
        return ModelRecord(endpoint=endpoint, model=model)


def read_records(home: Path) -> ModelRecords:
    """Everything a home remembers about models; nothing where there is no file.

    Raises: ModelRecordError when the file cannot be read: a verdict about a model is not guessed."""
    path = home / FILE
    try:
        return ModelRecords.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ModelRecords()
    except (OSError, ValidationError) as error:
        raise ModelRecordError(
            f"{path} cannot be read ({type(error).__name__}): remove it, then run: mcpsoc model probe"
        ) from error


def read_record(home: Path, endpoint: str, model: str) -> ModelRecord:
    """What a home remembers about one model. Raises: ModelRecordError."""
    return read_records(home).of(endpoint, model)


def keep_fitness(home: Path, fitness: Fitness) -> None:
    """Remember what a probe found; it takes the place of what an earlier one found. Raises: ModelRecordError."""
    _change(home, fitness.endpoint, fitness.model, lambda record: record.model_copy(update={"fitness": fitness}))


def keep_mode(home: Path, endpoint: str, model: str, mode: Mode) -> None:
    """Remember the mode that worked. Raises: ModelRecordError."""
    _change(home, endpoint, model, lambda record: record.model_copy(update={"learned": mode}))


def keep_told(home: Path, endpoint: str, model: str, at: datetime) -> None:
    """Remember that a person was told what is sent there. Raises: ModelRecordError."""
    _change(home, endpoint, model, lambda record: record.model_copy(update={"told_at": at}))


def _change(home: Path, endpoint: str, model: str, changed: Callable[[ModelRecord], ModelRecord]) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(home / FILE):
            records = read_records(home)
            record = records.of(endpoint, model)
            others = tuple(item for item in records.models if (item.endpoint, item.model) != (endpoint, model))
            written = ModelRecords(models=(*others, changed(record)))
            replace_file(home / FILE, written.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise ModelRecordError(f"{home / FILE} cannot be written: {error.strerror}") from error
