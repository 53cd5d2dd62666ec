"""Calls servers with the client of mcp 2.x, in whose environment it runs: `python .ci/interop.py '[{...}]'`.

Each entry names a server and where it is: a command for stdio or a URL. One JSON object a line comes out:
the protocol spoken, how many tools there are, and what the health tool said.
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters

LIMIT_S = 60


async def tried(entry: dict[str, str]) -> dict[str, object]:
    """One session: list, health, an unknown argument that has to be refused."""
    where = entry.get("url") or StdioServerParameters(command=entry["command"], args=[])
    async with Client(where, read_timeout_seconds=LIMIT_S) as client:
        tools = (await client.list_tools()).tools
        health = await client.call_tool(f"{entry['server']}_health", {})
        wrong = await client.call_tool(f"{entry['server']}_health", {"nothing": 1})
        return {
            "protocol": client.protocol_version,
            "tools": len(tools),
            "health": (health.structured_content or {}).get("status"),
            "refused": bool(wrong.is_error),
        }


async def main() -> None:
    gate = asyncio.Semaphore(2)

    async def one(entry: dict[str, str]) -> None:
        async with gate:
            outcome = await tried(entry)
        print(json.dumps({"server": entry["server"], "over": entry["over"], **outcome}), flush=True)

    async with asyncio.TaskGroup() as group:
        for entry in json.loads(sys.argv[1]):
            group.create_task(one(entry))


asyncio.run(main())
