"""Messages reach the people of the configuration file, once, and nothing written outside acts in them."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from knowledge.trust.keys import SigningKey
from servers.bundle import conditions_of
from servers.embedded import LabDoor
from servers.errors import ConfigurationError
from servers.kit import SecurityServer
from servers.kit.answer import JsonObject
from servers.kit.request import KEY as IDEMPOTENCY
from servers.notify.channels import channels_of
from servers.notify.server import build
from servers.notify.settings import NotifySettings
from servers.notify.wording import worded
from servers.parts import Parts
from servers.settings import Settings
from tests.servers.acting import permission, verified
from tests.servers.notify.receivers import USER, WORD, Hook, Sink, hook, sink

KEY = SigningKey.generate()
NOTE = {"title": "Case 7", "text": "two hosts isolated"}
HOSTILE = (
    "@channel <!channel> <@U123> see https://evil.example/login\r\nBcc: victim@evil.example\r\n"
    "[click](http://evil.example) \u202egnp.exe\x1b[31m {text} <script>alert(1)</script>"
)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Sink]:
    """A mail relay."""
    with sink(tmp_path) as found:
        yield found


@pytest.fixture
def chat() -> Iterator[Hook]:
    """A web receiver."""
    with hook() as found:
        yield found


def server_of(home: Path, channels: Mapping[str, object]) -> SecurityServer:
    """The notify server over these channels."""
    own = Settings(home=home, grant_key=KEY.public.text)
    path = home / "channels.yaml"
    path.write_text(json.dumps({"channels": channels}))
    settings = NotifySettings(channels=path)
    return build(Parts(LabDoor(None), home, own, conditions_of(own), "lab", "site"), settings)


def lab_server_of(lab: Path, home: Path) -> SecurityServer:
    """The notify server of a lab."""
    own = Settings(home=home, grant_key=KEY.public.text)
    return build(Parts(LabDoor(lab), home, own, conditions_of(own), "lab", "lab"), NotifySettings())


def mail(found: Sink, **more: object) -> dict[str, object]:
    """A channel to that relay."""
    own = {"kind": "smtp", "host": "127.0.0.1", "port": found.port, "ca_file": str(found.ca_file), "user": USER}
    people = {"password": WORD, "sender": "mcpsoc@halden.example", "recipients": ["soc@halden.example"]}
    return {**own, **people, **more}


async def send(
    server: SecurityServer, channel: str, fields: Mapping[str, JsonValue], key: str | None = None
) -> JsonObject:
    """Send a note, permitted."""
    arguments: JsonObject = {"channel": channel, "template": "note", "fields": dict(fields), "reason": "a drill"}
    grant = permission(server, KEY, "notify_send", arguments)
    return await server.call("notify_send", arguments, grant, meta={} if key is None else {IDEMPOTENCY: key})


async def test_mail_arrives_over_starttls_with_login_and_its_receipt_is_kept(receiver: Sink, tmp_path: Path) -> None:
    """The receiver's own word is kept; whether the message is there nobody can look."""
    server = server_of(tmp_path, {"soc": mail(receiver)})
    sent = await send(server, "soc", NOTE)
    listed = await server.call("notify_list_sent", {})

    assert (sent["status"], verified(sent)) == ("success", "unknown")
    assert [message["subject"] for message in receiver.messages] == ["Case 7"]
    assert receiver.recipients == [["soc@halden.example"]]
    assert receiver.messages[0]["Auto-Submitted"] == "auto-generated"
    assert "queued as 1" in str(listed["data"])


async def test_nothing_written_outside_acts_in_a_mail(receiver: Sink, tmp_path: Path) -> None:
    """A subject with a line end must not become a header, a link not a click."""
    server = server_of(tmp_path, {"soc": mail(receiver)})
    await send(server, "soc", {"title": HOSTILE, "text": HOSTILE})
    arrived = receiver.messages[0]
    text = arrived.get_content()

    assert arrived["Bcc"] is None
    assert receiver.recipients == [["soc@halden.example"]]
    assert arrived.get_content_type() == "text/plain"
    for active in ("https://", "http://", "evil.example", "@channel", "<", "\x1b", "\u202e"):
        assert active not in text
    assert "evil[.]example" in text


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook"])
async def test_nothing_written_outside_acts_in_a_chat(chat: Hook, tmp_path: Path, kind: str) -> None:
    """No mention calls everybody, no link is one, no markup is read."""
    server = server_of(tmp_path, {"chat": {"kind": kind, "url": f"{chat.url}/services/T0"}})
    sent = await send(server, "chat", {"title": HOSTILE, "text": HOSTILE})
    body = json.loads(chat.requests[0][2])
    told = json.dumps(body, ensure_ascii=False).replace("http://adaptivecards.io", "")

    assert (sent["status"], verified(sent)) == ("success", "unknown")
    for active in ("https://", "http://", "evil.example", "@channel", "<!", "<@", "\u202e", 'mrkdwn": true'):
        assert active not in told
    assert 'mrkdwn": "' not in told
    assert '"TextBlock"' not in told


async def test_chat_bodies_are_what_the_vendors_publish(chat: Hook, tmp_path: Path) -> None:
    """The shapes of Slack's incoming webhooks and of Teams' workflow cards."""
    channels = {kind: {"kind": kind, "url": f"{chat.url}/{kind}"} for kind in ("slack", "teams")}
    server = server_of(tmp_path, channels)
    for kind in channels:
        await send(server, kind, NOTE)
    slack, teams = (json.loads(body) for _, _, body in chat.requests)

    assert slack["text"] == "Case 7"
    assert [(block["type"], block["text"]["type"]) for block in slack["blocks"]] == [
        ("header", "plain_text"),
        ("section", "plain_text"),
    ]
    card = teams["attachments"][0]
    assert (teams["type"], card["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["content"]["type"], card["content"]["version"]) == ("AdaptiveCard", "1.4")


async def test_webhook_carries_token_and_key_and_keeps_the_receivers_id(chat: Hook, tmp_path: Path) -> None:
    """A receiver that knows keys drops doubles too; its id is the receipt."""
    chat.body = b'{"id": "evt-77"}'
    server = server_of(tmp_path, {"hook": {"kind": "webhook", "url": chat.url, "token": "canary-hook-token"}})
    sent = await send(server, "hook", NOTE)
    headers = chat.requests[0][1]

    assert headers["authorization"] == "Bearer canary-hook-token"
    assert headers["idempotency-key"]
    assert "evt-77" in str(sent["data"])
    assert "canary" not in str(sent)


async def test_the_same_key_sends_once(chat: Hook, tmp_path: Path) -> None:
    """A retry after a lost answer must not tell people twice; nor do the same words under another key."""
    server = server_of(tmp_path, {"chat": {"kind": "slack", "url": chat.url}})
    for key in ("k-1", "k-1", "k-2"):
        assert (await send(server, "chat", NOTE, key))["status"] == "success"

    assert len(chat.requests) == 1


async def test_a_crash_before_the_receipt_leaves_unknown_and_nothing_is_sent_again(chat: Hook, tmp_path: Path) -> None:
    """Whether it arrived nobody here knows: saying sent or failed would both be lies."""
    first = server_of(tmp_path, {"chat": {"kind": "slack", "url": chat.url}})
    await send(first, "chat", NOTE, "k-1")
    with sqlite3.connect(tmp_path / "outbox.db") as outbox:
        outbox.execute("UPDATE messages SET state = 'intent', receipt = ''")
    outbox.close()
    again = await send(server_of(tmp_path, {"chat": {"kind": "slack", "url": chat.url}}), "chat", NOTE, "k-2")

    assert again["status"] == "error"
    assert verified(again) == "unknown"
    assert len(chat.requests) == 1


async def test_connection_lost_after_the_message_is_unknown(receiver: Sink, tmp_path: Path) -> None:
    """The relay had the whole message when the line went dead."""
    receiver.drop = True
    sent = await send(server_of(tmp_path, {"soc": mail(receiver)}), "soc", NOTE)

    assert sent["status"] == "error"
    assert verified(sent) == "unknown"


@pytest.mark.parametrize("status,known", [(403, False), (500, "unknown"), (0, "unknown")])
async def test_failures_say_whether_it_may_have_arrived(
    chat: Hook, tmp_path: Path, status: int, known: JsonValue
) -> None:
    """Refused is not sent; broken is not known."""
    chat.status = status
    sent = await send(server_of(tmp_path, {"chat": {"kind": "webhook", "url": chat.url}}), "chat", NOTE)

    assert sent["status"] == "error"
    assert verified(sent) == known


@pytest.mark.parametrize("wait", ["9" * 400, "soon"])
async def test_receiver_that_was_sent_too_much_was_not_sent_this(chat: Hook, tmp_path: Path, wait: str) -> None:
    """Whatever it answers about the time to wait, the message is known not to have gone out."""
    chat.status, chat.headers = 429, {"Retry-After": wait}
    sent = await send(server_of(tmp_path, {"chat": {"kind": "webhook", "url": chat.url}}), "chat", NOTE)

    assert "rate_limited" in str(sent["error"])
    assert verified(sent) is False


async def test_authority_that_is_not_there_sends_nothing(chat: Hook, tmp_path: Path) -> None:
    """It is known then that nothing left, and the next attempt is free to go out."""
    hook = {"kind": "webhook", "url": chat.url, "ca_file": str(tmp_path / "none.pem")}
    sent = await send(server_of(tmp_path, {"chat": hook}), "chat", NOTE)

    assert (verified(sent), chat.requests) == (False, [])


async def test_recipients_are_those_of_the_file_alone(receiver: Sink, tmp_path: Path) -> None:
    """No argument names a person, and a channel nobody configured is none."""
    server = server_of(tmp_path, {"soc": mail(receiver)})
    elsewhere = await send(server, "victim@evil.example", NOTE)
    unknown = await send(server, "other", NOTE)

    assert elsewhere["status"] == "error"
    assert unknown["status"] == "error"
    assert receiver.messages == []


async def test_refused_recipient_is_counted(receiver: Sink, tmp_path: Path) -> None:
    """Whoever was not told must not be thought to know."""
    people = ["soc@halden.example", "gone@halden.example"]
    sent = await send(server_of(tmp_path, {"soc": mail(receiver, recipients=people)}), "soc", NOTE)

    assert "1 recipients refused" in str(sent["summary"])


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"ca_file": None}, {"port": 1}], ids=["login", "ca", "port"])
async def test_relay_that_cannot_be_trusted_gets_nothing(
    receiver: Sink, tmp_path: Path, wrong: dict[str, object]
) -> None:
    """Neither a login nor a message goes to whoever answers."""
    sent = await send(server_of(tmp_path, {"soc": mail(receiver, timeout_s=2, **wrong)}), "soc", NOTE)

    assert sent["status"] == "error"
    assert verified(sent) is False
    assert receiver.messages == []


async def test_preview_sends_nothing_and_chinese_is_chinese(own_lab: Path, tmp_path: Path) -> None:
    """What people will read is seen before it is approved."""
    server = lab_server_of(own_lab, tmp_path)
    fields: JsonObject = {"case": "C-1", "severity": "high", "title": "x"}
    arguments: Mapping[str, JsonValue] = {"channel": "soc-chat-zh", "template": "case_opened", "fields": fields}
    preview = await server.call("notify_preview", arguments)
    listed = await server.call("notify_list_sent", {})

    assert "新建案件 C-1" in str(preview["data"])
    assert listed["status"] == "no_data"


async def test_embedded_outbox_keeps_what_was_sent(own_lab: Path, tmp_path: Path) -> None:
    """In the demonstration nothing leaves the machine, and everything can be seen."""
    server = lab_server_of(own_lab, tmp_path)
    sent = await send(server, "soc-mail", NOTE)
    listed = await server.call("notify_list_sent", {})

    assert (sent["status"], verified(sent)) == ("success", True)
    assert "Case 7" in str(listed["data"])


@pytest.mark.parametrize(
    "channels",
    [
        {"chat": {"kind": "slack", "url": "http://hooks.example/x"}},
        {"chat": {"kind": "slack", "url": "https://user:word@hooks.example/x"}},
        {
            "soc": {
                "kind": "smtp",
                "host": "relay.example",
                "security": "none",
                "sender": "a@b.c",
                "recipients": ["a@b.c"],
            }
        },
        {"soc": {"kind": "smtp", "host": "relay.example", "sender": "a@b.c\nBcc: x@y.z", "recipients": ["a@b.c"]}},
        {"soc": {"kind": "pager", "url": "https://x.example"}},
        {"chat": {"kind": "slack", "url": "${MCPSOC_TEST_NOT_SET}"}},
        {},
    ],
)
def test_channel_file_that_is_unsafe_or_none_stops_the_start(channels: dict[str, object], tmp_path: Path) -> None:
    """Better no server than one that tells the wrong people, or tells over an open line."""
    path = tmp_path / "channels.yaml"
    path.write_text(json.dumps({"channels": channels}))

    with pytest.raises(ConfigurationError):
        channels_of(path, {})


def test_braces_in_a_field_are_text() -> None:
    """A title must not pull in what another field holds."""
    wording = worded("note", "en", {"title": "{text} {reason}", "text": "secret plan"})

    assert wording.subject == "{text} {reason}"
