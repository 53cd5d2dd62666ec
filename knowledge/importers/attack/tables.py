"""What the tables of ATT&CK tell of each object."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.attack_source.tables import (
    ENTITIES,
    EXAMPLES,
    MITIGATIONS,
    TACTICS,
    TECHNIQUES,
    revoked_ids,
    rows,
    table,
)
from knowledge.importers.attack.entries import Entry


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


def is_folder_of_tables(folder: Path) -> bool:
    """Whether the table of techniques lies there."""
    return folder.is_dir() and table(folder, TECHNIQUES) is not None


def from_tables(folder: Path) -> Iterator[Entry]:
    """Every object but the revoked ones. Raises: DocumentError naming the table and the line that is wrong."""
    revoked = revoked_ids(folder)
    techniques = [row for row in rows(table(folder, TECHNIQUES), _Technique) if row.id not in revoked]
    names = {row.id: row.name for row in techniques}
    yield from (_technique(row, names) for row in techniques)
    for name, kind in ((TACTICS, "tactic"), (MITIGATIONS, "mitigation")):
        for row in rows(table(folder, name), _Row):
            if row.id not in revoked:
                yield Entry(row.id, kind, row.name, row.description)
    used = _used(folder)
    for entity in rows(table(folder, ENTITIES), _Entity):
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
    for row in rows(table(folder, EXAMPLES), _Example):
        found[row.entity].add(row.technique)
    return {entity: tuple(sorted(techniques)) for entity, techniques in found.items()}
