"""Puts the official tools to every bundled server and to the fixture, and holds docs/conformance.md to what they say.

Called by .ci/conformance, which installs those tools. Over HTTP all servers run in this process, each on a port of its
own; over stdio each is started as a user starts it, `mcpsoc server NAME`.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from servers.kit import SecurityServer
from servers.kit.conformance.fixture import fixture
from ui.serving import bundle

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "conformance.md"
EXPECTED = ROOT / ".ci" / "expected_failures.yaml"
SPECIFICATION = "2025-11-25"
UNIVERSAL = (
    "server-initialize", "server-session-lifecycle", "ping", "tools-list", "resources-list",
    "server-sse-multiple-streams", "dns-rebinding-protection",
)  # fmt: skip
"""Scenarios that ask for nothing a server may do without."""
AT_ONCE = 2
LIMIT_S = 120.0
LINE = re.compile(r"^[✓✗] (?P<name>[a-z0-9-]+): (?P<passed>\d+) passed, (?P<failed>\d+) failed", re.MULTILINE)
REASON = re.compile(r"^  - (?P<name>[a-z0-9-]+)  # (?P<reason>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the official tools are."""

    npm: Path
    client: Path

    def suite(self, url: str, *more: str) -> list[str]:
        """The command that runs the whole suite against a URL."""
        program = str(self.npm / "conformance/dist/index.js")
        return ["node", program, "server", "--url", url, "--suite", "all", "--spec-version", SPECIFICATION, *more]

    def inspector(self, wrapper: Path, *method: str) -> list[str]:
        """The command that asks one server over stdio for one thing."""
        program = str(self.npm / "inspector/clients/launcher/build/index.js")
        return ["node", program, "--cli", str(wrapper), "--connect-timeout", f"{LIMIT_S * 500:.0f}", *method]


@dataclass
class Results:
    """What came out, and what must not have."""

    suite: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Scenario to checks (passed, failed) of the fixture."""
    universal: dict[str, int] = field(default_factory=dict)
    """Server to checks passed."""
    inspected: dict[str, int] = field(default_factory=dict)
    """Server to tools listed."""
    interop: dict[tuple[str, str], str] = field(default_factory=dict)
    """(server, transport) to protocol."""
    wrong: list[str] = field(default_factory=list)


async def output(command: list[str], gate: asyncio.Semaphore) -> tuple[int, str]:
    """Exit code and standard output of a program, its errors after it where it failed."""
    async with gate:
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec(
            *command, stdout=pipe, stderr=pipe, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            out, errors = await asyncio.wait_for(program.communicate(), LIMIT_S)
        except TimeoutError:
            program.kill()
            await program.wait()
            return 1, f"{command[1]} took longer than {LIMIT_S:g} s"
    code = program.returncode or 0
    return code, out.decode() + (errors.decode() if code else "")


@asynccontextmanager
async def over_http(servers: Mapping[str, SecurityServer]) -> AsyncIterator[dict[str, str]]:
    """Every server on a port of its own; their URLs."""
    running: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []
    urls = {}
    for name, server in servers.items():
        bound = socket.create_server(("127.0.0.1", 0))
        urls[name] = f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
        web = uvicorn.Server(uvicorn.Config(server.http_app(), log_level="error", ws="none"))
        running.append((web, asyncio.create_task(web.serve(sockets=[bound]))))
    try:
        yield urls
    finally:
        for web, _ in running:
            web.should_exit = True
        await asyncio.gather(*(task for _, task in running))


async def suite(tools: Tools, urls: Mapping[str, str], results: Results, gate: asyncio.Semaphore) -> None:
    """The whole suite: for the fixture all of it counts, for the others what any server has to do."""

    async def one(name: str, url: str) -> None:
        more = ("--expected-failures", str(EXPECTED)) if name == "test" else ()
        code, text = await output(tools.suite(url, *more), gate)
        found = {line["name"]: (int(line["passed"]), int(line["failed"])) for line in LINE.finditer(text)}
        if name == "test":
            results.suite = found
            if code or not found:
                results.wrong.append(f"the suite against the fixture:\n{text[-3000:]}")
            return
        bad = [scenario for scenario in UNIVERSAL if found.get(scenario, (0, 1))[1]]
        results.universal[name] = sum(found.get(scenario, (0, 0))[0] for scenario in UNIVERSAL)
        if bad:
            results.wrong.append(f"{name} does not pass {', '.join(bad)}")

    await asyncio.gather(*(one(name, url) for name, url in urls.items()))


async def inspect(tools: Tools, wrappers: Mapping[str, Path], results: Results, gate: asyncio.Semaphore) -> None:
    """The Inspector over stdio: list the tools, whose schemas any client must be able to read, and call one."""

    async def one(name: str, wrapper: Path) -> None:
        call = ("--method", "tools/call", "--tool-name", f"{name}_health")
        listed = await output(tools.inspector(wrapper, "--method", "tools/list", "--strict"), gate)
        called = await output(tools.inspector(wrapper, *call), gate)
        if listed[0] or called[0]:
            results.wrong.append(f"the Inspector and {name}: {(listed[1] + called[1])[-1000:]}")
            return
        results.inspected[name] = len(json.loads(listed[1])["tools"])
        if json.loads(called[1])["structuredContent"]["status"] != "success":
            results.wrong.append(f"the Inspector's call of {name}_health: {called[1][-1000:]}")

    await asyncio.gather(*(one(name, wrapper) for name, wrapper in wrappers.items()))


async def interoperate(
    tools: Tools, urls: Mapping[str, str], wrappers: Mapping[str, Path], results: Results, gate: asyncio.Semaphore
) -> None:
    """A client of mcp 2.x over both transports."""
    entries = [{"server": name, "over": "HTTP", "url": url} for name, url in urls.items()]
    entries += [{"server": name, "over": "stdio", "command": str(path)} for name, path in wrappers.items()]
    code, text = await output(
        [str(tools.client), "-W", "error", str(ROOT / ".ci/interop.py"), json.dumps(entries)], gate
    )
    for line in filter(lambda line: line.startswith("{"), text.splitlines()):
        said = json.loads(line)
        results.interop[said["server"], said["over"]] = said["protocol"]
        if said["health"] != "success" or not said["refused"]:
            results.wrong.append(f"mcp 2.x and {said['server']} over {said['over']}: {line}")
    if code:
        results.wrong.append(f"the client of mcp 2.x:\n{text[-3000:]}")
    if missing := {(entry["server"], entry["over"]) for entry in entries} - results.interop.keys():
        results.wrong.append(f"mcp 2.x did not reach {sorted(missing)}")


def reasons() -> dict[str, str]:
    """Why a scenario is expected to fail, by scenario."""
    return {match["name"]: match["reason"] for match in REASON.finditer(EXPECTED.read_text(encoding="utf-8"))}


def page(results: Results, versions: str) -> str:
    """docs/conformance.md."""
    used = dict(word.split("=") for word in versions.split())
    why = reasons()
    passed, failed = (sum(pair[n] for pair in results.suite.values()) for n in (0, 1))
    scenarios = [
        f"| {name} | {good} | {bad} | {why.get(name, '') if bad else ''} |"
        for name, (good, bad) in sorted(results.suite.items())
    ]
    servers = [
        f"| {name} | {results.universal[name]} | {results.inspected.get(name, 'failed')} "
        f"| {results.interop.get((name, 'stdio'), 'failed')} | {results.interop.get((name, 'HTTP'), 'failed')} |"
        for name in sorted(results.universal)
    ]
    return TEXT.format(
        **used,
        specification=SPECIFICATION,
        passed=passed,
        failed=failed,
        clean=sum(good > 0 and not bad for good, bad in results.suite.values()),
        idle=sum(pair == (0, 0) for pair in results.suite.values()),
        all=len(results.suite),
        universal=", ".join(f"`{name}`" for name in UNIVERSAL),
        scenarios="\n".join(scenarios),
        servers="\n".join(servers),
    )


TEXT = """# Conformance with the Model Context Protocol

Written by `.ci/conformance --write` from a real run; `.ci/run` runs it without `--write` and fails when this page says
something else. What our own examination (`servers/kit/conformance`) asks of a server is described there.

| tool | version |
|---|---|
| @modelcontextprotocol/conformance, protocol {specification} | {suite} |
| @modelcontextprotocol/inspector | {inspector} |
| mcp, client in an environment of its own | {mcp} |
| Node.js | {node} |

## Every bundled server

The suite's scenarios that ask for nothing a server may do without pass for every server, in this many checks:
{universal}.
The Inspector lists the tools over stdio and calls the health tool. The client of mcp 2.x lists, calls the health tool
and has an unknown argument refused, over stdio and over HTTP; the columns say which protocol the two agree on.

| server | checks passed | tools listed by the Inspector | mcp 2.x over stdio | mcp 2.x over HTTP |
|---|---:|---:|---|---|
{servers}

## The whole suite

Against a server made for it on the same framework (`servers/kit/conformance/fixture.py`): of {all} scenarios {clean}
pass and {idle} checks nothing, because it does not concern the server; {passed} checks passed and {failed} failed.
A failure that is not expected, and an expected one that does not happen, both fail the run
(`.ci/expected_failures.yaml`).

| scenario | passed | failed | why a failure is expected |
|---|---:|---:|---|
{scenarios}
"""


async def measured(tools: Tools, folder: Path) -> Results:
    """Everything, two programs at a time."""
    results, gate = Results(), asyncio.Semaphore(AT_ONCE)
    servers = dict(bundle())
    wrappers = {name: _wrapper(folder, name) for name in servers}
    async with over_http({**servers, "test": fixture()}) as urls:
        await suite(tools, urls, results, gate)
        bundled = {name: url for name, url in urls.items() if name != "test"}
        await interoperate(tools, bundled, wrappers, results, gate)
    await inspect(tools, wrappers, results, gate)
    return results


def _wrapper(folder: Path, name: str) -> Path:
    """A script that starts one server: the Inspector hands on neither arguments nor the environment."""
    path = folder / name
    start = f"import sys; sys.argv[1:] = ['server', '{name}']; from ui.cli import main; main()"
    home, python = os.environ["MCPSOC_HOME"], sys.executable
    path.write_text(f'#!/bin/sh\ncd "{ROOT}"\nMCPSOC_HOME="{home}" exec "{python}" -c "{start}"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--npm", type=Path, required=True)
    parser.add_argument("--client", type=Path, required=True)
    parser.add_argument("--versions", required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # the suite sends broken requests on purpose
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measured(Tools(given.npm, given.client), Path(folder)))
    if EXPECTED.read_text(encoding="utf-8").count("\n  - ") != len(reasons()):
        results.wrong.append(f"{EXPECTED.name} has a line without its reason")
    fresh = page(results, given.versions)
    if given.write and not results.wrong:
        PAGE.write_text(fresh, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != fresh:
        results.wrong.append("docs/conformance.md is stale: .ci/conformance --write")
    print("\n".join(results.wrong) or f"{len(results.universal)} servers conform")
    return int(bool(results.wrong))


if __name__ == "__main__":
    sys.exit(main())
