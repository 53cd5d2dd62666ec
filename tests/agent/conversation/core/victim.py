"""A process that answers one question until it is killed: `python victim.py HOME LAB HANG`.

It prints the run it began, and `ready` once it hangs: in the intent after a look (HANG `answer`), or in the next one,
after everything that a run goes through but its end was stored (HANG `end`).
"""

import asyncio
import sys
from pathlib import Path

from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Fact, Looker, Understood
from agent.conversation.service import ChatService
from agent.conversation.testing import ScriptedIntent, SpelledOut
from agent.conversation.threads import ThreadStore
from agent.host.connections import Connection
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.models import Count, Ref
from agent.settings import Settings
from servers.bundle import bundled
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings


async def hang() -> None:
    """Say so, and never come back."""
    print("ready", flush=True)
    await asyncio.Event().wait()


class Undying(ThreadStore):
    """Threads whose runs never end."""

    def end(self, *_: object, **__: object) -> bool:
        """Hang, as if the machine stood still."""
        print("ready", flush=True)
        sys.stdin.read()
        return False


async def main(home: Path, lab_path: Path, where: str) -> None:
    """Ask one question and follow it for ever."""

    async def answering(question: Understood, referents: Referents, looker: Looker) -> Draft:
        answer = await looker.read("siem__siem_list_sources", {})
        if where == "answer":
            await hang()
        ref = Ref(evidence=answer.id, path="$.sources[*]")
        return Draft(said=(Fact(Count(id="c1", template="{value} log sources.", ref=ref, value=12)),))

    servers = bundled(lab_path, home / "knowledge", ServerSettings(home=home))
    store = (Undying if where == "end" else ThreadStore)(home / "threads.db")
    settings = Settings(home=home)
    with Lab.open(lab_path) as lab:
        async with (
            Host([Connection("siem", servers["siem"].transport)], settings=settings, pins=PinStore()) as host,
            ChatService(
                host=host,
                threads=store,
                understanding=SpelledOut(),
                intents={"count": ScriptedIntent("count", answering)},
                brain=None,
                settings=settings,
                world="lab",
                tenant="lab",
                clock=lab.now,
                audit=None,
            ) as chat,
        ):
            thread = await chat.create_thread("ana")
            run = await chat.ask(thread.id, "count the sources", "ana")
            print(run.id, flush=True)
            async for _ in chat.follow(run.id):
                pass
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
