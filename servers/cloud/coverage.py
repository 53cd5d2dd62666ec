"""For which time a trail speaks: of whom is asked, so that one account that goes on does not speak for another."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from servers.cloud.backend import Asked
from servers.cloud.store import Part, Store
from servers.kit import Problem
from servers.kit.envelope import iso

_ACCOUNT: Final = re.compile(r"(?:arn:[a-z-]{1,20}:[a-z]{1,10}:[a-z0-9-]{0,30}|account):(\d{12})(?::.*)?")
_NUMBER: Final = re.compile(r"\d{12}")
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}")
_STEADY: Final = timedelta(days=1)
"""For how long a region had no silence of its own, so that one tells something."""
_HINT: Final = "absence proves nothing here"


def uncovered(store: Store, asked: Asked, now: datetime, quiet: timedelta) -> Problem | None:
    """Why the trail does not speak for the window: it begins later, it is silent for longer than `quiet`, or somebody
    stopped it. Without a start: for what it holds."""
    until = min(asked.end or now, now)
    parts = _asked_of(store, asked)
    for part in (Part(), *(Part(account) for account in dict.fromkeys(part.account for part in parts))):
        if (said := _outside(store, part, asked.start, until, quiet)) is not None:
            return Problem("not_covered", said, _HINT)
    accounts = {part.account for part in parts}
    for stop in store.stops(asked.start or until, until):
        if not accounts or stop.account is None or stop.account in accounts:
            return Problem("not_covered", f"somebody stopped {_named(Part(stop.account))} at {iso(stop.at)}", _HINT)
    for part in parts:
        if part.region is not None and (said := _fell_silent(store, part, asked.start, until, quiet)) is not None:
            return Problem("not_covered", said, _HINT)
    return None


def _asked_of(store: Store, asked: Asked) -> list[Part]:
    """Accounts and regions in which whoever is asked for ever acted, and the account of a principal that names one;
    nothing where nobody is asked for, or nobody knows where they act."""
    if asked.principal is None and asked.access_key is None:
        return []
    parts = list(store.parts(Asked(principal=asked.principal, access_key=asked.access_key)))
    own = _ACCOUNT.fullmatch(asked.principal or "")
    if own is not None and (not parts or store.ends(Part(own[1])) is not None):
        parts.append(Part(own[1]))
    return parts


def _outside(store: Store, part: Part, start: datetime | None, until: datetime, quiet: timedelta) -> str | None:
    """How the window reaches beyond what is known of a part of the trail."""
    if (ends := store.ends(part)) is None:
        return f"{_named(part)} holds no events"
    if start is not None and start < ends[0]:
        return f"{_named(part)} is known from {iso(ends[0])} on"
    return next(_silences(store, part, start, until, quiet), (None, None))[1]


def _fell_silent(store: Store, part: Part, start: datetime | None, until: datetime, quiet: timedelta) -> str | None:
    """Since when a region says nothing in which there was always something: one that is rarely used tells nothing."""
    ends = store.ends(part)
    for since, said in _silences(store, part, start, until, quiet):
        before = since - _STEADY
        if ends is not None and ends[0] <= before and store.silence(part, before, since, quiet) is None:
            return said
    return None


def _silences(
    store: Store, part: Part, start: datetime | None, until: datetime, quiet: timedelta
) -> Iterator[tuple[datetime, str]]:
    """Since when a part of the trail is silent, and the first time that it was within the window."""
    if (ends := store.ends(part)) is None:
        return
    if ends[1] < (start or ends[0]) or ends[1] + quiet < until:
        yield ends[1], f"{_named(part)} is silent since {iso(ends[1])}"
    gap = None if start is None else store.silence(part, start, until, quiet)
    if gap is not None:
        yield gap[0], f"{_named(part)} is silent from {iso(gap[0])} to {iso(gap[1])}"


def _named(part: Part) -> str:
    """A part of the trail, by names that are of the provider's kind; no other word is repeated."""
    if part.account is None:
        return "the trail"
    whole = f"the trail of account {part.account}" if _NUMBER.fullmatch(part.account) else "the trail of an account"
    if part.region is None:
        return whole
    return f"{whole} in {part.region if _REGION.fullmatch(part.region) else 'a region'}"
