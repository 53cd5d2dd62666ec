"""STIX 2.1 objects, as far as this server reads them.

Source: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html. What an object holds beside is dropped; texts
are cut to a length that an answer can carry.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import uuid4

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from servers.intel.models import Verdict

ID: Final = r"^[a-z][a-z0-9-]{2,60}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
STANDS_FOR: Final = ("threat-actor", "intrusion-set", "malware", "tool", "campaign")
"""Types that intel_get_actor finds by name, and that an indicator may point to."""
_LONGEST: Final = 2_000


def _cut(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str) else value


def _first(value: object) -> object:
    return [_cut(each) for each in value[:50]] if isinstance(value, list) else value


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


StixId = Annotated[str, Field(pattern=ID, max_length=100)]
"""Id of a STIX object, such as `malware--...`."""
Text = Annotated[str, BeforeValidator(_cut)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_first)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class StixObject(BaseModel):
    """One object."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,60}$")]
    spec_version: Literal["2.1"] = "2.1"
    id: StixId
    created: Moment | None = None
    modified: Moment | None = None
    revoked: bool = False
    created_by_ref: StixId | None = None
    name: Text | None = None
    description: Text | None = None
    aliases: Texts = ()
    confidence: Annotated[int, Field(ge=0, le=100)] | None = None
    indicator_types: Texts = ()
    pattern: Annotated[str, Field(max_length=100_000)] | None = None
    pattern_type: Text | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    relationship_type: Text | None = None
    source_ref: StixId | None = None
    target_ref: StixId | None = None
    sighting_of_ref: StixId | None = None
    first_seen: Moment | None = None
    last_seen: Moment | None = None
    count: Annotated[int, Field(ge=0, le=999_999_999)] = 1

    def holds(self, now: datetime) -> bool:
        """Whether it is to be believed now: not revoked, and within its time."""
        begun = self.valid_from is None or self.valid_from <= now
        return not self.revoked and begun and (self.valid_until is None or now < self.valid_until)

    def says(self, *, points: bool) -> Verdict:
        """What an indicator says of its values; `points` tells whether it points to malware or an actor."""
        kinds = set(self.indicator_types)
        if points or "malicious-activity" in kinds:
            return "malicious"
        return "benign" if kinds == {"benign"} else "suspicious"


def is_current(given: Mapping[str, JsonValue]) -> bool:
    """Whether an object says that it is STIX 2.1: those of 2.0 do not."""
    return given.get("spec_version") == "2.1"


def new_id(kind: str) -> str:
    """An id for an object of one's own."""
    return f"{kind}--{uuid4()}"
