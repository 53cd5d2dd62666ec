"""What an entry of a directory says: texts, times, and whether a sign-in is shut out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from servers.identity.backend import FOREVER, Lock

LONGEST: Final = 500
"""Characters of a value that are kept."""
_TIME: Final = re.compile(r"(\d{14})(?:[.,]\d+)?Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry with the attributes that were asked for, their names in lower case."""

    dn: str
    values: Mapping[str, Sequence[str]]

    def all(self, attribute: str) -> Sequence[str]:
        """Every value of an attribute."""
        return self.values.get(attribute.lower(), ())

    def one(self, attribute: str) -> str | None:
        """The first value of an attribute, as much of it as anybody reads."""
        found = self.all(attribute)
        return found[0][:LONGEST] if found else None

    def time(self, attribute: str) -> datetime | None:
        """The first value as a time; None where there is none, or none of the calendar."""
        found = self.all(attribute)
        return moment(found[0]) if found else None


def moment(text: str) -> datetime | None:
    """A generalised time in UTC. Source: RFC 4517, 3.3.13."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        return datetime.strptime(match.group(1), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Policy:
    """The part of a password policy that decides who is shut out. Source: draft-behera-ldap-password-policy-10, 5.2."""

    locks: bool
    """pwdLockout: without it a lock stands in the entry and shuts out nobody."""
    lockout: timedelta | None
    """pwdLockoutDuration: after it a lock for failures is over; None: only an administrator ends it."""
    max_age: timedelta | None
    """pwdMaxAge: after it a password has expired."""
    idle: timedelta | None
    """pwdMaxIdle: an account whose last sign-in is longer ago lets nobody in."""

    @classmethod
    def of(cls, entry: Entry) -> "Policy":
        """The policy an entry holds."""
        locks = (entry.one("pwdLockout") or "").upper() == "TRUE"
        spans = (_seconds(entry.one(name)) for name in ("pwdLockoutDuration", "pwdMaxAge", "pwdMaxIdle"))
        return cls(locks, *spans)


def lock_of(entry: Entry, policy: Policy | None, now: datetime) -> Lock | None:
    """The lock an entry carries; one for failures that is over by its policy is none."""
    found = entry.one("pwdAccountLockedTime")
    if found is None:
        return None
    since = moment(found)
    if found == FOREVER or since is None:
        return Lock(found, "administrator", None)
    over = policy is not None and policy.lockout is not None and since + policy.lockout <= now
    return None if over else Lock(found, "failures", since)


def admitted(entry: Entry, policy: Policy | None, now: datetime) -> bool:
    """Whether lock, times of validity and ages let an account in; what cannot be told does not.

    A password whose change no entry tells never expires. Source: draft-behera-ldap-password-policy-10, 5.3."""
    begins, ends, changed, used = ("pwdStartTime", "pwdEndTime", "pwdChangedTime", "pwdLastSuccess")
    if lock_of(entry, policy, now) is not None:
        return False
    if entry.all(begins) and not _before(entry.time(begins), now):
        return False
    if entry.all(ends) and not _before(now, entry.time(ends)):
        return False
    if policy is None:
        return not (entry.all(changed) or entry.all(used))
    limits = ((changed, policy.max_age), (used, policy.idle))
    return not any(entry.all(name) and _over(entry.time(name), span, now) for name, span in limits)


def _before(first: datetime | None, then: datetime | None) -> bool:
    return first is not None and then is not None and first <= then


def _over(since: datetime | None, span: timedelta | None, now: datetime) -> bool:
    """Whether something is longer ago than it may be, or cannot be read as a time."""
    return span is not None and (since is None or since + span <= now)


def _seconds(text: str | None) -> timedelta | None:
    """A number of seconds; none at all, and 0, stand for without end."""
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        return None
    return timedelta(seconds=int(text))
