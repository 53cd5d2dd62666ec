"""Which hosts a sensor did not look at: asked host by host before a hunt that names none.

That a log source reports says nothing about one host whose agent fell silent. What is found here is asked again in the
hunt itself, so that it stands in the case as evidence.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent.conversation.models import moment_text
from agent.conversation.protocol import Looker
from agent.conversation.understanding.rows import rows
from agent.hunting.hunt import Hunt
from agent.models import JsonObject

MOST_HOSTS: Final = 600
"""Hosts of one log source that are asked about."""
_PAGE: Final = 200
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-"
_DEEPEST: Final = 2
_WEEK: Final = timedelta(days=7)
_ABSENT: Final = "not_deployed"
_MOST_BLIND: Final = 4


async def blind_hosts(hunt: Hunt, sensors: Sequence[str], looker: Looker) -> tuple[str, ...]:
    """Hosts at which a sensor that had seen them was silent or down for some of the time."""
    seen_by: dict[str, list[str]] = {}
    for sensor in sensors:
        for host in await _hosts(sensor, hunt, looker):
            seen_by.setdefault(host, []).append(sensor)
    between: JsonObject = {"start": moment_text(hunt.start), "end": moment_text(hunt.end)}
    calls: list[tuple[str, JsonObject]] = [
        ("siem__siem_check_coverage", {"sensors": [*names], "host": host, **between}) for host, names in seen_by.items()
    ]
    answers = await looker.read_many(calls[:MOST_HOSTS])
    blind = [
        host
        for host, answer in zip(seen_by, answers, strict=False)
        if any(row.get("covered") is False and row.get("state") != _ABSENT for row in rows(answer, "coverage"))
    ]
    return tuple(sorted(blind))[:_MOST_BLIND]


async def _hosts(sensor: str, hunt: Hunt, looker: Looker, start: str = "") -> list[str]:
    """The hosts that a log source saw in the week up to the end of the hunt, their names beginning with `start`.

    One answer lists so many; where there are more, each next letter is asked for by itself."""
    arguments: JsonObject = {
        "by": ["host.name"],
        "filters": {"event.source": sensor, **({"host.name": f"{start}*"} if start else {})},
        "start": moment_text(min(hunt.start, hunt.end - _WEEK)),
        "end": moment_text(hunt.end),
        "limit": _PAGE,
    }
    answer = await looker.read("siem__siem_count_events", arguments)
    if answer.truncated and len(start) < _DEEPEST:
        return [name for letter in _LETTERS for name in await _hosts(sensor, hunt, looker, start + letter)]
    keys = [key.get("host.name") for row in rows(answer, "buckets") if isinstance(key := row.get("key"), dict)]
    return [name for name in keys if isinstance(name, str)]
