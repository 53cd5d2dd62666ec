"""Every bundled server passes the examination of the framework, over the lab and with nothing behind it."""

from pathlib import Path

import pytest

from knowledge.trust.keys import SigningKey
from servers.bundle import FACTORIES, bundled
from servers.kit import SecurityServer
from servers.kit.conformance import assert_conformant
from tests.servers.test_bundle import CANARY, Secretive, calls

pytestmark = pytest.mark.thorough

HOUR = {"start": "2026-03-09T13:00:00Z", "end": "2026-03-09T14:00:00Z"}
"""A window short enough that hundreds of searches take little."""


LONGEST = ("siem", "kb", "malware", "dns")
"""Servers whose answers take so long that a person's run leaves them out."""


def serve(lab: Path | None, home: Path, *, read_only: bool = False) -> dict[str, SecurityServer]:
    """The bundle with changes and a credential in its settings."""
    key = SigningKey.generate().public.text
    return bundled(lab, home, Secretive(home=home, grant_key=key, read_only=read_only))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] if name in LONGEST else []) for name in FACTORIES]
)
async def test_bundled_server_conforms(name: str, whole_lab: Path, tmp_path: Path) -> None:
    """No server is exempt, and a new one is examined the day it is registered."""
    server = serve(whole_lab, tmp_path)[name]
    short = {
        tool: {**given, **{word: HOUR[word] for word in given.keys() & HOUR}}
        for tool, given in calls(whole_lab).items()
    }

    await assert_conformant(
        server,
        examples={tool: given for tool, given in short.items() if tool in server.tools},
        canaries=[CANARY],
        again=lambda: serve(whole_lab, tmp_path)[name],
        read_only=lambda: serve(whole_lab, tmp_path, read_only=True)[name],
    )


@pytest.mark.thorough
@pytest.mark.parametrize("name", FACTORIES)
async def test_bundled_server_conforms_with_nothing_behind_it(name: str, tmp_path: Path) -> None:
    """At a site where nothing is configured yet every question is answered, with an error at worst."""
    await assert_conformant(serve(None, tmp_path)[name], canaries=[CANARY])
