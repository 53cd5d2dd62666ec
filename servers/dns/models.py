"""What the dns server answers, each field with who wrote it. Names are somebody else's words, even our own clients'."""

from typing import Annotated, ClassVar, Literal

from servers.dns.shape import How
from servers.kit import T0, T1, T2, Output
from servers.kit.ecs import Event


class QueryEvent(Event):
    """One question to the resolver."""

    more = {"dns.response_code": ("string", T1)}
    """The resolver's answer code, such as NOERROR or NXDOMAIN; left out where it is not logged."""


class Queries(Output):
    """Questions in order of time."""

    rows: ClassVar[str | None] = "queries"
    queries: list[QueryEvent]


class Group(Output):
    """Questions that have one thing in common."""

    client: Annotated[str | None, T1] = None
    registered_domain: Annotated[str | None, T1] = None
    """As the resolver knows it: whose servers it asked."""
    question_type: Annotated[str | None, T1] = None
    queries: Annotated[int, T1]
    clients: Annotated[int, T1]
    names: Annotated[int, T1]
    """Different names; many long ones under one domain look like a tunnel."""
    failures: Annotated[int, T1]
    longest_name: Annotated[int, T1]
    """Characters."""
    first: Annotated[str, T1]
    last: Annotated[str, T1]


class Groups(Output):
    """Groups of questions, the largest first."""

    rows: ClassVar[str | None] = "groups"
    groups: list[Group]
    queries: Annotated[int, T1]
    """Questions counted."""


class Resolved(Output):
    """What the resolver answers."""

    rows: ClassVar[str | None] = "answers"
    name: Annotated[str, T2]
    question_type: Annotated[str, T1]
    response_code: Annotated[str, T1]
    answers: Annotated[list[str], T2]
    ttl_s: Annotated[int | None, T1] = None


class CheckedDomain(Output):
    """What a client is answered, found out without the question leaving the house."""

    rows: ClassVar[str | None] = "answers"
    domain: Annotated[str, T2]
    sinkholed: Annotated[bool, T1]
    answered: Annotated[Literal["no_such_name", "local_answer", "as_usual"], T1]
    """no_such_name: no address is given out; local_answer: from the resolver's own data; as_usual: it would ask."""
    answers: Annotated[list[str], T2]
    until: Annotated[str | None, T1] = None


class Profile(Output):
    """A domain as it was seen here, and what its letters say."""

    domain: Annotated[str, T2]
    registered_domain: Annotated[str | None, T2] = None
    """The part somebody registered; the figures are about it and everything below it."""
    first_seen: Annotated[str | None, T1] = None
    last_seen: Annotated[str | None, T1] = None
    queries: Annotated[int, T1]
    clients: Annotated[int, T1]
    names: Annotated[int, T1]
    failures: Annotated[int, T1]
    text_queries: Annotated[int, T1]
    """TXT, NULL, CNAME and MX questions, which carry data well."""
    longest_label: Annotated[int, T1]
    mean_label_entropy_bits: Annotated[float, T1]
    """Of the leftmost labels below the registered domain, in bits a character; words have about 3 at ten letters."""
    randomness: Annotated[int, T1]
    """0 reads like words, 100 looks made by a machine: of the registered label, by form alone."""
    randomness_below: Annotated[int, T1]
    """The same, as a mean over the leftmost labels asked for below it."""
    meaning: Annotated[str, T1]
    lookalike_of: Annotated[str | None, T0] = None
    """A domain of our own that it could be taken for."""
    lookalike_how: Annotated[How | None, T1] = None


class Sinkhole(Output):
    """One domain that gets no answer."""

    domain: Annotated[str, T1]
    since: Annotated[str | None, T1] = None
    until: Annotated[str | None, T1] = None
    by: Annotated[str, T0]
    in_force: Annotated[bool, T1]
    """False: it is in our list, and the resolver does not know it, as after a restart without the list."""
    reason: Annotated[str | None, T2] = None


class SinkholeList(Output):
    """The sinkholes of this server."""

    rows: ClassVar[str | None] = "sinkholes"
    sinkholes: list[Sinkhole]


class Changed(Output):
    """What the resolver was told; dns_check_domain reads back whether it holds."""

    domain: Annotated[str, T0]
    change: Annotated[Literal["sinkholed", "released", "was not sinkholed"], T1]
    until: Annotated[str | None, T1] = None
