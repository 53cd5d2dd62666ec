"""The lab's messages: counted, found, and gone once they are in quarantine."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.bundle import conditions_of
from servers.embedded import LabDoor
from servers.kit import SecurityServer
from servers.kit.answer import JsonObject
from servers.lab.queries.network import list_containment
from servers.lab.world import Lab
from servers.mail.server import build
from servers.mail.settings import MailSettings
from servers.parts import Parts
from servers.settings import Settings
from tests.servers.acting import permission
from tests.servers.mail.test_imap import KEY

WEEK: JsonObject = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-09T14:00:00Z"}


@pytest.fixture
def server(own_lab: Path, tmp_path: Path) -> SecurityServer:
    """The mail server of a lab, that accepts grants."""
    own = Settings(home=tmp_path, grant_key=KEY.public.text)
    return build(Parts(LabDoor(own_lab), tmp_path, own, conditions_of(own), "lab", "lab"), MailSettings())


async def rows(server: SecurityServer, tool: str, name: str, arguments: JsonObject) -> list[JsonObject]:
    """The rows of an answer."""
    data = (await server.call(tool, arguments))["data"]
    assert isinstance(data, dict)
    found = data[name]
    assert isinstance(found, list)
    return [row for row in found if isinstance(row, dict)]


async def act(server: SecurityServer, tool: str, message: JsonObject) -> JsonObject:
    """Make a change, permitted."""
    boxes: list[JsonValue] = [message["mailbox"]]
    arguments: JsonObject = {"message_id": message["message_id"], "mailboxes": boxes, "reason": "a drill"}
    return await server.call(tool, arguments, permission(server, KEY, tool, arguments))


async def test_counts_add_up_to_the_messages_found(server: SecurityServer) -> None:
    """Numbers of a report come from here."""
    counted = await rows(server, "mail_count_messages", "counts", {**WEEK, "by": "sender_domain"})
    partner = next(row for row in counted if row["value"] == "veltman.example")
    found = await server.call("mail_search_messages", {**WEEK, "sender": "@veltman.example"})
    history = await server.call("mail_sender_history", {**WEEK, "sender": "x@veltman.example"})

    assert found["total"] == partner["messages"]
    assert f"{partner['messages']} from its domain" in str(history["summary"])


async def test_quarantine_is_seen_at_once_and_taken_back(server: SecurityServer, own_lab: Path) -> None:
    """Found through another tool than the one that acted, and in the lab's own containment."""
    message = (await rows(server, "mail_search_messages", "messages", {**WEEK, "sender": "@veltman.example"}))[0]
    wanted: JsonObject = {**WEEK, "message_id": message["message_id"]}
    done = await act(server, "mail_quarantine_message", message)
    held = await rows(server, "mail_search_messages", "messages", wanted)
    with Lab.open(own_lab) as lab:
        kinds = [(row.kind, row.target) for row in list_containment(lab.db, in_force_at=lab.now())]
    back = await act(server, "mail_restore_message", message)
    restored = await rows(server, "mail_search_messages", "messages", wanted)

    assert done["status"] == back["status"] == "success"
    assert "'verified': True" in str(done["action"])
    assert [row["quarantined"] for row in held] == [True]
    assert kinds == [("quarantine_message", message["message_id"])]
    assert [row["quarantined"] for row in restored] == [False]


async def test_message_nobody_got_is_not_found(server: SecurityServer) -> None:
    """An id of nobody's, and a mailbox of somebody else's, change nothing."""
    message = (await rows(server, "mail_search_messages", "messages", {**WEEK, "sender": "@veltman.example"}))[0]
    wrong = await act(server, "mail_quarantine_message", {**message, "message_id": "<1.2.3@nowhere.example>"})
    nobody = await act(server, "mail_quarantine_message", {**message, "mailbox": "nobody@halden.example"})

    assert (wrong["status"], nobody["status"]) == ("no_data", "no_data")


async def test_no_message_named_is_a_missing_argument(server: SecurityServer) -> None:
    """Whoever looks a server over asks each tool without arguments, and that is no fault of the server."""
    none = await server.call("mail_phishing_signs", {})
    two = await server.call("mail_phishing_signs", {"path": "/x", "message_id": "<1@x>"})

    assert '"missing_argument"' in json.dumps(none["error"])
    assert '"invalid_argument"' in json.dumps(two["error"])


async def test_what_the_lab_does_not_keep_is_said(server: SecurityServer) -> None:
    """No link in a log is not no link in a message."""
    links = await server.call("mail_search_messages", {**WEEK, "url": "http://evil.example/"})
    body = await server.call("mail_parse_message", {"mailbox": "a@halden.example", "message_id": "<1@x>"})

    assert (links["status"], body["status"]) == ("error", "error")
