"""Tool definitions of connected servers: pinned when nobody saw them yet, accepted when they have changed."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from agent.host.host import Host
from agent.host.pins import PinChange, PinStore
from agent.models import utc_now
from agent.settings import Settings as AgentSettings
from ui.errors import UsageError
from ui.home import Home
from ui.hosting import open_host
from ui.settings import Settings


@dataclass(frozen=True, slots=True)
class Pinned:
    """The tools of one server."""

    hashes: dict[str, str]
    """Full name of each accepted tool to the sha256 of its definition."""
    changed: tuple[str, ...]
    """Tools that are not what was accepted; pinning leaves them out of use."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What all servers list, held against what was accepted."""

    changes: tuple[PinChange, ...]
    """Tools whose definition is new or not the accepted one."""
    unseen: dict[str, str]
    """Servers that listed no tools, and why: of these nobody knows what changed."""


async def compare_tools() -> Compared:
    """Hold the tools of every server against the accepted ones."""
    async with _connected() as host:
        unseen = {each.name: each.problem or "it has none" for each in host.servers() if not each.tools}
        return Compared(tuple(host.diff()), unseen)


async def accept_tools(server: str) -> tuple[str, ...]:
    """Accept a server's tools as they are now; their full names. Raises: HostError when it is not connected."""
    async with _connected() as host:
        return tuple(await host.accept(server))


async def pin_tools(server: str) -> Pinned:
    """Accept those tools of a server that nobody has seen yet; one that changed since stays as it was accepted.

    Raises: UsageError when there is no such server, HostError when it is not connected."""
    home = Home(Settings().home.expanduser())
    async with _connected() as host:
        names = {status.name: [tool.name for tool in status.tools] for status in host.servers()}
        if server not in names:
            raise UsageError("no server {name}; there are: {names}", name=server, names=", ".join(sorted(names)))
        changes = {change.tool: change.state for change in host.diff()}
        new = [name for name in names[server] if changes.get(name) == "new"]
        if new or not names[server]:
            await host.accept(server, [name.partition("__")[2] for name in new])
    pins, changed = PinStore(home.pins), [name for name in names[server] if changes.get(name) == "changed"]
    kept = {name: pin.sha256 for name in names[server] if name not in changed and (pin := pins.get(name)) is not None}
    return Pinned(kept, tuple(changed))


def _connected() -> AbstractAsyncContextManager[Host]:
    home = Home(Settings().home.expanduser()).make()
    return open_host(home, "site", AgentSettings(), utc_now)
