"""What the intel server answers, each field with who wrote it. What feeds name and describe is outside text."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from servers.kit import T0, T1, T2, Output

Verdict: TypeAlias = Literal["malicious", "suspicious", "benign", "unknown"]


class Opinion(Output):
    """What one feed says."""

    name: Annotated[str, T1]
    verdict: Annotated[str, T1]
    confidence: Annotated[int, T1]
    first_seen: Annotated[str, T1]
    last_seen: Annotated[str, T1]


class Network(Output):
    """Who an address belongs to."""

    meaning: Annotated[str, T1]
    """For instance hosting, residential, own_nat, vpn_egress, partner or scanner."""
    owner: Annotated[str, T1]
    country: Annotated[str, T1]
    asn: Annotated[int, T1]


class Lookup(Output):
    """One indicator over all feeds; `verdict` is that of the most confident one."""

    indicator: Annotated[str, T1]
    type: Annotated[str, T1]
    verdict: Annotated[Literal["malicious", "suspicious", "benign", "unknown"], T1]
    confidence: Annotated[int, T1]
    """0 to 100."""
    sources: list[Opinion]
    network: Network | None = None


class Known(Output):
    """Whether the operator registered a value as its own or as known-good."""

    known: Annotated[bool, T0]
    value: Annotated[str | None, T0] = None
    """The registered value that matched. Beside `known` false it is what is only around the value: a domain, a network
    or a part of it, which vouches for nothing."""
    registry: Annotated[str | None, T0] = Field(default=None, alias="register")
    registered_by: Annotated[str | None, T0] = None
    reason: Annotated[str | None, T0] = None


class FeedOpinion(Output):
    """What one author says in one feed."""

    feed: Annotated[str, T0]
    """As the operator named it."""
    name: Annotated[str | None, T2] = None
    """The author, as the feed calls it."""
    verdict: Annotated[Verdict, T1]
    confidence: Annotated[int | None, T1] = None
    """0 to 100; left out where the author gave none."""
    first_seen: Annotated[str | None, T1] = None
    last_seen: Annotated[str | None, T1] = None
    valid_until: Annotated[str | None, T1] = None
    id: Annotated[str, T1]
    title: Annotated[str | None, T2] = None
    indicates: Annotated[list[str], T2] = []
    """Malware, actors, tools and campaigns that it points to; tags."""


class FeedLookup(Output):
    """One indicator over all feeds; `verdict` is that of the most confident opinion that holds now."""

    rows: ClassVar[str | None] = "sources"
    indicator: Annotated[str, T1]
    type: Annotated[str, T1]
    verdict: Annotated[Verdict, T1]
    confidence: Annotated[int, T1]
    """0 to 100; 0 where no author gave one."""
    sources: list[FeedOpinion]
    """At most 20."""
    lapsed: Annotated[int, T1] = 0
    """Opinions that hold no longer: revoked, or past their time."""
    sightings: Annotated[int | None, T1] = None
    """How often it was reported as seen; left out where the product was not asked."""


class Brief(Output):
    """One indicator of several."""

    indicator: Annotated[str, T1]
    type: Annotated[str | None, T1] = None
    """Left out where it is nothing that can be looked up."""
    verdict: Annotated[Verdict, T1]
    confidence: Annotated[int, T1]
    sources: Annotated[int, T1]
    lapsed: Annotated[int, T1]


class Briefs(Output):
    """Several indicators, in the order they were asked for."""

    rows: ClassVar[str | None] = "results"
    results: list[Brief]


class Actor(Output):
    """What a feed tells of an actor, malware, tool or campaign."""

    feed: Annotated[str, T0]
    id: Annotated[str, T1]
    type: Annotated[str, T1]
    name: Annotated[str, T2]
    aliases: Annotated[list[str], T2] = []
    description: Annotated[str | None, T2] = None
    modified: Annotated[str | None, T1] = None
    revoked: Annotated[bool, T1] = False
    related: Annotated[int, T1]
    """Relationships; intel_related lists them."""


class Actors(Output):
    """All that go by a name."""

    rows: ClassVar[str | None] = "actors"
    actors: list[Actor]


class Relation(Output):
    """One relationship of an object, in the feed that tells it."""

    feed: Annotated[str, T0]
    relation: Annotated[str, T2]
    direction: Annotated[Literal["to", "from"], T1]
    id: Annotated[str, T1]
    type: Annotated[str, T1]
    name: Annotated[str | None, T2] = None
    """Name of the other object; the pattern of an indicator without one."""


class Relations(Output):
    """Relationships of one object."""

    rows: ClassVar[str | None] = "relations"
    relations: list[Relation]


class Feed(Output):
    """One feed in the store."""

    name: Annotated[str, T0]
    source: Annotated[str, T0]
    fetched_at: Annotated[str | None, T1] = None
    """When it was last fetched whole; left out where it never was."""
    stale: Annotated[bool, T1]
    objects: Annotated[int, T1]
    indicators: Annotated[int, T1]
    not_matched: Annotated[int, T1]
    """Indicators whose pattern is none this server can match."""
    refused: Annotated[int, T1]
    """Objects of the last fetch that were no STIX 2.1."""
    problem: Annotated[str | None, T1] = None
    """Code of what kept the last attempt from succeeding."""


class Feeds(Output):
    """What the answers rest on."""

    rows: ClassVar[str | None] = "feeds"
    feeds: list[Feed]


class Changed(Output):
    """What was written."""

    indicator: Annotated[str, T0]
    change: Annotated[Literal["added", "revoked", "was not there", "sighting added"], T1]
    count: Annotated[int, T1]
    """Objects written."""
    until: Annotated[str | None, T1] = None


class OnWarningList(Output):
    """Whether a warning list of MISP holds a value: likely no sign of an attack, and proof of nothing."""

    known: Annotated[bool, T1]
    lists: Annotated[list[str], T2] = []
    """What MISP calls the lists."""
