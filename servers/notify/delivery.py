"""A message on its way: handed to the receiver once, never again by itself.

Source: RFC 5321, 3207, 4954 (SMTP, STARTTLS, AUTH); RFC 3834 (Auto-Submitted); Slack: incoming webhooks and Block Kit;
Microsoft Teams: webhooks of Workflows, Adaptive Cards 1.4. The chat services are not tested against the live service.
"""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue, SecretStr

from servers.errors import NotSentError, RateLimitedError, ToolError
from servers.kit.answer import JsonObject
from servers.kit.http import wait_s
from servers.kit.inert import one_line
from servers.notify.channels import Channel, OutboxChannel, SlackChannel, SmtpChannel, TeamsChannel, WebhookChannel
from servers.notify.wording import Wording

if TYPE_CHECKING:
    import httpx

MOST_ANSWER = 65_536
_MOST_RECEIPT = 120


class NotSent(NotSentError):
    """It did not leave, or the receiver refused it: it may be tried again."""


class Unsure(ToolError):
    """It may have arrived: only a person can find out."""

    def __init__(self, why: str) -> None:
        super().__init__("outcome_unknown", why, "ask a receiver before sending it again")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver acknowledged a message with."""

    text: str
    refused: int = 0
    """Recipients it did not take."""


def deliver(channel: Channel, wording: Wording, key: str) -> Receipt:
    """Hand a message over. `key` names it to the receiver: the same key is the same message.

    Raises: NotSent, Unsure, RateLimitedError."""
    match channel:
        case OutboxChannel():
            return Receipt(f"outbox {key}")
        case SmtpChannel():
            return _mailed(channel, wording, key)
        case SlackChannel():
            return _slack(channel, wording)
        case TeamsChannel():
            answer = _posted(channel.url, channel.ca_file, channel.timeout_s, teams_card(wording), {})
            return Receipt(_named(answer, "x-ms-workflow-run-id", "x-ms-request-id", "request-id"))
        case WebhookChannel():
            bearer = {} if channel.token is None else {"Authorization": f"Bearer {channel.token.get_secret_value()}"}
            headers = {**bearer, "Idempotency-Key": key}
            answer = _posted(channel.url, channel.ca_file, channel.timeout_s, plain_note(wording, key), headers)
            return Receipt(_named(answer, "x-request-id"))


def slack_blocks(wording: Wording) -> JsonObject:
    """The JSON an incoming webhook of Slack takes: plain text alone, nothing unfurled, nobody mentioned."""
    header: JsonObject = {"type": "plain_text", "text": _escaped(wording.subject)[:150], "emoji": False}
    body: JsonObject = {"type": "plain_text", "text": _escaped(wording.body)[:3000], "emoji": False}
    return {
        "text": _escaped(wording.subject),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [{"type": "header", "text": header}, {"type": "section", "text": body}],
    }


def teams_card(wording: Wording) -> JsonObject:
    """The JSON a Teams workflow takes: a card of text runs, which know no markup."""
    lines: list[JsonValue] = [_run(wording.subject, strong=True)]
    lines += [_run(line, strong=False) for line in wording.body.splitlines() if line]
    card: JsonObject = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": lines,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def plain_note(wording: Wording, key: str) -> JsonObject:
    """Our own JSON."""
    return {"source": "mcpsoc", "key": key, "subject": wording.subject, "text": wording.body}


def _run(text: str, *, strong: bool) -> JsonObject:
    run: JsonObject = {"type": "TextRun", "text": text, "weight": "Bolder" if strong else "Default"}
    return {"type": "RichTextBlock", "inlines": [run]}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _slack(channel: SlackChannel, wording: Wording) -> Receipt:
    answer = _posted(channel.url, channel.ca_file, channel.timeout_s, slack_blocks(wording), {})
    if answer.body.strip() != b"ok":
        raise NotSent("refused_by_backend", "Slack did not answer ok", "look at the webhook's settings")
    return Receipt(_named(answer, "x-slack-req-id"))


_CHANNEL: Final = "see the channel in MCPSOC_NOTIFY_CHANNELS"


def _posted(
    url: SecretStr, ca_file: Path | None, timeout_s: float, body: JsonObject, headers: Mapping[str, str]
) -> _Answer:
    """Send JSON once. No redirect is followed and no proxy of the environment used: the address is a credential."""
    import httpx

    try:
        trust = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError:
        hint = "see ca_file of the channel in MCPSOC_NOTIFY_CHANNELS"
        raise NotSent("unreachable", "the receiver's CA file cannot be read", hint) from None
    try:
        with (
            httpx.Client(verify=trust, timeout=timeout_s, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url.get_secret_value(), json=body, headers=dict(headers)) as answer,
        ):
            content = _bounded(answer)
            return _judged(_Answer(answer.status_code, dict(answer.headers), content))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol):
        raise NotSent("unreachable", "the receiver cannot be reached, or is not trusted", _CHANNEL) from None
    except httpx.HTTPError:
        raise Unsure("the connection ended before the receiver answered") from None


def _bounded(answer: "httpx.Response") -> bytes:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > MOST_ANSWER:
            break
    return content[:MOST_ANSWER]


def _judged(answer: _Answer) -> _Answer:
    if 200 <= answer.status < 300:
        return answer
    if answer.status == 429:
        raise RateLimitedError("the receiver was sent too much", wait_s(answer.headers.get("retry-after")))
    if answer.status >= 500:
        raise Unsure(f"the receiver failed with HTTP {answer.status}")
    raise NotSent("refused_by_backend", f"the receiver answered HTTP {answer.status}", _CHANNEL)


def _named(answer: _Answer, *headers: str) -> str:
    """The receiver's own name for the message, else its status."""
    named = next((answer.headers[name] for name in headers if answer.headers.get(name)), "") or _id_in(answer.body)
    return one_line(named, _MOST_RECEIPT) if named else f"HTTP {answer.status}"


def _id_in(body: bytes) -> str:
    import json

    with suppress(ValueError, RecursionError):
        told = json.loads(body)
        if isinstance(told, dict) and isinstance(told.get("id"), str | int):
            return str(told["id"])
    return ""


def _mailed(channel: SmtpChannel, wording: Wording, key: str) -> Receipt:
    relay: smtplib.SMTP | None = None
    try:
        relay = _relay(channel)
        refused = _addressed(relay, channel)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        _closed(relay)
        raise NotSent("unreachable", f"the mail relay did not take it: {_why(error)}", _CHANNEL) from None
    try:
        code, said = relay.data(_message(channel, wording, key).as_bytes(policy=SMTP))
    except smtplib.SMTPDataError:
        raise NotSent("refused_by_backend", "the mail relay refused the message", "look at the relay's log") from None
    except (smtplib.SMTPException, OSError):
        raise Unsure("the connection ended before the mail relay acknowledged the message") from None
    finally:
        _closed(relay)
    if code != 250:
        raise NotSent("refused_by_backend", f"the mail relay answered {code}", "look at the relay's log")
    return Receipt(one_line(f"250 {said.decode('utf-8', 'replace')}", _MOST_RECEIPT), refused)


def _relay(channel: SmtpChannel) -> smtplib.SMTP:
    trust = ssl.create_default_context(cafile=None if channel.ca_file is None else str(channel.ca_file))
    where = (channel.host, channel.port, "mcpsoc.invalid")
    if channel.security == "tls":
        relay: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=channel.timeout_s, context=trust)
    else:
        relay = smtplib.SMTP(*where, timeout=channel.timeout_s)
    try:
        if channel.security == "starttls":
            relay.starttls(context=trust)
        if channel.password is not None:
            relay.login(channel.user, channel.password.get_secret_value())
    except (smtplib.SMTPException, OSError):
        relay.close()
        raise
    return relay


def _addressed(relay: smtplib.SMTP, channel: SmtpChannel) -> int:
    """Name sender and recipients; how many were refused. Raises: SMTPException when nobody is left."""
    relay.ehlo_or_helo_if_needed()
    if (code := relay.mail(channel.sender)[0]) != 250:
        raise smtplib.SMTPSenderRefused(code, b"", channel.sender)
    refused = sum(1 for recipient in channel.recipients if relay.rcpt(recipient)[0] not in (250, 251))
    if refused == len(channel.recipients):
        raise smtplib.SMTPRecipientsRefused({})
    return refused


def _message(channel: SmtpChannel, wording: Wording, key: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.recipients)
    message["Subject"] = wording.subject
    message["Message-ID"] = f"<{key}@mcpsoc.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(wording.body, charset="utf-8", cte="base64")
    return message


def _closed(relay: smtplib.SMTP | None) -> None:
    if relay is not None:
        with suppress(smtplib.SMTPException, OSError):
            relay.quit()
        relay.close()


def _why(error: Exception) -> str:
    """In our own words: a relay's answer is outside text."""
    if isinstance(error, ssl.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the login was refused"
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused):
        return "sender or recipients were refused"
    return "no STARTTLS" if isinstance(error, smtplib.SMTPNotSupportedError) else "no connection"
