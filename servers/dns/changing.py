"""The tools that change: a domain gets no answer for a while, and every change is read back at the resolver."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from servers.dns.backend import QueryLog, Sinkholes
from servers.dns.models import Changed
from servers.domains import Domain, registered
from servers.embedded import Reason
from servers.kit import Reply
from servers.kit.changes import Change, Plan, Undo
from servers.kit.envelope import iso
from servers.kit.guards import Hit

Minutes = Annotated[int, Field(ge=1, le=43_200)]


@dataclass(frozen=True, slots=True)
class SinkholeChanges:
    """Tools that set and end sinkholes."""

    sinkholes: Sinkholes
    log: QueryLog | None
    now: Callable[[], datetime]
    guards: Callable[[str], tuple[Hit, ...]]

    def dns_sinkhole_domain(self, domain: Domain, minutes: Minutes, reason: Reason) -> Reply[Changed]:
        """Answer no such name for a domain and all names below it for some minutes; it lapses by itself."""
        until = self.now() + timedelta(minutes=minutes)
        self.sinkholes.add(domain, until, reason)
        return Reply(Changed(domain=domain, change="sinkholed", until=iso(until)), "1 domain sinkholed")

    def plan_sinkhole(self, domain: Domain, minutes: Minutes, reason: Reason) -> Plan:
        """Who would feel it, by what was asked in the last day."""
        until = self.now() + timedelta(minutes=minutes)
        hits = (*self.guards(domain), *self._forbidden(domain), *self.sinkholes.hits(domain))
        return Plan(
            target=domain,
            blast_radius=f"{self._clients(domain)} for {minutes} minutes",
            undo=Undo("dns_unsinkhole_domain", {"domain": domain}),
            expires_at=until,
            hits=hits,
        )

    def is_sinkholed(self, domain: Domain, minutes: Minutes, reason: Reason) -> bool:
        """Whether a sinkhole of that name is in force, and a client is told that there is no such name."""
        held = any(entry.domain == domain and entry.in_force for entry in self.sinkholes.entries())
        return held and self.sinkholes.answer(domain).how == "no_such_name"

    def dns_unsinkhole_domain(self, domain: Domain, reason: Reason) -> Reply[Changed]:
        """End the sinkhole of a domain before it lapses."""
        ended = self.sinkholes.remove(domain)
        change = Changed(domain=domain, change="released" if ended else "was not sinkholed")
        return Reply(change, "1 sinkhole ended" if ended else "the domain was not sinkholed")

    def plan_release(self, domain: Domain, reason: Reason) -> Plan:
        """What would be answered again."""
        found = sum(entry.domain == domain for entry in self.sinkholes.entries())
        return Plan(domain, f"{found} sinkholes end")

    def is_released(self, domain: Domain, reason: Reason) -> bool:
        """Whether no sinkhole of that name is left."""
        return not any(entry.domain == domain and entry.in_force for entry in self.sinkholes.entries())

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        sinkhole = Change(
            self.dns_sinkhole_domain,
            self.plan_sinkhole,
            self.is_sinkholed,
            risk="medium",
            expiry="lapse",
            undo="dns_unsinkhole_domain",
        )
        return sinkhole, Change(self.dns_unsinkhole_domain, self.plan_release, self.is_released, risk="low")

    def _forbidden(self, domain: str) -> tuple[Hit, ...]:
        if registered(domain) is None:
            return (Hit("public_suffix", "names under which anybody registers are never a target"),)
        return ()

    def _clients(self, domain: str) -> str:
        if self.log is None:
            return "whoever asks for it"
        end = self.now()
        found = self.log.queries(end - timedelta(days=1), end, domain)
        return f"{len({query.client for query in found})} clients asked {len(found)} times in the last day; no answer"
