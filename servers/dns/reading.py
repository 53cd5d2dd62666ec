"""The tools that look: what was asked for, what a domain looks like from here, and what gets no answer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from servers.dns.backend import DnsBackend, Query, QueryLog, Said, Sinkholes
from servers.dns.models import (
    CheckedDomain,
    Group,
    Groups,
    Profile,
    Queries,
    Resolved,
    Sinkhole,
    SinkholeList,
)
from servers.dns.shape import entropy, lookalike, randomness
from servers.domains import Domain, registered
from servers.embedded import asked, check_window, iso_or_none
from servers.kit import Cursor, Limit, NotFoundError, Reply, Time, paged
from servers.kit.envelope import iso
from servers.observables import AskedAddress

By: TypeAlias = Literal["domain", "client", "client_and_domain", "question_type"]
QuestionType: TypeAlias = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"]
Days = Annotated[int, Field(ge=1, le=30)]
CARRIERS: Final = frozenset({"TXT", "NULL", "CNAME", "MX", "KEY"})
"""Question types that carry more than an address back."""
RANDOM: Final = 60
"""From this many points of randomness on a label does not read like words."""


@dataclass(frozen=True, slots=True)
class LogReads:
    """Tools over the log of questions."""

    backend: DnsBackend
    log: QueryLog

    def dns_query_log(
        self,
        start: Time,
        end: Time,
        domain: Domain | None = None,
        client: AskedAddress | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Queries]:
        """Questions to the resolver for a domain (and all names below it) and/or by a client, earliest first."""
        check_window(start, end)
        found = self._found(start, end, domain, client)
        page = paged(found, limit, cursor)
        return page.reply(
            Queries(queries=[query.event() for query in page.rows]),
            f"{len(page.rows)} of {page.total} questions",
            sensor=self.backend.sensor,
            query=_asked(domain, client, start, end),
            stale=self.log.blind(start, end),
        )

    def dns_summarise_queries(
        self,
        start: Time,
        end: Time,
        by: By = "domain",
        domain: Domain | None = None,
        client: AskedAddress | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Groups]:
        """Count questions by registered domain, client, both or type, most first; many names or failures stand out."""
        check_window(start, end)
        found = self._found(start, end, domain, client)
        page = paged(_grouped(found, by), limit, cursor)
        return page.reply(
            Groups(groups=list(page.rows), queries=len(found)),
            f"{len(found)} questions in {page.total} groups",
            sensor=self.backend.sensor,
            query=_asked(domain, client, start, end),
            stale=self.log.blind(start, end),
        )

    def dns_profile_domain(self, domain: Domain, days: Days = 7) -> Reply[Profile]:
        """How a registered domain was used here in the last days, how machine-made it reads, and whose lookalike it is.

        randomness is a hint by letters alone, from 0 (words) to 100."""
        end = self.backend.now()
        start = end - timedelta(days=days)
        whole = registered(domain) or domain
        found = self.log.queries(start, end, whole)
        data = _profile(domain, whole, found, self.backend.own_domains())
        text = f"{data.queries} questions by {data.clients} clients, randomness {data.randomness}"
        query = _asked(whole, None, start, end)
        blind = self.log.blind(start, end)
        return Reply(data, text, sensor=self.backend.sensor, query=query, stale=blind)

    def _found(
        self, start: datetime, end: datetime, domain: str | None, client: AskedAddress | None
    ) -> Sequence[Query]:
        return self.log.queries(start, end, domain, None if client is None else str(client))


@dataclass(frozen=True, slots=True)
class SinkholeReads:
    """Tools over the sinkholes."""

    sinkholes: Sinkholes

    def dns_list_sinkholes(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[SinkholeList]:
        """Domains that get no answer now, and until when."""
        page = paged(self.sinkholes.entries(), limit, cursor)
        rows = [
            Sinkhole(
                domain=entry.domain,
                since=iso_or_none(entry.since),
                until=iso_or_none(entry.until),
                by=entry.by,
                in_force=entry.in_force,
                reason=entry.reason,
            )
            for entry in page.rows
        ]
        text = f"{page.total} sinkholes"
        return page.reply(SinkholeList(sinkholes=rows), text)

    def dns_check_domain(self, domain: Domain) -> Reply[CheckedDomain]:
        """What a client is answered for a name now, asked so that the question does not leave the house."""
        held = [
            entry for entry in self.sinkholes.entries() if domain == entry.domain or domain.endswith(f".{entry.domain}")
        ]
        answer = self.sinkholes.answer(domain)
        sinkholed = answer.how == "no_such_name" and any(entry.in_force for entry in held)
        data = CheckedDomain(
            domain=domain,
            sinkholed=sinkholed,
            answered=answer.how,
            answers=list(answer.addresses),
            until=iso_or_none(held[0].until) if held and sinkholed else None,
        )
        return Reply(data, "sinkholed" if sinkholed else f"not sinkholed: {answer.how}", beside=True)


@dataclass(frozen=True, slots=True)
class Resolving:
    """The tool that asks."""

    resolve: Callable[[str, str], Said]

    def dns_resolve(self, name: Domain, question_type: QuestionType = "A") -> Reply[Resolved]:
        """Ask the configured resolver. The name may be seen outside: whoever owns the domain can notice."""
        said = self.resolve(name, question_type)
        if said.code == "NXDOMAIN":
            raise NotFoundError("the resolver says that there is no such name")
        data = Resolved(
            name=name,
            question_type=question_type,
            response_code=said.code,
            answers=list(said.answers),
            ttl_s=said.ttl_s,
        )
        return Reply(data, f"{said.code}, {len(said.answers)} answers", empty=not said.answers)


def _asked(domain: str | None, client: AskedAddress | None, start: datetime, end: datetime) -> str:
    return asked({"domain": domain, "client": None if client is None else str(client)}, start, end)


def _grouped(found: Iterable[Query], by: By) -> list[Group]:
    groups: dict[tuple[str | None, str | None, str | None], list[Query]] = {}
    for query in found:
        client = query.client if by in ("client", "client_and_domain") else None
        domain = query.domain if by in ("domain", "client_and_domain") else None
        groups.setdefault((client, domain, query.kind if by == "question_type" else None), []).append(query)
    made = [_group(key, queries) for key, queries in groups.items()]
    return sorted(made, key=lambda g: (-g.queries, g.client or "", g.registered_domain or "", g.question_type or ""))


def _group(key: tuple[str | None, str | None, str | None], queries: Sequence[Query]) -> Group:
    return Group(
        client=key[0],
        registered_domain=key[1],
        question_type=key[2],
        queries=len(queries),
        clients=len({query.client for query in queries}),
        names=len({query.name for query in queries}),
        failures=sum(query.failed for query in queries),
        longest_name=max(len(query.name) for query in queries),
        first=iso(queries[0].time),
        last=iso(queries[-1].time),
    )


def _profile(domain: str, whole: str, found: Sequence[Query], own: Iterable[str]) -> Profile:
    names = {query.name for query in found}
    below = sorted({name.removesuffix(f".{whole}").split(".")[0] for name in names if name != whole})
    score = randomness(whole.split(".", maxsplit=1)[0])
    lower = round(_mean([randomness(label) for label in below]))
    like = lookalike(domain, own)
    return Profile(
        domain=domain,
        registered_domain=registered(domain),
        first_seen=iso(found[0].time) if found else None,
        last_seen=iso(found[-1].time) if found else None,
        queries=len(found),
        clients=len({query.client for query in found}),
        names=len(names),
        failures=sum(query.failed for query in found),
        text_queries=sum(query.kind in CARRIERS for query in found),
        longest_label=max((len(label) for name in {*names, domain} for label in name.split(".")), default=0),
        mean_label_entropy_bits=round(_mean([entropy(label) for label in below]), 2),
        randomness=score,
        randomness_below=lower,
        meaning=_meaning(score, lower),
        lookalike_of=None if like is None else like.own,
        lookalike_how=None if like is None else like.how,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _meaning(score: int, below: int) -> str:
    name = "does not read like words" if score >= RANDOM else "reads like words"
    lower = "do not" if below >= RANDOM else "do or there are none"
    return f"the registered label {name}; labels below it {lower}; form alone proves nothing"
