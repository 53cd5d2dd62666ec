"""What a STIX bundle of ATT&CK tells of each object."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.attack_source.objects import StixObject, read_objects
from knowledge.importers.attack.entries import Entry
from knowledge.importers.attack.tables import whole_name

_KINDS = {
    "attack-pattern": "technique",
    "x-mitre-tactic": "tactic",
    "course-of-action": "mitigation",
    "intrusion-set": "group",
    "malware": "software",
    "tool": "software",
    "campaign": "campaign",
}
_ID = r"^(?:T\d{4}(?:\.\d{3})?|TA\d{4}|[MGSC]\d{4})$"


class _Named(BaseModel):
    """An id that may stand in the id of a document."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=_ID)


def from_bundle(path: Path) -> Iterator[Entry]:
    """Every object that still holds. Raises: DocumentError when it is no bundle of ATT&CK."""
    return _Reading(read_objects(path)).entries()


class _Reading:
    """The objects by id, and what relates them."""

    def __init__(self, objects: tuple[StixObject, ...]) -> None:
        self._live = {one.id: one for one in objects if one.holds}
        self._ids = {key: found for key, one in self._live.items() if (found := _external(one))}
        self._names = {self._ids[key]: self._live[key].name for key in self._ids}
        self._related: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for one in self._live.values():
            if one.type == "relationship":
                self._related[one.relationship_type, one.target_ref].append(one.source_ref)
                self._related[f"{one.relationship_type} of", one.source_ref].append(one.target_ref)

    def entries(self) -> Iterator[Entry]:
        """One of each."""
        for key, known in self._ids.items():
            one = self._live[key]
            kind = _KINDS[one.type]
            name = whole_name(known, self._names) if kind == "technique" else one.name
            yield Entry(known, kind, name, one.description, _facts(one), self._lists(one, kind))

    def _lists(self, one: StixObject, kind: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if kind == "technique":
            return (("Detection", self._detection(one)), ("Mitigations", self._lines("mitigates", one.id)))
        return (("Techniques", self._lines("uses of", one.id)),) if kind in ("group", "software", "campaign") else ()

    def _detection(self, one: StixObject) -> tuple[str, ...]:
        strategies = [self._live[key] for key in self._related["detects", one.id] if key in self._live]
        analytics: Mapping[str, list[str]] = {
            strategy.id: [self._live[key].description for key in strategy.x_mitre_analytic_refs if key in self._live]
            for strategy in strategies
        }
        found = tuple(" ".join([f"{strategy.name}.", *analytics[strategy.id]]) for strategy in strategies)
        return found or ((one.x_mitre_detection,) if one.x_mitre_detection else ())

    def _lines(self, relation: str, key: str) -> tuple[str, ...]:
        """Ids and names of the techniques or mitigations at the other end."""
        wanted = ("technique", "mitigation")
        ends = {end for end in self._related[relation, key] if end in self._ids}
        ids = sorted(self._ids[end] for end in ends if _KINDS[self._live[end].type] in wanted)
        return tuple(f"{one} {whole_name(one, self._names)}" for one in ids)


def _external(one: StixObject) -> str:
    """MITRE's id of an object that becomes a document; empty for others."""
    if one.type not in _KINDS:
        return ""
    try:
        return _Named(id=one.attack_id).id
    except ValidationError:
        return ""


def _facts(one: StixObject) -> tuple[tuple[str, str], ...]:
    aliases = [alias for alias in (*one.aliases, *one.x_mitre_aliases) if alias != one.name]
    return (
        ("Tactics", ", ".join(phase.phase_name for phase in one.kill_chain_phases)),
        ("Platforms", ", ".join(one.x_mitre_platforms)),
        ("Also called", ", ".join(dict.fromkeys(aliases))),
    )
