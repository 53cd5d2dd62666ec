"""The tools that look into the STIX store. A feed that is too old makes every answer stale: absence proves nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from servers.embedded import Name, iso_or_none
from servers.errors import ToolError
from servers.intel.models import (
    Actor,
    Actors,
    Brief,
    Briefs,
    Feed,
    FeedLookup,
    FeedOpinion,
    Feeds,
    Relation,
    Relations,
    Verdict,
)
from servers.intel.objects import STANDS_FOR, StixId, StixObject
from servers.intel.stix import LOCAL, MOST, FeedState, Held, StixStore
from servers.kit import Cursor, Limit, NotFoundError, Problem, Reply, paged
from servers.observables import Observable, observable

Names = Annotated[list[Name], Field(min_length=1, max_length=50)]
MOST_SOURCES: Final = 20
_RANK: Final[dict[Verdict, int]] = {"malicious": 0, "suspicious": 1, "benign": 2, "unknown": 3}


@dataclass(frozen=True, slots=True)
class StixReads:
    """Tools over the store."""

    store: StixStore
    now: Callable[[], datetime]
    stale_after: timedelta

    def intel_lookup(self, indicator: Name) -> Reply[FeedLookup]:
        """What threat feeds say of an address, domain, URL, file hash or mail address; verdict of the surest opinion.

        no_data: no feed knows it, which does not mean clean."""
        found, opinions = self._looked_up(observable(indicator))
        age, stale = self._age()
        known = bool(opinions)
        if not known and not found.lapsed and stale is None:
            raise NotFoundError("no feed knows this indicator", "unknown is not clean")
        past = f"; {found.lapsed} opinions hold no longer" if found.lapsed else ""
        text = f"{found.verdict} ({found.confidence}) by {opinions} opinions{past}"
        return Reply(found, text, total=opinions, observed_at=age, stale=stale, empty=not known)

    def intel_lookup_many(self, indicators: Names) -> Reply[Briefs]:
        """The same for up to 50 indicators at once, in short."""
        rows = [self._brief(text) for text in indicators]
        age, stale = self._age()
        told = Counter(row.verdict for row in rows)
        text = ", ".join(f"{told[verdict]} {verdict}" for verdict in _RANK if told[verdict])
        return Reply(Briefs(results=rows), text, observed_at=age, stale=stale)

    def intel_get_actor(self, name: Name, limit: Limit = 20, cursor: Cursor = None) -> Reply[Actors]:
        """What feeds tell of an actor, malware, tool or campaign, by its name, alias or STIX id."""
        held = [each for each in self.store.named(name) if each.object.type in STANDS_FOR]
        page = paged(held, limit, cursor)
        age, stale = self._age()
        rows = [self._actor(each) for each in page.rows]
        text = f"{page.total} entries by this name"
        return page.reply(Actors(actors=rows), text, observed_at=age, stale=stale)

    def intel_related(self, stix_id: StixId, limit: Limit = 20, cursor: Cursor = None) -> Reply[Relations]:
        """Relationships and sightings of a STIX object; ids come from intel_lookup and intel_get_actor."""
        around = self.store.around(stix_id)
        held = [each for each in around if not each.object.revoked]
        page = paged(held, limit, cursor)
        age, stale = self._age()
        rows = [self._relation(stix_id, each) for each in page.rows]
        text = f"{page.total} relationships"
        cut = Problem("not_covered", f"only {MOST} relationships are looked at", "ask about the other end")
        return page.reply(
            Relations(relations=rows),
            text,
            observed_at=age,
            stale=cut if len(around) == MOST else stale,
        )

    def intel_list_feeds(self) -> Reply[Feeds]:
        """The feeds that answers rest on: how many indicators, when they were fetched, what failed."""
        rows = [self._feed(state) for state in self.store.feeds()]
        late = sum(row.stale for row in rows)
        return Reply(Feeds(feeds=rows), f"{len(rows)} feeds, {late} stale")

    def probe(self) -> str:
        """What is behind, and how old. Raises: ToolError when nothing was ever fetched."""
        states = self.store.feeds()
        age, stale = self._age()
        held = sum(state.indicators for state in states)
        old = "" if age is None else f", oldest fetched {iso_or_none(age)}"
        return f"STIX store: {len(states)} feeds, {held} indicators{old}{'; STALE' if stale else ''}"

    def live(self, wanted: Observable) -> Sequence[Held]:
        """Indicators of a value that hold now. Raises: ToolError."""
        return [held for held in self.store.indicators(wanted) if held.object.holds(self.now())]

    def _looked_up(self, wanted: Observable) -> tuple[FeedLookup, int]:
        """What is said of a value, and how many opinions there are."""
        held, now = self.store.indicators(wanted), self.now()
        live = [each for each in held if each.object.holds(now)]
        opinions = sorted((self._opinion(each) for each in live), key=_surest)
        best = opinions[0] if opinions else None
        found = FeedLookup(
            indicator=wanted.value,
            type=wanted.kind,
            verdict="unknown" if best is None else best.verdict,
            confidence=0 if best is None else best.confidence or 0,
            sources=opinions[:MOST_SOURCES],
            lapsed=len(held) - len(live),
            sightings=sum(self._sighted(each) for each in live),
        )
        return found, len(opinions)

    def _brief(self, text: str) -> Brief:
        try:
            found, opinions = self._looked_up(observable(text))
        except ToolError as problem:
            if problem.code != "invalid_argument":
                raise
            return Brief(indicator=text, verdict="unknown", confidence=0, sources=0, lapsed=0)
        return Brief(
            indicator=found.indicator,
            type=found.type,
            verdict=found.verdict,
            confidence=found.confidence,
            sources=opinions,
            lapsed=found.lapsed,
        )

    def _opinion(self, held: Held) -> FeedOpinion:
        found = held.object
        ends = self._ends(held)
        author = found.created_by_ref
        others = self.store.get(held.feed, [*ends, *([author] if author else [])])
        names = [others[end].name or end for end in ends if end in others and not others[end].revoked]
        return FeedOpinion(
            feed=held.feed,
            name=others[author].name if author is not None and author in others else None,
            verdict=found.says(points=bool(names)),
            confidence=found.confidence,
            first_seen=iso_or_none(found.valid_from or found.created),
            last_seen=iso_or_none(found.modified),
            valid_until=iso_or_none(found.valid_until),
            id=found.id,
            title=found.name,
            indicates=names[:10],
        )

    def _ends(self, held: Held) -> list[str]:
        """What an indicator points to, in its own feed."""
        around = (each.object for each in self.store.around(held.object.id, held.feed))
        return [
            other.target_ref
            for other in around
            if other.relationship_type == "indicates"
            and other.source_ref == held.object.id
            and other.target_ref is not None
            and other.target_ref.split("--")[0] in STANDS_FOR
            and not other.revoked
        ]

    def _sighted(self, held: Held) -> int:
        around = self.store.around(held.object.id)
        return sum(each.object.count for each in around if each.object.type == "sighting" and not each.object.revoked)

    def _actor(self, held: Held) -> Actor:
        found = held.object
        return Actor(
            feed=held.feed,
            id=found.id,
            type=found.type,
            name=found.name or found.id,
            aliases=list(found.aliases[:20]),
            description=found.description,
            modified=iso_or_none(found.modified),
            revoked=found.revoked,
            related=len(self.store.around(found.id, held.feed)),
        )

    def _relation(self, known: str, held: Held) -> Relation:
        found = held.object
        if found.type == "sighting":
            return Relation(feed=held.feed, relation="sighting", direction="from", id=found.id, type=found.type)
        forward = found.source_ref == known
        other = (found.target_ref if forward else found.source_ref) or found.id
        named = self.store.get(held.feed, [other]).get(other)
        return Relation(
            feed=held.feed,
            relation=found.relationship_type or found.type,
            direction="to" if forward else "from",
            id=other,
            type=other.split("--")[0],
            name=None if named is None else _called(named),
        )

    def _feed(self, state: FeedState) -> Feed:
        return Feed(
            name=state.name,
            source=state.source,
            fetched_at=iso_or_none(state.fetched_at),
            stale=self._is_stale(state),
            objects=state.objects,
            indicators=state.indicators,
            not_matched=state.not_matched,
            refused=state.refused,
            problem=state.problem,
        )

    def _is_stale(self, state: FeedState) -> bool:
        """What was added here is never old."""
        if state.name == LOCAL:
            return False
        return state.fetched_at is None or self.now() - state.fetched_at > self.stale_after

    def _age(self) -> tuple[datetime | None, Problem | None]:
        """When the oldest feed was fetched, and what is wrong with that."""
        states = [state for state in self.store.feeds() if state.name != LOCAL]
        late = sum(self._is_stale(state) for state in states)
        oldest = min((state.fetched_at for state in states if state.fetched_at is not None), default=None)
        if not late:
            return oldest, None
        message = f"{late} of {len(states)} feeds are older than {self.stale_after.total_seconds() / 3600:g} hours"
        return oldest, Problem("feeds_stale", message, "run: python -m servers.intel.fetch; see intel_list_feeds")


def _surest(opinion: FeedOpinion) -> tuple[int, int, str]:
    """Most confident first; an author who gave none counts as 0."""
    return -(opinion.confidence or 0), _RANK[opinion.verdict], opinion.id


def _called(found: StixObject) -> str | None:
    return found.name or found.pattern
