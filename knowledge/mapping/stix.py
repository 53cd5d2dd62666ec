"""What the mapper learns from in a STIX bundle: techniques, `uses` and `revoked-by`."""

from collections.abc import Mapping
from pathlib import Path

from knowledge.attack_source.objects import StixObject, read_objects
from knowledge.mapping.texts import Example, TechniqueText


def read_bundle(path: Path) -> tuple[list[TechniqueText], list[Example], Mapping[str, str]]:
    """Techniques, examples and revoked ids as they stand in the bundle.

    Raises: DocumentError when the file is no STIX bundle."""
    objects = read_objects(path)
    ids = {one.id: one.attack_id for one in objects if one.attack_id}
    patterns = [one for one in objects if one.type == "attack-pattern" and one.attack_id]
    living = [one for one in patterns if one.holds]
    return (
        [TechniqueText(one.attack_id, one.name, one.description) for one in living],
        _examples(objects, ids),
        {
            ids[one.source_ref]: ids[one.target_ref]
            for one in _relations(objects, "revoked-by")
            if one.source_ref in ids and one.target_ref in ids
        },
    )


def _examples(objects: tuple[StixObject, ...], ids: Mapping[str, str]) -> list[Example]:
    uses = (one for one in _relations(objects, "uses") if one.target_ref.startswith("attack-pattern--"))
    return [
        Example(one.description, ids[one.target_ref], ids.get(one.source_ref, ""))
        for one in uses
        if one.description and one.target_ref in ids
    ]


def _relations(objects: tuple[StixObject, ...], kind: str) -> list[StixObject]:
    """Those of a kind that still hold."""
    relations = (one for one in objects if one.type == "relationship" and one.relationship_type == kind)
    return [one for one in relations if one.holds]
