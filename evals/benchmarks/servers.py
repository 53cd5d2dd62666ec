"""What the kit of our servers costs: `python -m evals.benchmarks.servers [--json]`.

One call of an equal tool, of ours and of a server on the protocol library alone, takes turns over each transport in
one run, so that both meet the same machine; a third gives the same rows without our envelope. The client is the
library's own: it checks each answer against its schema, and the schema itself every time, which is most of what a call
takes and part of the time of all three. Then every bundled server is started alone over stdio: until its tools are
listed, and how much memory it takes; and what its tools cost a model that is shown them.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, get_args

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.memory import create_client_server_memory_streams

from agent.conversation.model.toolbox import MOST_TOOLS
from agent.models import JsonObject, Model
from evals.benchmarks.starting import Started, start_alone, start_together
from evals.benchmarks.toolsize import Sized, in_view, sizes
from evals.benchmarks.twins import ARGUMENTS, TOOL, Twin, ours, twin
from evals.errors import EvalError
from evals.statistics import percentile
from knowledge.trust.keys import SigningKey
from servers.bundle import ANALYST, server_names

RATIO: Final = 1.3
MEAN_TOKENS: Final = 180
VIEW_TOKENS: Final = 3_000
"""What is promised: time of a call against the bare server's, tokens of a tool, tokens of the tools in view."""
ROUNDS: Final = 12
CALLS: Final = 25
WARM_UP: Final = 20
START_S: Final = 60.0
LARGEST: Final = 5
MODULE: Final = "evals.benchmarks.twins"
OWN_CASES: Final = "mcpsoc"
"""Bundled as well, but made where the cases are."""


class Transport(Model):
    """One way of reaching the twins, milliseconds of a call."""

    name: str
    ours_ms: float
    bare_ms: float
    """With the very answer that ours gives."""
    slim_ms: float
    """With the rows alone."""
    ours_p95_ms: float
    bare_p95_ms: float
    ratio: float
    """Median of ours over median of the bare server's."""
    ratio_slim: float


class ServersReport(Model):
    """The whole benchmark."""

    benchmark: str = "servers"
    chars_per_token: int = 4
    calls: int
    """Calls of each twin over each transport."""
    transports: tuple[Transport, ...]
    alone: tuple[Started, ...]
    """Every bundled server in a process of its own."""
    together: Started
    """All bundled servers in one process."""
    tools: int
    mean_tokens: float
    analyst: tuple[str, ...]
    analyst_tokens: int
    """All tools of the servers that the analyst is connected to."""
    view: tuple[Sized, ...]
    """The tools that a model in the chat is shown at once."""
    view_tokens: int
    view_bound_tokens: int
    """As many tools as it may be shown, the largest that there are: no choice among them costs more."""
    largest_tools: tuple[Sized, ...]
    servers: tuple[Sized, ...]
    missed: tuple[str, ...]
    """Promises that are not kept."""


@asynccontextmanager
async def in_process(which: Twin) -> AsyncIterator[ClientSession]:
    """A session with a twin in this process."""
    if which == "ours":
        async with ours().transport() as (reader, writer), ClientSession(reader, writer) as session:
            await session.initialize()
            yield session
        return
    server = await twin(which)
    async with create_client_server_memory_streams() as (client, end), anyio.create_task_group() as group:
        group.start_soon(server.run, *end, server.create_initialization_options())
        async with ClientSession(*client) as session:
            await session.initialize()
            yield session
        group.cancel_scope.cancel()


@asynccontextmanager
async def over_stdio(which: Twin) -> AsyncIterator[ClientSession]:
    """A session with a twin in a process of its own."""
    program = StdioServerParameters(command=sys.executable, args=["-m", MODULE, which, "stdio"])
    async with stdio_client(program) as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def over_http(which: Twin) -> AsyncIterator[ClientSession]:
    """A session over streamable HTTP with a twin in a process of its own."""
    port = free_port()
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, which, "http", str(port), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await listening(port)
        url = f"http://127.0.0.1:{port}/mcp"
        async with streamable_http_client(url) as (reader, writer, _), ClientSession(reader, writer) as session:
            await session.initialize()
            yield session
    finally:
        program.terminate()
        await program.wait()


TRANSPORTS: Final = {"in process": in_process, "stdio": over_stdio, "http": over_http}


async def compare(name: str, rounds: int) -> Transport:
    """All twins over one transport, taking turns."""
    times: dict[Twin, list[float]] = {which: [] for which in get_args(Twin)}
    opened = TRANSPORTS[name]
    async with opened("ours") as ours_, opened("bare") as bare_, opened("slim") as slim_:
        sessions: list[tuple[Twin, ClientSession]] = [("ours", ours_), ("bare", bare_), ("slim", slim_)]
        for _, session in sessions:
            await timed(session, WARM_UP)
        for turn in range(rounds):
            for which, session in sessions[:: 1 if turn % 2 else -1]:
                times[which] += await timed(session, CALLS)
    middle = {which: percentile(taken, 0.5) or 0.0 for which, taken in times.items()}
    return Transport(
        name=name,
        ours_ms=round(middle["ours"], 3),
        bare_ms=round(middle["bare"], 3),
        slim_ms=round(middle["slim"], 3),
        ours_p95_ms=round(percentile(times["ours"], 0.95) or 0.0, 3),
        bare_p95_ms=round(percentile(times["bare"], 0.95) or 0.0, 3),
        ratio=round(middle["ours"] / middle["bare"], 3),
        ratio_slim=round(middle["ours"] / middle["slim"], 3),
    )


async def timed(session: ClientSession, calls: int) -> list[float]:
    """Milliseconds of each of some calls, one after the other."""
    taken = []
    for _ in range(calls):
        start = perf_counter()
        answer = await session.call_tool(TOOL, ARGUMENTS)
        taken.append((perf_counter() - start) * 1000)
        if answer.isError:
            raise EvalError("the tool of the benchmark failed")
    return taken


async def listening(port: int) -> None:
    """Wait until somebody accepts connections. Raises: EvalError when nobody does for a minute."""
    try:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return
    except TimeoutError as error:
        raise EvalError("a server over HTTP did not start") from error


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def started(names: Sequence[str]) -> tuple[list[Started], Started, dict[str, list[JsonObject]]]:
    """Every server alone, all together, and their tools; with a grant key, so that changes are listed as well."""
    environment = {"MCPSOC_GRANT_KEY": SigningKey.generate().public.text, "MCPSOC_LOG_LEVEL": "error"}
    with TemporaryDirectory(prefix="mcpsoc-servers-") as folder:
        home = Path(folder)
        await start_alone(names[0], home, environment)
        alone = [await start_alone(name, home, environment) for name in names]
        together = await start_together(home, environment)
    tools = {name: listed for name, (_, listed) in zip(names, alone, strict=True)}
    return [each for each, _ in alone], together, tools


async def measure(rounds: int) -> ServersReport:
    """All of it."""
    transports = [await compare(name, rounds) for name in TRANSPORTS]
    alone, together, listed = await started((*server_names(), OWN_CASES))
    sized, view = sizes(listed), in_view(listed, (*ANALYST, OWN_CASES))
    report = ServersReport(
        calls=rounds * CALLS,
        transports=tuple(transports),
        alone=tuple(alone),
        together=together,
        tools=len(sized.tools),
        mean_tokens=sized.mean,
        analyst=tuple(ANALYST),
        analyst_tokens=sized.of(ANALYST),
        view=view,
        view_tokens=sum(tool.tokens for tool in view),
        view_bound_tokens=sum(tool.tokens for tool in sized.largest(MOST_TOOLS)),
        largest_tools=sized.largest(LARGEST),
        servers=sized.servers,
        missed=(),
    )
    return report.model_copy(update={"missed": tuple(missed(report))})


def missed(report: ServersReport) -> list[str]:
    """Every promise that is not kept, in words."""
    held = {
        f"a call over {way.name}: {way.ratio} times the bare server's (at most {RATIO})": way.ratio <= RATIO
        for way in report.transports
    }
    held[f"tokens of a tool: {report.mean_tokens} (at most {MEAN_TOKENS})"] = report.mean_tokens <= MEAN_TOKENS
    held[f"tokens of the tools in view: {report.view_tokens} (at most {VIEW_TOKENS})"] = (
        report.view_tokens <= VIEW_TOKENS
    )
    return [promise for promise, kept in held.items() if not kept]


def table(report: ServersReport) -> str:
    """The report for a person."""
    heads = ("ours ms", "bare ms", "slim ms", "ours p95", "bare p95")
    lines = [f"{'one call':12}{''.join(f'{head:>10}' for head in heads)}{'ratio':>8}{'to slim':>9}"]
    lines += [
        f"{way.name:12}{way.ours_ms:10.3f}{way.bare_ms:10.3f}{way.slim_ms:10.3f}{way.ours_p95_ms:10.3f}"
        f"{way.bare_p95_ms:10.3f}{way.ratio:8.2f}{way.ratio_slim:9.2f}"
        for way in report.transports
    ]
    lines += ["", f"{'server':16}{'start s':>10}{'memory MiB':>12}{'tools':>8}{'tokens':>8}"]
    costs = {server.name: server for server in report.servers}
    lines += [
        f"{each.name:16}{each.start_s:10.2f}{each.memory_mib or 0:12.1f}"
        f"{costs[each.name].tools:8}{costs[each.name].tokens:8}"
        for each in report.alone
    ]
    lines.append(
        f"{'together':16}{report.together.start_s:10.2f}{report.together.memory_mib or 0:12.1f}{report.tools:8}"
    )
    lines.append(f"\ntokens of a tool, on average {report.mean_tokens}; of the analyst's {report.analyst_tokens}")
    lines += [f"  {tool.tokens:4} {tool.name}" for tool in report.largest_tools]
    lines.append(
        f"tokens of the {len(report.view)} tools that a model in the chat is shown: {report.view_tokens}; "
        f"of the {MOST_TOOLS} largest there are: {report.view_bound_tokens}"
    )
    lines += [f"  {tool.tokens:4} {tool.name}" for tool in report.view]
    return "\n".join([*lines, *(f"missed: {promise}" for promise in report.missed), ""])


def main() -> int:
    parser = argparse.ArgumentParser(description="Time, memory and tokens of the bundled servers.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    given = parser.parse_args()
    report = asyncio.run(measure(given.rounds))
    sys.stdout.write(report.model_dump_json(indent=1) + "\n" if given.json else table(report))
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
