"""ATT&CK as a folder of tables, one object a line: techniques, tactics, mitigations, entities, procedure_examples."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from knowledge.errors import DocumentError
from knowledge.importers.attack.entries import Entry
from knowledge.importers.bounded import read_bytes


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str
    description: str = ""


class _Analytic(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    description: str = ""


class _Strategy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    analytics: tuple[_Analytic, ...] = ()


class _Technique(_Row):
    tactics: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    mitigations: tuple[str, ...] = ()
    detection_strategies: tuple[_Strategy, ...] = ()


class _Entity(_Row):
    type: str
    aliases: tuple[str, ...] | None = None


class _Example(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    entity: str
    technique: str


_KINDS = {"intrusion-set": "group", "malware": "software", "tool": "software", "campaign": "campaign"}
_Model = TypeVar("_Model", bound=BaseModel)


def is_folder_of_tables(folder: Path) -> bool:
    """Whether the table of techniques lies there."""
    return folder.is_dir() and _path(folder, "techniques.jsonl") is not None


def from_tables(folder: Path) -> Iterator[Entry]:
    """Every object but the revoked ones. Raises: DocumentError naming the table and the line that is wrong."""
    revoked = _revoked(folder)
    techniques = [row for row in _rows(folder, "techniques.jsonl", _Technique) if row.id not in revoked]
    names = {row.id: row.name for row in techniques}
    yield from (_technique(row, names) for row in techniques)
    for table, kind in (("tactics.jsonl", "tactic"), ("mitigations.jsonl", "mitigation")):
        for row in _rows(folder, table, _Row):
            if row.id not in revoked:
                yield Entry(row.id, kind, row.name, row.description)
    used = _used(folder)
    for entity in _rows(folder, "entities.jsonl", _Entity):
        if entity.id not in revoked and entity.type in _KINDS:
            yield _entity(entity, tuple(f"{one} {whole_name(one, names)}" for one in used.get(entity.id, ())))


def whole_name(technique: str, names: Mapping[str, str]) -> str:
    """A sub-technique with its parent's name before its own."""
    own, parent = names.get(technique, ""), names.get(technique.partition(".")[0], "")
    return f"{parent}: {own}" if "." in technique and parent else own


def _technique(row: _Technique, names: Mapping[str, str]) -> Entry:
    facts = (("Tactics", ", ".join(row.tactics)), ("Platforms", ", ".join(row.platforms)))
    detection = tuple(
        " ".join([f"{strategy.name}.", *(analytic.description for analytic in strategy.analytics)])
        for strategy in row.detection_strategies
    )
    lists = (("Detection", detection), ("Mitigations", row.mitigations))
    return Entry(row.id, "technique", whole_name(row.id, names), row.description, facts, lists)


def _entity(row: _Entity, techniques: tuple[str, ...]) -> Entry:
    aliases = ", ".join(alias for alias in row.aliases or () if alias != row.name)
    facts = (("Also called", aliases),)
    return Entry(row.id, _KINDS[row.type], row.name, row.description, facts, (("Techniques", techniques),))


def _used(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Techniques by who uses them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in _rows(folder, "procedure_examples.jsonl", _Example):
        found[row.entity].add(row.technique)
    return {entity: tuple(sorted(techniques)) for entity, techniques in found.items()}


def _rows(folder: Path, table: str, form: type[_Model]) -> Iterator[_Model]:
    """The lines of a table; none when it is not there."""
    path = _path(folder, table)
    if path is None:
        return
    for number, line in enumerate(read_bytes(path).splitlines(), 1):
        if line.strip():
            try:
                yield form.model_validate_json(line)
            except ValidationError as error:
                raise DocumentError(f"{path}: line {number} is not of the form of this table") from error


def _revoked(folder: Path) -> frozenset[str]:
    path = folder / "revoked_by.json"
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(TypeAdapter(dict[str, str]).validate_json(read_bytes(path)))
    except ValidationError as error:
        raise DocumentError(f"{path}: it is no table of old and new ids") from error


def _path(folder: Path, table: str) -> Path | None:
    return next((path for path in (folder / table, folder / f"{table}.gz") if path.is_file()), None)
