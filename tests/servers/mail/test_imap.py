"""Quarantine over IMAP, with a real Dovecot: what was found is gone from the inbox, and comes back."""

import base64
import imaplib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from knowledge.trust.keys import SigningKey
from servers.bundle import conditions_of
from servers.embedded import LabDoor
from servers.kit import SecurityServer
from servers.kit.answer import JsonObject
from servers.kit.request import MODE
from servers.mail.server import build
from servers.mail.settings import MailSettings
from servers.parts import Parts
from servers.settings import Settings
from tests.servers.acting import permission
from tests.servers.mail.dovecot import MASTER, MASTER_WORD, Dovecot, dovecot

pytestmark = pytest.mark.thorough

KEY = SigningKey.generate()
ANNA, BERND = "anna@halden.example", "bernd@halden.example"
ID = "<offer.2026@evil.example>"
OTHER = "<later.2026@evil.example>"
CONTENT = b"MZ\x90\x00 not really a program"
Act = Callable[..., Awaitable[JsonObject]]


def message(message_id: str = ID, subject: str = "Your offer") -> bytes:
    """A message with a link and an attachment."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "x@evil.example", ANNA, subject, message_id
    mail.set_content("see http://evil.example/offer today")
    mail.add_attachment(CONTENT, maintype="application", subtype="octet-stream", filename="offer.pdf")
    return mail.as_bytes()


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    """A server for the module."""
    with dovecot() as server:
        yield server


@pytest.fixture
def imap(running: Dovecot) -> Iterator[Dovecot]:
    """Two mailboxes, each with the message."""
    for name in (ANNA, BERND):
        running.add_user(name, f"canary-word-of-{name}")
        running.deliver(name, message())
    yield running
    for name in (ANNA, BERND):
        running.forget(name)


def server_of(imap: Dovecot, home: Path, **settings: object) -> SecurityServer:
    """The mail server over these mailboxes, by the master user unless said otherwise."""
    given = {
        "backend": "imap",
        "imap_port": imap.port,
        "imap_security": "none",
        "imap_user": MASTER,
        "imap_password": SecretStr(MASTER_WORD),
        "imap_mailboxes": f"{ANNA}, {BERND}",
        **settings,
    }
    own = Settings(home=home, grant_key=KEY.public.text)
    parts = Parts(LabDoor(None), home, own, conditions_of(own), "lab", "site")
    return build(parts, MailSettings.model_validate(given))


@pytest.fixture
def server(imap: Dovecot, tmp_path: Path) -> SecurityServer:
    """The mail server that accepts grants."""
    return server_of(imap, tmp_path)


async def act(server: SecurityServer, tool: str, mailboxes: list[str], message_id: str = ID) -> JsonObject:
    """Make a change, permitted."""
    boxes: list[JsonValue] = [*mailboxes]
    arguments: Mapping[str, JsonValue] = {"message_id": message_id, "mailboxes": boxes, "reason": "phishing drill"}
    return await server.call(tool, arguments, permission(server, KEY, tool, arguments))


async def searched(server: SecurityServer, **wanted: str) -> JsonObject:
    """What a search around now says."""
    now = datetime.now(UTC)
    window = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    return await server.call("mail_search_messages", {**window, **wanted})


async def found(server: SecurityServer, **wanted: str) -> list[tuple[str, str]]:
    """Mailbox and folder of every copy found."""
    envelope = await searched(server, **wanted)
    assert envelope["status"] in ("success", "no_data"), envelope
    rows = envelope["data"]
    assert isinstance(rows, dict)
    messages = rows["messages"]
    assert isinstance(messages, list)
    return [(str(row["mailbox"]), str(row["folder"])) for row in messages if isinstance(row, dict)]


def action(envelope: JsonObject) -> JsonObject:
    """What the kit recorded of a change."""
    recorded = envelope["action"]
    assert isinstance(recorded, dict), envelope
    return recorded


@pytest.mark.parametrize(
    "wanted",
    [
        {"message_id": ID},
        {"sender": "x@evil.example"},
        {"sender": "@evil.example"},
        {"url": "http://evil.example/offer"},
        {"attachment_sha256": sha256(CONTENT).hexdigest()},
    ],
    ids=["id", "sender", "domain", "link", "attachment"],
)
async def test_message_is_found_by_what_is_known_of_it(server: SecurityServer, wanted: dict[str, str]) -> None:
    """An alert names one of these, and whoever else got the message is what matters."""
    assert await found(server, **wanted) == [(ANNA, "INBOX"), (BERND, "INBOX")]


@pytest.mark.parametrize("written", ["&amp;", "&#38;", "&"])
async def test_link_is_found_as_html_writes_it(server: SecurityServer, imap: Dovecot, written: str) -> None:
    """Every mail program makes an entity of an ampersand; whoever asks has the URL as it was clicked."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "x@evil.example", ANNA, OTHER
    mail.set_content(f'<a href="http://evil.example/pay?a=1{written}b=2">pay</a>', subtype="html")
    imap.deliver(ANNA, mail.as_bytes())

    for asked in ("http://evil.example/pay?a=1&b=2", "http://evil.example/pay?a=1&amp;b=2"):
        assert await found(server, url=asked) == [(ANNA, "INBOX")]
    assert await found(server, url="http://evil.example/pay?a=1&b=3") == []


async def test_quarantine_takes_the_message_out_and_restoring_brings_it_back(
    server: SecurityServer, imap: Dovecot
) -> None:
    """The point of it all: nobody can open it, it is proved, and a person can take it back."""
    imap.deliver(ANNA, message("<another@partner.example>", "Lunch"))
    done = await act(server, "mail_quarantine_message", [ANNA, BERND])
    held = await found(server, message_id=ID)
    other = await found(server, message_id="<another@partner.example>")
    back = await act(server, "mail_restore_message", [ANNA, BERND])
    restored = await found(server, message_id=ID)

    assert (done["status"], action(done)["verified"], action(done)["expiry"]) == ("success", True, "hold")
    assert held == [(ANNA, "Quarantine"), (BERND, "Quarantine")]
    assert other == [(ANNA, "INBOX")]
    assert (back["status"], action(back)["verified"]) == ("success", True)
    assert restored == [(ANNA, "INBOX"), (BERND, "INBOX")]


async def test_restored_is_each_mailbox_in_the_folder_that_was_named(server: SecurityServer, imap: Dovecot) -> None:
    """A copy that somebody purged meanwhile did not come back, whatever the other mailbox holds."""
    await act(server, "mail_quarantine_message", [ANNA, BERND])
    with imaplib.IMAP4("127.0.0.1", imap.port, timeout=10) as own:
        own.login(BERND, f"canary-word-of-{BERND}")
        own.select("Quarantine")
        own.store("1:*", "+FLAGS", "\\Deleted")
        own.expunge()
    back = await act(server, "mail_restore_message", [ANNA, BERND])
    came_back = server.changes["mail_restore_message"].read_back
    alone = [came_back(ID, [ANNA], "phishing drill", folder) for folder in ("INBOX", "Archive")]

    assert (back["status"], action(back)["verified"]) == ("error", False)
    assert alone == [True, False]


async def test_undo_is_about_the_mailboxes_that_held_the_message(server: SecurityServer, imap: Dovecot) -> None:
    """One without it has nothing to bring back, and must not make the undo look failed."""
    for path in imap.inbox(BERND).iterdir():
        path.unlink()
    done = action(await act(server, "mail_quarantine_message", [ANNA, BERND]))
    back = await act(server, "mail_restore_message", [ANNA])

    assert f"'mailboxes': ['{ANNA}']" in str(done["undo"])
    assert (action(back)["verified"], action(back)["target"]) == (True, done["target"])


async def test_plan_changes_nothing_and_names_the_undo(server: SecurityServer) -> None:
    """Whoever approves sees how many copies and how to get them back."""
    arguments: Mapping[str, JsonValue] = {"message_id": ID, "mailboxes": [ANNA, BERND], "reason": "phishing drill"}
    planned = action(await server.call("mail_quarantine_message", arguments, meta={MODE: "plan"}))
    refused = await server.call("mail_quarantine_message", arguments)

    assert planned["blast_radius"] == "2 copies in 2 of 2 mailboxes"
    assert "mail_restore_message" in str(planned["undo"])
    assert refused["status"] == "refused"
    assert await found(server, message_id=ID) == [(ANNA, "INBOX"), (BERND, "INBOX")]


async def test_message_that_vanished_is_not_found(server: SecurityServer, imap: Dovecot) -> None:
    """Somebody deleted it between the plan and the change: nothing was done, and nothing else is said."""
    for path in [*imap.inbox(ANNA).iterdir(), *imap.inbox(BERND).iterdir()]:
        path.unlink()

    gone = await act(server, "mail_quarantine_message", [ANNA, BERND])

    assert gone["status"] == "no_data"
    assert gone["error"] is not None


async def test_mailbox_that_is_down_leaves_a_part_done_and_unverified(server: SecurityServer, imap: Dovecot) -> None:
    """Half a quarantine must never look like a whole one."""
    imap.close(BERND)

    done = await act(server, "mail_quarantine_message", [ANNA, BERND])

    assert "partly quarantined" in str(done["data"])
    assert "1 mailboxes could not be changed" in str(done["summary"])
    assert action(done)["verified"] == "unknown"
    now = datetime.now(UTC)
    window = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    searched = await server.call("mail_search_messages", {**window, "message_id": ID})
    assert searched["status"] == "stale"


async def test_server_that_is_down_is_an_error(imap: Dovecot, tmp_path: Path) -> None:
    """Nothing found where nobody looked would clear a phishing mail."""
    server = server_of(imap, tmp_path, imap_port=1)
    now = datetime.now(UTC).isoformat()

    searched = await server.call("mail_search_messages", {"start": now, "end": now, "message_id": ID})
    health = await server.health()

    assert searched["status"] == "error"
    assert "'ready': False" in str(health["data"])


@pytest.mark.parametrize(
    "hostile",
    [
        '<x" UNSEEN "@evil.example>',
        "<x@evil.example>\r\nA1 DELETE INBOX",
        "<x@evil.example>\n",
        "<x\\@evil.example>",
        "<x@evil.example> ALL",
        "<x\0@evil.example>",
        "<ö@evil.example>",
    ],
)
async def test_hostile_message_id_never_reaches_the_server(server: SecurityServer, hostile: str) -> None:
    """A Message-ID is what its sender wrote: no command may start in it."""
    answered = await act(server, "mail_quarantine_message", [ANNA], hostile)

    assert answered["status"] == "error"
    assert await found(server, message_id=ID) == [(ANNA, "INBOX"), (BERND, "INBOX")]


async def test_header_that_only_contains_the_id_is_another_message(server: SecurityServer, imap: Dovecot) -> None:
    """IMAP finds parts of a header: a message that quotes the id in its own must stay where it is."""
    imap.deliver(ANNA, message().replace(ID.encode(), b"<order.7@partner.example> (re " + ID.encode() + b")"))

    done = await act(server, "mail_quarantine_message", [ANNA])

    assert "1 copies quarantined in 1 of 1 mailboxes" in str(done["summary"])
    assert (ANNA, "INBOX") in await found(server, sender="x@evil.example")


@pytest.mark.parametrize("header", [b"To", b"Subject"])
async def test_long_header_in_front_hides_no_message(server: SecurityServer, imap: Dovecot, header: bytes) -> None:
    """What its sender writes before the id must not make a message one that is not there."""
    padding = header + b": " + b",\r\n ".join(b"user%04d@halden.example" % number for number in range(1_200))
    imap.deliver(ANNA, padding + b"\r\n" + message(OTHER))
    seen, by_sender = await found(server, message_id=OTHER), await found(server, sender="x@evil.example")
    done = await act(server, "mail_quarantine_message", [ANNA], OTHER)

    assert (seen, by_sender.count((ANNA, "INBOX"))) == ([(ANNA, "INBOX")], 2)
    assert (done["status"], action(done)["verified"]) == ("success", True)


async def test_id_that_is_too_long_to_be_read_is_never_not_there(server: SecurityServer, imap: Dovecot) -> None:
    """Blank lines within the header put the id behind what is fetched of it."""
    mail = message(OTHER).replace(b"Message-ID: ", b"Message-ID:" + b"\r\n \t" * 6_000)
    imap.deliver(ANNA, mail)
    answer = await searched(server, message_id=OTHER)
    done = await act(server, "mail_quarantine_message", [ANNA], OTHER)

    assert (answer["status"], done["status"]) == ("stale", "error")


async def test_mailbox_nobody_configured_is_not_opened(server: SecurityServer) -> None:
    """The master user may open every mailbox; this server may not."""
    refused = await act(server, "mail_quarantine_message", ["director@halden.example"])

    assert refused["status"] == "error"
    assert "not among those configured" in str(refused["summary"])


async def test_tls_is_checked_and_logins_of_their_own_work(imap: Dovecot, tmp_path: Path) -> None:
    """Without its authority a certificate is nobody's; with it each mailbox is opened by its own password."""
    logins = tmp_path / "logins.yaml"
    logins.write_text(f"{ANNA}: canary-word-of-{ANNA}\n")
    logins.chmod(0o600)
    safe = {"imap_port": imap.tls_port, "imap_security": "tls", "imap_logins_file": logins}
    trusted = server_of(imap, tmp_path, **safe, imap_ca_file=imap.ca_file)
    untrusted = server_of(imap, tmp_path, **safe)

    assert await found(trusted, message_id=ID) == [(ANNA, "INBOX")]
    assert "'ready': False" in str((await untrusted.health())["data"])


async def test_no_password_is_in_any_answer(imap: Dovecot, tmp_path: Path) -> None:
    """Secrets never travel, not even inside a message that holds one."""
    logins = tmp_path / "logins.yaml"
    logins.write_text(f"{ANNA}: canary-word-of-{ANNA}\n")
    logins.chmod(0o600)
    server = server_of(imap, tmp_path, imap_logins_file=logins)
    leak = message("<leak@evil.example>", f"canary-word-of-{ANNA}")
    parsed = await server.call("mail_parse_message", {"eml_base64": base64.b64encode(leak).decode()})

    assert parsed["status"] == "success"
    assert "canary-word" not in str(parsed)


async def test_stored_message_is_taken_apart(server: SecurityServer) -> None:
    """From a search straight to what speaks against the message."""
    signs = await server.call("mail_phishing_signs", {"mailbox": ANNA, "message_id": ID})

    assert "attachment_runs" in str(signs["data"])
    assert "attachment_disguised" in str(signs["data"])


@pytest.mark.thorough
async def test_no_folder_is_passed_over(server: SecurityServer, imap: Dovecot) -> None:
    """A copy in the last of many folders is opened as easily as one in the first."""
    names = [f"f{number}" for number in range(65)]
    with imaplib.IMAP4("127.0.0.1", imap.port, timeout=10) as own:
        own.login(ANNA, f"canary-word-of-{ANNA}")
        for name in names:
            own.create(name)
            own.append(name, "", "", message())
        done = await act(server, "mail_quarantine_message", [ANNA])
        left = [name for name in names if own.select(name, readonly=True)[1] != [b"0"]]

    assert (action(done)["verified"], left) == (True, [])


@pytest.mark.thorough
async def test_crowd_of_similar_messages_hides_none(server: SecurityServer, imap: Dovecot) -> None:
    """What could not be looked at is never counted as not there."""
    for number in range(2_001):
        imap.deliver(ANNA, message().replace(ID.encode(), f"{number}{ID}".encode()))
    done = await act(server, "mail_quarantine_message", [ANNA])

    assert (done["status"], "unreachable" in str(done["error"])) == ("error", True)


async def test_attachments_are_counted_by_reading_them(server: SecurityServer, imap: Dovecot) -> None:
    """No value counted would read as: nobody was sent a file. A file may also be all of a message."""
    alone = EmailMessage()
    alone["From"], alone["Message-ID"] = "x@evil.example", OTHER
    alone.set_content(CONTENT, maintype="application", subtype="octet-stream", filename="offer.pdf")
    imap.deliver(ANNA, alone.as_bytes())
    now = datetime.now(UTC)
    window = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    counted = await server.call("mail_count_messages", {"by": "attachment", **window})

    digest = sha256(CONTENT).hexdigest()
    assert counted["data"] == {"counts": [{"value": digest, "messages": 3}]}
    assert len(await found(server, attachment_sha256=digest)) == 3


async def test_message_that_cannot_be_read_whole_may_hold_the_attachment(server: SecurityServer, imap: Dovecot) -> None:
    """Nested deeper than any mail program makes it, and the search would be clean."""
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(300))
    imap.deliver(ANNA, b"From: x@evil.example\r\nMessage-ID: <deep@evil.example>\r\n" + parts)
    envelope = await searched(server, attachment_sha256="0" * 64)

    assert (envelope["status"], "too long to read whole" in str(envelope["error"])) == ("stale", True)
