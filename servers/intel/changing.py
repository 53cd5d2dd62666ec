"""The tools that change the store: own indicators that lapse by themselves, and sightings. Nothing is sent anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from servers.embedded import Name, Reason
from servers.errors import NotFoundError
from servers.intel.models import Changed
from servers.intel.objects import StixObject, new_id
from servers.intel.patterns import pattern_of
from servers.intel.reading import StixReads
from servers.intel.stix import LOCAL, FeedState, Held
from servers.kit import Change, Hit, Plan, Protected, Reply, Time, Undo
from servers.kit.envelope import iso
from servers.observables import Observable, address, host_in, observable

Told: TypeAlias = Literal["malicious", "suspicious", "benign"]
Days = Annotated[int, Field(ge=1, le=365)]
Confidence = Annotated[int, Field(ge=0, le=100)]
MOST_SIGHTED = 20
_KINDS: dict[Told, str] = {
    "malicious": "malicious-activity",
    "suspicious": "anomalous-activity",
    "benign": "benign",
}


@dataclass(frozen=True, slots=True)
class StixChanges:
    """Tools that write into the feed `local`."""

    reads: StixReads
    protected: Protected

    def intel_add_indicator(
        self, indicator: Name, verdict: Told, confidence: Confidence, days: Days, reason: Reason
    ) -> Reply[Changed]:
        """Keep an indicator of one's own for some days; it then lapses by itself. It stays in this store."""
        wanted, now = observable(indicator), self.reads.now()
        until = now + timedelta(days=days)
        earlier = self._own(wanted)
        old = earlier[0].object if earlier else None
        new = StixObject(
            type="indicator",
            id=new_id("indicator") if old is None else old.id,
            created=now if old is None else old.created,
            modified=_after(now, old),
            description=reason,
            confidence=confidence,
            indicator_types=(_KINDS[verdict],),
            pattern=pattern_of(wanted),
            pattern_type="stix",
            valid_from=now,
            valid_until=until,
        )
        self._put(new)
        return Reply(Changed(indicator=wanted.value, change="added", count=1, until=iso(until)), "1 indicator added")

    def plan_add(self, indicator: Name, verdict: Told, confidence: Confidence, days: Days, reason: Reason) -> Plan:
        """What would be believed of it."""
        wanted = observable(indicator)
        known = len(self._live(wanted))
        return Plan(
            target=f"indicator {wanted.value}",
            blast_radius=f"lookups of 1 {wanted.kind} say {verdict} for {days} days; {known} opinions are there",
            undo=Undo("intel_revoke_indicator", {"indicator": wanted.value}),
            expires_at=self.reads.now() + timedelta(days=days),
            hits=self._hits(wanted) if verdict != "benign" else (),
        )

    def is_added(self, indicator: Name, verdict: Told, confidence: Confidence, days: Days, reason: Reason) -> bool:
        """Whether the store has it, with these words."""
        asked = ((_KINDS[verdict],), confidence, reason)
        return any(
            (each.object.indicator_types, each.object.confidence, each.object.description) == asked
            for each in self._own(observable(indicator))
        )

    def intel_revoke_indicator(self, indicator: Name, reason: Reason) -> Reply[Changed]:
        """Revoke an indicator of one's own (STIX `revoked`); other feeds keep theirs."""
        wanted, now = observable(indicator), self.reads.now()
        own = self._own(wanted)
        for held in own:
            change = {"revoked": True, "modified": _after(now, held.object), "description": reason}
            self._put(held.object.model_copy(update=change))
        done = Changed(indicator=wanted.value, change="revoked" if own else "was not there", count=len(own))
        return Reply(done, f"{len(own)} indicators revoked")

    def plan_revoke(self, indicator: Name, reason: Reason) -> Plan:
        """What would no longer be said."""
        wanted = observable(indicator)
        return Plan(f"indicator {wanted.value}", f"{len(self._own(wanted))} own indicators are believed no longer")

    def is_revoked(self, indicator: Name, reason: Reason) -> bool:
        """Whether no own indicator of it holds."""
        return not self._own(observable(indicator))

    def intel_add_sighting(self, indicator: Name, seen_at: Time, reason: Reason) -> Reply[Changed]:
        """Note in this store that a known indicator was seen here at a time. It cannot be taken back."""
        wanted, now = observable(indicator), self.reads.now()
        ids = self._sightable(wanted)
        for each in ids:
            self._put(
                StixObject(
                    type="sighting",
                    id=new_id("sighting"),
                    created=now,
                    modified=now,
                    description=reason,
                    sighting_of_ref=each,
                    first_seen=seen_at,
                    last_seen=seen_at,
                )
            )
        return Reply(Changed(indicator=wanted.value, change="sighting added", count=len(ids)), "sighting added")

    def plan_sighting(self, indicator: Name, seen_at: Time, reason: Reason) -> Plan:
        """Which indicators it would be noted at."""
        wanted = observable(indicator)
        count = len(self._sightable(wanted))
        return Plan(f"sighting of {wanted.value}", f"noted at {count} indicators; cannot be taken back")

    def is_sighted(self, indicator: Name, seen_at: Time, reason: Reason) -> bool:
        """Whether every indicator of it has a sighting at that time."""
        return all(
            any(each.object.type == "sighting" and each.object.first_seen == seen_at for each in self._around(sighted))
            for sighted in self._sightable(observable(indicator))
        )

    def declared(self) -> Sequence[Change]:
        """All three, as the kit wants them."""
        return (
            Change(
                self.intel_add_indicator,
                self.plan_add,
                self.is_added,
                risk="medium",
                expiry="lapse",
                lapses="backend",
                undo="intel_revoke_indicator",
            ),
            Change(self.intel_revoke_indicator, self.plan_revoke, self.is_revoked, risk="medium"),
            Change(self.intel_add_sighting, self.plan_sighting, self.is_sighted, risk="low", expiry="hold"),
        )

    def _live(self, wanted: Observable) -> Sequence[Held]:
        return self.reads.live(wanted) if self.reads.store.path.exists() else ()

    def _own(self, wanted: Observable) -> Sequence[Held]:
        """Own indicators of exactly this value that hold now."""
        pattern = pattern_of(wanted)
        return [held for held in self._live(wanted) if held.feed == LOCAL and held.object.pattern == pattern]

    def _around(self, sighted: str) -> Sequence[Held]:
        return self.reads.store.around(sighted, LOCAL)

    def _sightable(self, wanted: Observable) -> list[str]:
        """Indicators of the value. Raises: NotFoundError: a sighting is one of something known."""
        ids = sorted({held.object.id for held in self._live(wanted)})
        if not ids:
            raise NotFoundError("no feed knows this indicator", "add it first: intel_add_indicator")
        return ids[:MOST_SIGHTED]

    def _hits(self, wanted: Observable) -> tuple[Hit, ...]:
        if (host := host_in(wanted)) is None:
            return ()
        try:
            return self.protected.address(str(address(host)))
        except ValueError:
            return self.protected.domain(host)

    def _put(self, new: StixObject) -> None:
        store = self.reads.store
        store.put(LOCAL, [new.model_dump(mode="json", exclude_none=True)])
        store.note(FeedState(LOCAL, "added here", self.reads.now(), None, 0, None))


def _after(now: datetime, old: StixObject | None) -> datetime:
    """A version later than the one before, whatever the clock says."""
    if old is None or old.modified is None:
        return now
    return max(now, old.modified + timedelta(milliseconds=1))
