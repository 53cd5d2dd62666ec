"""When a person was last here: questions less than half an hour apart are one visit."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

ONE_VISIT: Final = timedelta(minutes=30)


def last_visit(now: datetime, asked: Iterable[datetime]) -> datetime | None:
    """The last question before the present visit; `asked`: when the person asked before, the latest first."""
    since = now
    for moment in asked:
        if since - moment > ONE_VISIT:
            return moment
        since = min(since, moment)
    return None
