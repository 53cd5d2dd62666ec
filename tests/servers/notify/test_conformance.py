"""The notify server passes the examination, over the lab's outbox and in front of a receiver."""

from pathlib import Path

import pytest

from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.notify.receivers import hook
from tests.servers.notify.test_notify import lab_server_of, server_of

TOKEN = "canary-hook-token"


def examples(channel: str) -> dict[str, JsonObject]:
    """Arguments that lead somewhere."""
    note: JsonObject = {"channel": channel, "template": "note", "fields": {"title": "a", "text": "b"}}
    return {"notify_preview": note, "notify_send": {**note, "reason": "examination"}}


@pytest.mark.thorough
async def test_lab_server_conforms(own_lab: Path, tmp_path: Path) -> None:
    """Bounds, secrets and hostile arguments, tool by tool."""
    await assert_conformant(
        lab_server_of(own_lab, tmp_path), examples=examples("soc-mail"), again=lambda: lab_server_of(own_lab, tmp_path)
    )


@pytest.mark.thorough
async def test_configured_server_conforms_and_sends_nothing_meanwhile(tmp_path: Path) -> None:
    """No plan, refusal or hostile argument may tell anybody anything."""
    with hook() as receiver:
        channels = {"soc": {"kind": "webhook", "url": receiver.url, "token": TOKEN}}
        await assert_conformant(
            server_of(tmp_path, channels),
            examples=examples("soc"),
            canaries=[TOKEN],
            again=lambda: server_of(tmp_path, channels),
            state=lambda: len(receiver.requests),
        )

        assert receiver.requests == []
