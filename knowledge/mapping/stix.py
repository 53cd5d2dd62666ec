"""The texts of ATT&CK as its authors publish them: one STIX 2.1 bundle.

Source: https://github.com/mitre-attack/attack-stix-data (`attack-pattern`, and `relationship` of the types `uses` and
`revoked-by`).
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import DocumentError
from knowledge.mapping.texts import Example, TechniqueText


class _Reference(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source_name: str = ""
    external_id: str = ""


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    type: str
    name: str = ""
    description: str = ""
    external_references: tuple[_Reference, ...] = ()
    revoked: bool = False
    x_mitre_deprecated: bool = False
    relationship_type: str = ""
    source_ref: str = ""
    target_ref: str = ""

    @property
    def attack_id(self) -> str:
        """Id by which people know it; empty for what ATT&CK does not number."""
        ids = (one.external_id for one in self.external_references if one.source_name == "mitre-attack")
        return next(ids, "")


class _Bundle(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    objects: tuple[_Object, ...]


def read_bundle(path: Path) -> tuple[list[TechniqueText], list[Example], Mapping[str, str]]:
    """Techniques, examples and revoked ids as they stand in the bundle.

    Raises: DocumentError when the file is no STIX bundle."""
    try:
        objects = _Bundle.model_validate_json(path.read_bytes()).objects
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DocumentError(f"{path} is no STIX bundle of ATT&CK: {reason}") from error
    ids = {one.id: one.attack_id for one in objects if one.attack_id}
    patterns = [one for one in objects if one.type == "attack-pattern" and one.attack_id]
    living = [one for one in patterns if not one.revoked and not one.x_mitre_deprecated]
    return (
        [TechniqueText(one.attack_id, one.name, one.description) for one in living],
        _examples(objects, ids),
        {
            ids[one.source_ref]: ids[one.target_ref]
            for one in _relations(objects, "revoked-by")
            if one.source_ref in ids and one.target_ref in ids
        },
    )


def _examples(objects: tuple[_Object, ...], ids: Mapping[str, str]) -> list[Example]:
    uses = (one for one in _relations(objects, "uses") if one.target_ref.startswith("attack-pattern--"))
    return [
        Example(one.description, ids[one.target_ref], ids.get(one.source_ref, ""))
        for one in uses
        if one.description and one.target_ref in ids
    ]


def _relations(objects: tuple[_Object, ...], kind: str) -> list[_Object]:
    """Those of a kind that still hold."""
    relations = (one for one in objects if one.type == "relationship" and one.relationship_type == kind)
    return [one for one in relations if not one.revoked and not one.x_mitre_deprecated]
