"""A server that really changes something: it puts files on a shelf, which is a folder, and takes them off again."""

import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from knowledge.trust.grants import SpentNonces, sign_grant
from knowledge.trust.keys import SigningKey
from servers.errors import NotSentError
from servers.kit import (
    T0,
    T1,
    Change,
    Conditions,
    Gate,
    Hit,
    Output,
    Plan,
    Rate,
    Read,
    Reply,
    SecurityServer,
    ToolError,
    Undo,
    build_server,
)
from servers.kit.actions import ActionStore
from servers.kit.answer import JsonObject

OFTEN = Rate(100, per_s=3600)
START = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
Trouble = Literal[
    "none",
    "refuses",
    "never answers",
    "cannot be reached",
    "bug before acting",
    "breaks after acting",
    "forgets",
    "bug after acting",
    "is killed after acting",
]


class Put(Output):
    """What was put or taken."""

    name: Annotated[str, T0]


class Names(Output):
    """What is there."""

    names: Annotated[list[str], T1]


@dataclass
class Shelf:
    """The backend: a folder, a clock that is moved by hand, and what goes wrong."""

    folder: Path
    now: datetime = START
    trouble: Trouble = "none"
    blind: Literal["no", "cannot look", "nothing to look at"] = "no"
    acted: list[str] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event | None = None
    """When set, putting waits for it."""
    lapses: Literal["server", "backend"] = "server"
    rate: Rate = OFTEN
    taken: threading.Event | None = None
    """When set, taking waits for it after the thing is gone."""
    looks: int = 0
    """How often it was read back."""
    own_way: bool = False
    """Whether what it put ends in a way of its own, not by the undo."""

    def clock(self) -> datetime:
        """The time."""
        return self.now

    def shelf_list(self) -> Reply[Names]:
        """What is on the shelf."""
        return Reply(Names(names=sorted(path.name for path in self.folder.iterdir())), "names")

    def shelf_ask_outside(self) -> Reply[Names]:
        """Asks a service elsewhere."""
        return Reply(Names(names=["outside"]), "1 name")

    def shelf_put(self, name: str, minutes: int = 30, reason: str = "") -> Reply[Put]:
        """Put something on the shelf for some minutes."""
        self.entered.set()
        if self.leave is not None:
            self.leave.wait(10)
        if self.trouble == "refuses":
            raise ToolError("refused_by_backend", "the shelf is full")
        self._before()
        self.acted.append(f"put {name}")
        if self.trouble != "forgets":
            (self.folder / name).write_text(str(minutes))
        self._after()
        return Reply(Put(name=name), "1 thing put")

    def plan_put(self, name: str, minutes: int = 30, reason: str = "") -> Plan:
        """What putting would do."""
        if name == "nowhere":
            raise ToolError("unknown_place", "there is no such place")
        return Plan(
            target=name,
            blast_radius=f"1 place taken for {minutes} minutes",
            undo=Undo("shelf_take", {"name": name}),
            expires_at=self.now + timedelta(minutes=minutes),
            hits=(Hit("own_place", "we stand there ourselves"),) if name == "ours" else (),
        )

    def is_there(self, name: str, minutes: int = 30, reason: str = "") -> bool | None:
        """Whether it is there."""
        return self._seen((self.folder / name).exists())

    def shelf_take(self, name: str, reason: str = "") -> Reply[Put]:
        """Take something off the shelf."""
        if self.trouble == "refuses":
            raise ToolError("refused_by_backend", "the shelf is locked")
        self.acted.append(f"take {name}")
        (self.folder / name).unlink(missing_ok=True)
        self.entered.set()
        if self.taken is not None:
            self.taken.wait(10)
        self._after()
        return Reply(Put(name=name), "1 thing taken")

    def plan_take(self, name: str, reason: str = "") -> Plan:
        """What taking would do."""
        return Plan(name, "1 place free")

    def is_gone(self, name: str, reason: str = "") -> bool | None:
        """Whether it is gone."""
        return self._seen(not (self.folder / name).exists())

    def end(self, name: str, minutes: int = 30, reason: str = "") -> bool:
        """Take off the shelf what this server put there."""
        self.acted.append(f"end {name}")
        (self.folder / name).unlink(missing_ok=True)
        return True

    def _before(self) -> None:
        if self.trouble == "never answers":
            raise ToolError("timeout", "the shelf takes its time")
        if self.trouble == "cannot be reached":
            raise NotSentError("unreachable", "there is no way to the shelf")
        if self.trouble == "bug before acting":
            raise ValueError("a bug")

    def _after(self) -> None:
        if self.trouble == "breaks after acting":
            raise ToolError("unreachable", "the shelf went away")
        if self.trouble == "bug after acting":
            raise ValueError("a bug")
        if self.trouble == "is killed after acting":
            os.kill(os.getpid(), signal.SIGKILL)

    def _seen(self, there: bool) -> bool | None:
        self.looks += 1
        if self.blind == "cannot look":
            raise ToolError("unreachable", "the shelf is in the dark")
        return None if self.blind == "nothing to look at" else there


@dataclass
class Served:
    """The shelf as a server, and the key that signs for changes of it."""

    shelf: Shelf
    server: SecurityServer
    key: SigningKey

    def grant(self, tool: str, **arguments: str | int) -> JsonObject:
        """Permission for one call."""
        return sign_grant(
            self.key,
            tool=tool,
            schema_sha256=self.server.schema_sha256(tool),
            arguments=dict(arguments),
            tenant="lab",
            expires_at=self.shelf.now + timedelta(minutes=15),
        )

    async def act(self, tool: str, *, key: str | None = None, **arguments: str | int) -> JsonObject:
        """Make a change, permitted."""
        meta: JsonObject = {} if key is None else {"mcpsoc/idempotency-key": key}
        return await self.server.call(tool, dict(arguments), self.grant(tool, **arguments), meta=meta)


def serve(
    shelf: Shelf,
    actions: ActionStore | None = None,
    *,
    key: SigningKey | None = None,
    product: str = "shelf 1",
    conditions: Conditions | None = None,
) -> Served:
    """The shelf as a server that accepts grants; its folder is made."""
    shelf.folder.mkdir(exist_ok=True, parents=True)
    key, spent = key or SigningKey.generate(), SpentNonces()
    given = conditions or Conditions(gate=Gate(key.public, "lab", lambda: spent), actions=actions, timeout_s=5.0)
    put = Change(
        shelf.shelf_put,
        shelf.plan_put,
        shelf.is_there,
        risk="high",
        expiry="lapse",
        lapses=shelf.lapses,
        undo="shelf_take",
        lapse=shelf.end if shelf.own_way else None,
        rate=shelf.rate,
    )
    server = build_server(
        "shelf",
        reads=[shelf.shelf_list, Read(shelf.shelf_ask_outside, rate=Rate(2, per_s=3600), open_world=True)],
        changes=[put, Change(shelf.shelf_take, shelf.plan_take, shelf.is_gone, risk="low")],
        backend="real",
        synthetic=False,
        clock=shelf.clock,
        probe=lambda: "one shelf",
        product=product,
        conditions=given,
    )
    return Served(shelf, server, key)
