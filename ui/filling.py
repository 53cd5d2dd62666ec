"""Something to look at on a fresh machine: the demo enterprise's alerts, handed to the inbox like anybody's.

They are investigated by the worker, so that the page shows cases as they come.
"""

import asyncio
from contextlib import closing

from agent.intake.inbox import Inbox
from agent.intake.inbox_rows import Incoming
from knowledge.trust.canonical import canonical
from ui.compose import open_desk
from ui.demo import STORIES, new_alerts
from ui.home import Home
from ui.lab import create_lab
from ui.store import has_cases

SEED = 1
"""Of the enterprise, the same as `mcpsoc demo` shows."""


def wants_demo(home: Home) -> bool:
    """Whether there is nothing to show: no case of the site's, none of the demo's, and no demo alert on its way."""
    if has_cases(home) or has_cases(home.demo):
        return False
    if not home.work.exists():
        return True
    with closing(Inbox(home.work)) as inbox:
        counts = inbox.counts("lab")
    return counts.queued + counts.working + counts.done + counts.failed == 0


async def fill_demo(home: Home, seed: int = SEED) -> int:
    """Make the demo enterprise and accept its new alerts; how many there are."""
    demo = home.demo.make()
    if not demo.lab.exists():
        await asyncio.to_thread(create_lab, demo, seed, STORIES)
    async with open_desk(demo, "lab") as desk:
        raws = await new_alerts(desk)
    with closing(Inbox(home.work)) as inbox:
        await inbox.post([Incoming("lab", canonical(raw), "demo") for raw in raws])
    return len(raws)
