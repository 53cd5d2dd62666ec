"""The product put together for an eval: what is measured is what people use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from evals.suites.chat import Desk
from ui.compose import open_desk
from ui.conversing import chat_over
from ui.home import Home


@asynccontextmanager
async def lab_desk(root: Path) -> AsyncIterator[Desk]:
    """Analyst, servers and chat over the home at `root`, whose lab is there already."""
    home = Home(root)
    async with open_desk(home, "lab") as desk, chat_over(desk, home, "lab") as chat:
        yield Desk(desk.analyst, desk.host, chat)
