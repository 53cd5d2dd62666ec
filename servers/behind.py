"""A server over whatever is behind it: a product of the operator's, or the simulated enterprise."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from servers.kit import Change, Conditions, Read, SecurityServer, build_server
from servers.kit.conditions import EVERYTHING
from servers.kit.tool import Method


class Behind(Protocol):
    """What every backend tells of itself."""

    @property
    def product(self) -> str:
        """Its name and which one it is; `embedded` for the simulated enterprise."""

    @property
    def probe(self) -> Callable[[], str]:
        """What is behind, in one line. Raises: ToolError when it cannot be reached."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock its answers go by."""


def server_over(
    name: str,
    backend: Behind,
    *,
    reads: Sequence[Method | Read],
    changes: Sequence[Change] = (),
    instructions: str,
    settings: BaseModel | None,
    conditions: Conditions = EVERYTHING,
) -> SecurityServer:
    """A server that says of itself what the backend is."""
    lab = backend.product == "embedded"
    return build_server(
        name,
        reads=reads,
        changes=changes,
        backend="embedded" if lab else "real",
        synthetic=lab,
        clock=backend.now,
        probe=backend.probe,
        product=backend.product,
        instructions=instructions,
        settings=settings,
        conditions=conditions,
    )
