"""One day of ordinary life: every stream has a generator of its own, so that none moves another's events."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

from servers.lab.background import machines, outside, workday
from servers.lab.background.workday import DAY, MIDNIGHT
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.population import build
from servers.lab.records import Event, digest

Source: TypeAlias = Callable[[Enterprise, Stream, int], Iterator[Event]]

STREAMS: dict[str, Source] = {
    "workdays": workday.workdays,
    "service_accounts": machines.service_accounts,
    "backups": machines.backups,
    "heartbeats": machines.heartbeats,
    "agents": machines.agents,
    "vulnerability_scans": machines.vulnerability_scans,
    "night_admins": machines.night_admins,
    "help_desk": machines.help_desk,
    "roll_outs": machines.roll_outs,
    "cloud_jobs": machines.cloud_jobs,
    "detections": machines.detections,
    "visitors": outside.visitors,
    "knocking": outside.knocking,
    "unwanted_mail": outside.unwanted_mail,
    "travellers": outside.travellers,
}


def between(seed: int, after: int, until: int) -> Iterator[tuple[str, Event]]:
    """Ids and events of ordinary life with after < time <= until, in the order of streams."""
    for day in range((after - MIDNIGHT) // DAY - 1, (until - MIDNIGHT) // DAY + 2):
        for event_id, event in _day(seed, day):
            if after < event.at <= until:
                yield event_id, event


@lru_cache(maxsize=3)
def _day(seed: int, day: int) -> tuple[tuple[str, Event], ...]:
    enterprise = build(seed)
    return tuple(
        (digest(seed, name, day, number), event)
        for name, source in STREAMS.items()
        for number, event in enumerate(source(enterprise, Stream(seed, name, day), day))
    )
