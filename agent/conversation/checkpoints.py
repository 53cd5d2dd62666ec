"""Where the conversation graph keeps its place: in the file of the threads, the latest checkpoint of each thread."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiosqlite
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_OLD_WRITES: Final = (
    "DELETE FROM writes WHERE thread_id = :thread AND checkpoint_id <"
    " (SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = :thread)"
)
_OLD_CHECKPOINTS: Final = (
    "DELETE FROM checkpoints WHERE thread_id = :thread AND checkpoint_id <"
    " (SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = :thread)"
)


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The checkpoints in that database. They hold JSON, and nothing else is read out of them."""
    async with aiosqlite.connect(path, timeout=30) as connection:
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = AsyncSqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        await saver.setup()
        yield saver


async def keep_latest(saver: AsyncSqliteSaver, thread_id: str) -> None:
    """Forget all but the thread's latest checkpoint: what a finished run went through is in its steps."""
    async with saver.lock:
        for statement in (_OLD_WRITES, _OLD_CHECKPOINTS):
            await saver.conn.execute(statement, {"thread": thread_id})
        await saver.conn.commit()


async def settle(saver: AsyncSqliteSaver) -> None:
    """Finish what a cancelled run left half done: an open transaction would keep everybody else from writing."""
    async with saver.lock:
        await saver.conn.commit()
