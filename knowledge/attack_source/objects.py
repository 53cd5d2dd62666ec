"""ATT&CK as a STIX 2.1 bundle.

Source: https://github.com/mitre/cti and https://github.com/mitre-attack/attack-stix-data (their USAGE documents)."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.bounded import read_bytes
from knowledge.errors import DocumentError


class _Reference(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source_name: str = ""
    external_id: str = ""


class _Phase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    phase_name: str


class StixObject(BaseModel):
    """What is read of any object; most of these are there for some types only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    id: str
    name: str = ""
    description: str = ""
    revoked: bool = False
    x_mitre_deprecated: bool = False
    external_references: tuple[_Reference, ...] = ()
    kill_chain_phases: tuple[_Phase, ...] = ()
    x_mitre_platforms: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    x_mitre_aliases: tuple[str, ...] = ()
    x_mitre_detection: str = ""
    x_mitre_analytic_refs: tuple[str, ...] = ()
    relationship_type: str = ""
    source_ref: str = ""
    target_ref: str = ""

    @property
    def attack_id(self) -> str:
        """The id by which people know it; empty for what ATT&CK does not number."""
        ids = (one.external_id for one in self.external_references if one.source_name == "mitre-attack")
        return next(ids, "")

    @property
    def holds(self) -> bool:
        """Neither revoked nor deprecated."""
        return not self.revoked and not self.x_mitre_deprecated


class _Bundle(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = Field(pattern="^bundle$")
    objects: tuple[StixObject, ...]


def read_objects(path: Path) -> tuple[StixObject, ...]:
    """Every object of the bundle. Raises: DocumentError when it is none."""
    try:
        return _Bundle.model_validate_json(read_bytes(path)).objects
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "all of it"
        raise DocumentError(f"{path} is no STIX bundle of ATT&CK: {first['msg']} (at {place})") from error
