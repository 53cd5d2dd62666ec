"""MISP over its REST API: attributes by value, warning lists, sightings. Names, tags and comments are outside text.

Verdict: an attribute that its author meant for detection (`to_ids`) says malicious; one kept as context says unknown.
MISP gives no confidence. Source: MISP's published OpenAPI document, version 2.4.
"""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from servers.embedded import Name, Reason
from servers.errors import ConfigurationError, NotFoundError, ToolError
from servers.intel.models import Brief, Briefs, Changed, FeedLookup, FeedOpinion, OnWarningList, Verdict
from servers.intel.reading import MOST_SOURCES, Names
from servers.intel.settings import IntelSettings
from servers.kit import Change, Plan, Problem, Reply, Time
from servers.kit.envelope import iso
from servers.kit.http import Http
from servers.observables import Observable, observable, read

PAGE: Final = 200
"""Attributes asked for at once."""
MOST_PAGES: Final = 10
Digits = Annotated[str, Field(pattern=r"^\d{1,20}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tag(_Part):
    """A tag of an attribute."""

    name: str = ""


class Event(_Part):
    """The event an attribute belongs to."""

    info: str = ""


class Attribute(_Part):
    """One attribute."""

    id: Digits
    event_id: Digits
    uuid: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$")]
    value: str
    to_ids: bool = False
    deleted: bool = False
    timestamp: Annotated[str, Field(pattern=r"^\d{1,11}$")] = "0"
    event: Event = Field(default=Event(), alias="Event")
    tags: tuple[Tag, ...] = Field(default=(), alias="Tag")


class _Found(_Part):
    attributes: tuple[Attribute, ...] = Field(default=(), alias="Attribute")


class _Response(_Part):
    response: _Found


class Sighting(_Part):
    """One sighting."""

    attribute_id: Digits
    date_sighting: Annotated[str, Field(pattern=r"^\d{1,11}$")]


class _Version(_Part):
    version: Annotated[str, Field(pattern=r"^[0-9.]{1,20}$")]


class _Warning(_Part):
    name: str


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """The attributes of a value."""

    attributes: Sequence[Attribute]
    cut: bool
    """Whether MISP has more of them than are read."""


@dataclass(frozen=True)
class Misp:
    """A client of one MISP."""

    http: Http

    @classmethod
    def of(cls, settings: IntelSettings) -> "Misp":
        """The MISP of these settings. Raises: ConfigurationError."""
        if not settings.misp_url or not settings.misp_key.get_secret_value():
            raise ConfigurationError("intel: MISP needs MCPSOC_INTEL_MISP_URL and MCPSOC_INTEL_MISP_KEY")
        headers = {"Authorization": settings.misp_key}
        setting = "MCPSOC_INTEL_MISP_URL"
        http = Http(settings.misp_url, product="MISP", setting=setting, headers=headers, ca_file=settings.misp_ca_file)
        misp = cls(http)
        weakref.finalize(misp, http.close)
        return misp

    def probe(self) -> str:
        """Its version. Raises: ToolError."""
        return f"MISP {_checked(TypeAdapter(_Version), self.http.get('/servers/getVersion')).version}"

    def attributes(self, wanted: Observable) -> Held:
        """Attributes that have a value, whole or as one half. MISP's own search also knows wildcards, so what it gives
        is compared again. Raises: ToolError."""
        found: dict[str, Attribute] = {}
        for page in range(1, MOST_PAGES + 1):
            given = self._page(wanted, page)
            fits = (each for each in given if not each.deleted and wanted in set(_values(each.value)))
            found |= {each.id: each for each in fits}
            if len(given) < PAGE:
                return Held([*found.values()], cut=False)
        return Held([*found.values()], cut=True)

    def _page(self, wanted: Observable, page: int) -> Sequence[Attribute]:
        asked: JsonValue = {
            "value": wanted.value,
            "limit": PAGE,
            "page": page,
            "returnFormat": "json",
            "deleted": False,
        }
        answer = self.http.send("POST", "/attributes/restSearch", json=asked)
        return _checked(TypeAdapter(_Response), answer).response.attributes

    def warning_lists(self, wanted: Observable) -> Sequence[str]:
        """Names of the warning lists that hold a value; MISP answers an empty list where there is none.

        Raises: ToolError."""
        answer = self.http.send("POST", "/warninglists/checkValue", json=[wanted.value])
        found = _checked(TypeAdapter(dict[str, tuple[_Warning, ...]]), {} if answer == [] else answer)
        return [each.name for each in found.get(wanted.value, ())]

    def sightings(self, event_id: str) -> Sequence[Sighting]:
        """Sightings in an event. Raises: ToolError."""
        return _checked(TypeAdapter(tuple[Sighting, ...]), self.http.get(f"/sightings/index/{event_id}"))

    def add_sighting(self, wanted: Observable, at: datetime) -> None:
        """Note that a value was seen, at every attribute that has it. Raises: ToolError."""
        self.http.send("POST", "/sightings/add", json={"values": [wanted.value], "timestamp": _stamp(at)})


@dataclass(frozen=True, slots=True)
class MispReads:
    """Tools that ask MISP."""

    misp: Misp

    def intel_lookup(self, indicator: Name) -> Reply[FeedLookup]:
        """What MISP holds of an address, domain, URL, file hash or mail address; malicious if meant for detection.

        no_data: no event has it, which does not mean clean."""
        data, held = self._looked_up(observable(indicator))
        if not data.sources and not held.cut:
            raise NotFoundError("no event of MISP has this indicator", "unknown is not clean")
        count = len(held.attributes)
        return Reply(data, f"{data.verdict} by {count} attributes", total=count, stale=_unread(data.verdict, held))

    def intel_lookup_many(self, indicators: Names) -> Reply[Briefs]:
        """The same for up to 50 indicators at once, in short."""
        found = [self._brief(text) for text in indicators]
        rows = [brief for brief, _ in found]
        bad = sum(row.verdict == "malicious" for row in rows)
        stale = next((problem for _, problem in found if problem is not None), None)
        return Reply(Briefs(results=rows), f"{bad} of {len(rows)} malicious", stale=stale)

    def intel_check_known(self, value: Name) -> Reply[OnWarningList]:
        """Whether a warning list of MISP holds a value: then it is likely a false positive. It is proof of nothing."""
        names = self.misp.warning_lists(observable(value))
        data = OnWarningList(known=bool(names), lists=list(names[:20]))
        return Reply(data, f"on {len(names)} warning lists")

    def _looked_up(self, wanted: Observable) -> tuple[FeedLookup, Held]:
        held = self.misp.attributes(wanted)
        opinions = sorted(map(_opinion, held.attributes), key=lambda each: each.verdict)
        verdict: Verdict = opinions[0].verdict if opinions else "unknown"
        shown = opinions[:MOST_SOURCES]
        return FeedLookup(indicator=wanted.value, type=wanted.kind, verdict=verdict, confidence=0, sources=shown), held

    def _brief(self, text: str) -> tuple[Brief, Problem | None]:
        try:
            wanted = observable(text)
        except ToolError:
            return Brief(indicator=text, verdict="unknown", confidence=0, sources=0, lapsed=0), None
        found, held = self._looked_up(wanted)
        brief = Brief(
            indicator=found.indicator,
            type=found.type,
            verdict=found.verdict,
            confidence=0,
            sources=len(held.attributes),
            lapsed=0,
        )
        return brief, _unread(found.verdict, held)


@dataclass(frozen=True, slots=True)
class MispSightings:
    """The tool that changes MISP."""

    misp: Misp

    def intel_add_sighting(self, indicator: Name, seen_at: Time, reason: Reason) -> Reply[Changed]:
        """Note in MISP that a known indicator was seen here at a time. Others may see it; it cannot be taken back."""
        wanted = observable(indicator)
        found = self._sightable(wanted)
        self.misp.add_sighting(wanted, seen_at)
        changed = Changed(indicator=wanted.value, change="sighting added", count=len(found))
        return Reply(changed, f"sighting noted at {len(found)} attributes")

    def plan_sighting(self, indicator: Name, seen_at: Time, reason: Reason) -> Plan:
        """Which attributes it would be noted at."""
        wanted = observable(indicator)
        count = len(self._sightable(wanted))
        text = f"noted at {count} attributes, seen by all who share these events; cannot be taken back"
        return Plan(f"sighting of {wanted.value}", text)

    def is_sighted(self, indicator: Name, seen_at: Time, reason: Reason) -> bool:
        """Whether MISP lists the sighting at every attribute of the value. Raises: ToolError, also for too many."""
        by_event: dict[str, set[str]] = {}
        held = self.misp.attributes(observable(indicator))
        if held.cut:
            raise ToolError("too_many", "MISP holds more attributes of this value than are read", "look at MISP itself")
        for each in held.attributes:
            by_event.setdefault(each.event_id, set()).add(each.id)
        return all(ids <= self._noted(event, seen_at) for event, ids in by_event.items())

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it."""
        return (Change(self.intel_add_sighting, self.plan_sighting, self.is_sighted, risk="low", expiry="hold"),)

    def _sightable(self, wanted: Observable) -> Sequence[Attribute]:
        """Attributes of the value. Raises: NotFoundError: a sighting is one of something known."""
        if not (found := self.misp.attributes(wanted).attributes):
            raise NotFoundError("no event of MISP has this indicator", "a sighting is noted at an attribute")
        return found

    def _noted(self, event: str, at: datetime) -> set[str]:
        return {each.attribute_id for each in self.misp.sightings(event) if each.date_sighting == _stamp(at)}


def _unread(verdict: Verdict, held: Held) -> Problem | None:
    """Why a verdict may be another one with the attributes that were not read."""
    if not held.cut or verdict == "malicious":
        return None
    message = f"MISP holds more than {PAGE * MOST_PAGES} attributes of a value; the rest was not read"
    return Problem("not_covered", message, "one of them may be meant for detection: look at MISP itself")


def _opinion(found: Attribute) -> FeedOpinion:
    return FeedOpinion(
        feed="misp",
        verdict="malicious" if found.to_ids else "unknown",
        last_seen=iso(datetime.fromtimestamp(int(found.timestamp), UTC)),
        id=found.uuid,
        title=found.event.info or None,
        indicates=[tag.name for tag in found.tags[:10]],
    )


def _values(text: str) -> Iterator[Observable]:
    """What an attribute's value holds: `a` or, of a composite type, `a|b`."""
    for part in {text, *text.split("|")}:
        try:
            yield read(part)
        except ValueError:
            continue


def _stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


def _checked(adapter: TypeAdapter[T], value: JsonValue | Mapping[str, JsonValue]) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        raise ToolError("bad_answer", "MISP answered in another shape", "is it MISP 2.4 or later?") from None
