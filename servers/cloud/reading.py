"""The tools: calls, what a principal does, keys in use, whether something is new of a principal, and what failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from pydantic import Field

from servers.cloud.backend import Asked, CloudBackend, Counted, Facet
from servers.cloud.models import Events, FailedCall, FailedCalls, Habit, Key, Keys, Principal, Usual
from servers.embedded import asked as told
from servers.embedded import check_window, iso_or_none
from servers.kit import Cursor, Limit, Reply, Time, ToolError, paged
from servers.kit.answer import offset_of, row_cursors
from servers.kit.envelope import iso
from servers.observables import AskedAddress

Who = Annotated[str, Field(min_length=1, max_length=600)]
"""An ARN, the ARN of the role or user whose sessions are meant, or a user's name."""
Api = Annotated[str, Field(pattern="^[A-Za-z0-9_]{1,128}$")]
AccessKey = Annotated[str, Field(pattern="^[A-Za-z0-9]{8,128}$")]
_FACETS: Final[tuple[Facet, ...]] = ("api", "source", "access_key", "region", "error", "user_agent")
_TEMPORARY: Final = "ASIA"
"""How keys of sessions begin."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Tools over one trail."""

    backend: CloudBackend

    def cloud_search_events(
        self,
        start: Time,
        end: Time,
        principal: Who | None = None,
        api: Api | None = None,
        source_ip: AskedAddress | None = None,
        access_key: AccessKey | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Events]:
        """Calls of the cloud's API and console sign-ins, earliest first; principal: ARN, role's ARN or name."""
        check_window(start, end)
        source = None if source_ip is None else str(source_ip)
        asked = Asked(start, end, principal, api, source, access_key)
        offset = offset_of(cursor)
        found = self.backend.trail.find(asked, offset, limit)
        rows = list(found.events)
        return Reply(
            Events(events=rows),
            f"{len(rows)} of {found.total} events",
            sensor=self.backend.sensor,
            query=_said(asked),
            total=found.total,
            after=row_cursors(offset, len(rows)),
            more=offset + len(rows) < found.total,
            stale=self.backend.trail.blind(asked),
        )

    def cloud_summarise_principal(
        self, principal: Who, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Principal]:
        """What a principal did: calls by API, source, key, region, error and program, most frequent first."""
        check_window(start, end)
        asked = Asked(start, end, principal)
        whole = self.backend.trail.seen(asked)
        habits = [habit for facet in _FACETS for habit in self._habits(asked, facet)]
        page = paged(habits, limit, cursor)
        return page.reply(
            Principal(events=whole.events, failed=whole.failed, habits=list(page.rows)),
            f"{whole.events} events, {whole.failed} failed",
            sensor=self.backend.sensor,
            query=_said(asked),
            stale=self.backend.trail.blind(asked),
        )

    def cloud_list_keys_used(
        self, start: Time, end: Time, principal: Who | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Keys]:
        """Access keys used in a window, by whom and from how many sources; known_since tells new ones, which come
        first."""
        check_window(start, end)
        asked = Asked(start, end, principal)
        groups = [each for each in self.backend.trail.count(asked, ("access_key", "principal")) if each.values[0]]
        keys = sorted((self._key(each) for each in groups), key=lambda key: key.known_since or "", reverse=True)
        page = paged(keys, limit, cursor)
        return page.reply(
            Keys(keys=list(page.rows)),
            f"{len({key.access_key for key in keys})} access keys in use",
            sensor=self.backend.sensor,
            query=_said(asked),
            stale=self.backend.trail.blind(asked),
        )

    def cloud_first_seen(
        self,
        principal: Who,
        source_ip: AskedAddress | None = None,
        api: Api | None = None,
        before: Time | None = None,
    ) -> Reply[Usual]:
        """Is a source or an API usual of this principal? When first seen and how often, before a time or ever."""
        if source_ip is None and api is None:
            raise ToolError("invalid_argument", "give source_ip, api, or both", "what is to be usual")
        trail = self.backend.trail
        everything = Asked(end=before, principal=principal)
        wanted = replace(everything, source=None if source_ip is None else str(source_ip), api=api)
        own, habit, all_ = trail.seen(everything), trail.seen(wanted), trail.seen(replace(wanted, principal=None))
        usual = Usual(
            seen=habit.events > 0,
            first=iso_or_none(habit.first),
            last=iso_or_none(habit.last),
            events=habit.events,
            failed=habit.failed,
            days=habit.days,
            principal_events=own.events,
            principal_first=iso_or_none(own.first),
            principal_days=own.days,
            others=all_.events - habit.events,
        )
        return Reply(
            usual,
            f"seen {habit.events} times on {habit.days} of the principal's {own.days} days",
            sensor=self.backend.sensor,
            stale=trail.blind(everything),
            empty=own.events == 0,
        )

    def cloud_failed_calls(
        self, start: Time, end: Time, principal: Who | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[FailedCalls]:
        """Calls and sign-ins that failed, counted by principal, API, error and source, the most frequent first."""
        check_window(start, end)
        asked = Asked(start, end, principal, failed=True)
        groups = self.backend.trail.count(asked, ("principal", "api", "error", "source"))
        page = paged(groups, limit, cursor)
        events = self.backend.trail.seen(asked).events
        who = len({each.values[0] for each in groups if each.values[0]})
        return page.reply(
            FailedCalls(calls=[_failure(each) for each in page.rows], events=events, principals=who),
            f"{events} failed calls of {who} principals",
            sensor=self.backend.sensor,
            query=_said(asked),
            stale=self.backend.trail.blind(asked),
        )

    def _habits(self, asked: Asked, facet: Facet) -> Sequence[Habit]:
        groups = [each for each in self.backend.trail.count(asked, (facet,)) if each.values[0]]
        return [_habit(facet, each) for each in groups]

    def _key(self, group: Counted) -> Key:
        key = str(group.values[0])
        return Key(
            access_key=key,
            temporary=key.startswith(_TEMPORARY),
            principal=group.values[1],
            events=group.events,
            failed=group.failed,
            sources=group.sources,
            first=iso(group.first),
            last=iso(group.last),
            known_since=iso_or_none(self.backend.trail.seen(Asked(access_key=key)).first),
        )


def _habit(facet: Facet, group: Counted) -> Habit:
    value = group.values[0]
    return Habit(
        kind="api" if facet == "principal" else facet,
        value=None if facet == "user_agent" else value,
        text=value if facet == "user_agent" else None,
        events=group.events,
        failed=group.failed,
        first=iso(group.first),
        last=iso(group.last),
    )


def _failure(group: Counted) -> FailedCall:
    principal, api, error, source = group.values
    return FailedCall(
        principal=principal,
        api=api,
        error=error,
        source=source,
        events=group.events,
        first=iso(group.first),
        last=iso(group.last),
    )


def _said(asked: Asked) -> str:
    """What was asked, for the record. The window is always given where this is called."""
    words = {"api": asked.api, "source": asked.source, "access_key": asked.access_key}
    who = {"principal": None if asked.principal is None else "given"}
    failed = {"failed": None if asked.failed is None else str(asked.failed).lower()}
    if asked.start is None or asked.end is None:
        return " and ".join(f"{name}={value}" for name, value in words.items() if value)
    return told({**who, **words, **failed}, asked.start, asked.end)
