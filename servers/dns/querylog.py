"""Unbound's log of questions and replies.

With `log-queries` and `log-replies` each question stands there twice: of those two lines the reply counts.
Source: unbound.conf(5), `log-queries`, `log-replies`, `log-tag-queryreply`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from servers.dns.backend import Query
from servers.dns.models import QueryEvent
from servers.domains import registered
from servers.kit import Problem
from servers.kit.envelope import iso
from servers.logfile import GrowingLog, Held
from servers.observables import address

SENSOR: Final = "unbound"
_LINE: Final = re.compile(
    rb"\[(?P<time>\d{9,11})(?:\.\d+)?\] unbound\[\d+:[0-9a-f]+\] (?:info|query|reply): (?P<client>[0-9a-fA-F.:]{2,45}) "
    rb"(?P<name>\S{1,1100}) (?P<kind>[A-Z0-9]{1,12}) (?:IN|CH|HS)(?: (?P<code>[A-Z]{3,10}) .*)?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log that names a question."""

    time: datetime
    client: str
    name: str
    kind: str
    code: str | None
    """None: the question, not the reply to it."""


def parsed(line: bytes) -> Line | None:
    """What a line says; None for one about something else."""
    if (match := _LINE.fullmatch(line.rstrip())) is None:
        return None
    code = match["code"]
    return Line(
        time=datetime.fromtimestamp(int(match["time"]), UTC),
        client=_client(match["client"]),
        name=match["name"].decode("ascii", "replace").rstrip(".").lower() or ".",
        kind=match["kind"].decode("ascii"),
        code=None if code is None else code.decode("ascii"),
    )


@lru_cache(maxsize=65_536)
def _client(text: bytes) -> str:
    """An address in its one spelling; what is none stays as it is."""
    try:
        return str(address(text.decode("ascii")))
    except ValueError:
        return text.decode("ascii")


class UnboundLog:
    """The log file, read as it grows."""

    def __init__(self, path: Path, now: Callable[[], datetime], quiet: timedelta) -> None:
        self._log = GrowingLog(path, parsed, setting="MCPSOC_DNS_LOG")
        self._now, self._quiet = now, quiet

    def queries(
        self, start: datetime, end: datetime, domain: str | None = None, client: str | None = None
    ) -> Sequence[Query]:
        """Questions of a window."""
        found = [line for line in self._log.read().within(start, end) if _fits(line, domain, client)]
        return [_query(line) for line in _once(found)]

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """Where the log begins, and whether it was silent."""
        return self.held().blind_spot(start, end, self._now(), self._quiet)

    def held(self) -> Held[Line]:
        """Everything known of the log. Raises: ToolError."""
        return self._log.read()


def _once(found: Sequence[Line]) -> Iterator[Line]:
    """Replies, and questions that the log has no reply to."""
    replies = Counter((line.client, line.name, line.kind) for line in found if line.code is not None)
    for line in found:
        asked = (line.client, line.name, line.kind)
        if line.code is None and replies[asked]:
            replies[asked] -= 1
        else:
            yield line


def _fits(line: Line, domain: str | None, client: str | None) -> bool:
    if client is not None and line.client != client:
        return False
    return domain is None or line.name == domain or line.name.endswith(f".{domain}")


def _query(line: Line) -> Query:
    failed = line.code not in (None, "NOERROR")
    return Query(line.time, line.client, line.name, line.kind, _registered(line.name), failed, partial(_event, line))


@lru_cache(maxsize=65_536)
def _registered(name: str) -> str | None:
    return registered(name) if "." in name and "\\" not in name else None


def _event(line: Line) -> QueryEvent:
    fields = {
        "@timestamp": iso(line.time),
        "event.source": SENSOR,
        "event.category": "network",
        "event.action": "query",
        "event.outcome": None if line.code is None else "success" if line.code == "NOERROR" else "failure",
        "source.ip": line.client,
        "dns.question.name": line.name,
        "dns.question.type": line.kind,
        "dns.question.registered_domain": _registered(line.name),
        "dns.response_code": line.code,
    }
    return QueryEvent({name: value for name, value in fields.items() if value is not None})
