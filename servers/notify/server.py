"""The notify server: people are told through channels of the operator's choice. What is sent cannot be taken back."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from pydantic import Field

from knowledge.trust.canonical import sha256_of
from servers.embedded import Reason, lab_server
from servers.kit import Change, Cursor, Limit, Plan, Rate, Reply, SecurityServer, ToolError, build_server, paged
from servers.kit.envelope import iso
from servers.kit.server import wall_clock
from servers.notify.channels import LAB_CHANNELS, Channel, Name, OutboxChannel, SmtpChannel, channels_of, secrets_of
from servers.notify.delivery import Unsure, deliver
from servers.notify.models import ChannelRow, Channels, Preview, SendResult, SentRow, SentRows, TemplateRow
from servers.notify.outbox import Outbox, Sent
from servers.notify.settings import NEEDS, NotifySettings
from servers.notify.templates import TEMPLATES, TemplateName
from servers.notify.wording import MOST_FIELD, Wording, worded
from servers.parts import Parts
from servers.sealed import sealed

Fields: TypeAlias = Annotated[dict[str, Annotated[str, Field(max_length=MOST_FIELD)]], Field(max_length=8)]
SAME_MESSAGE = timedelta(minutes=10)
"""The same words to the same channel within this time are one message, whoever asks for it."""
SENDING = Rate(30, per_s=3600)
_MOST_LISTED = 2_000


class Notify:
    """Tools over the channels and the outbox."""

    def __init__(self, channels: Mapping[str, Channel], outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._channels = channels
        self._outbox = outbox
        self._clock = clock

    def notify_list_channels(self) -> Reply[Channels]:
        """Channels that messages can go to, and the templates with the fields each takes."""
        rows = [_channel_row(name, channel) for name, channel in sorted(self._channels.items())]
        templates = [TemplateRow(template=name, fields=list(each.fields)) for name, each in TEMPLATES.items()]
        return Reply(Channels(channels=rows, templates=templates), f"{len(rows)} channels, {len(templates)} templates")

    def notify_preview(self, channel: Name, template: TemplateName, fields: Fields) -> Reply[Preview]:
        """A message as notify_send would send it; nothing is sent."""
        wording = worded(template, self._channel(channel).language, fields)
        return Reply(Preview(channel=channel, subject=wording.subject, body=wording.body), "not sent: a preview")

    def notify_list_sent(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[SentRows]:
        """Messages sent before, newest first, with what the receiver acknowledged."""
        page = paged(self._outbox.newest(_MOST_LISTED), limit, cursor)
        text = f"{len(page.rows)} of {page.total} messages"
        rows = SentRows(messages=[_sent_row(sent) for sent in page.rows])
        return page.reply(rows, text)

    def notify_send(self, channel: Name, template: TemplateName, fields: Fields, reason: Reason) -> Reply[SendResult]:
        """Send a message from a template to one channel. It cannot be taken back; the same words within 10 minutes
        are sent once."""
        wording = worded(template, self._channel(channel).language, fields)
        digest, now = _digest(channel, wording), self._clock()
        if (earlier := self._outbox.latest(digest, now - SAME_MESSAGE)) is not None and earlier.state != "refused":
            return _again(earlier)
        number = self._outbox.begin(digest, channel, template, wording, now)
        try:
            receipt = deliver(self._channel(channel), wording, f"{digest[:24]}.{number}")
        except Unsure:
            self._outbox.settle(number, "unknown")
            raise
        except ToolError:
            self._outbox.settle(number, "refused")
            raise
        self._outbox.settle(number, "sent", receipt.text)
        result = SendResult(
            number=number,
            channel=channel,
            change="sent",
            receipt=receipt.text,
            recipients_refused=receipt.refused,
        )
        missed = f"; {receipt.refused} recipients refused" if receipt.refused else ""
        return Reply(result, f"1 message sent to {channel}{missed}")

    def plan_send(self, channel: str, template: TemplateName, fields: dict[str, str], reason: str) -> Plan:
        """Whom it would reach."""
        found = self._channel(channel)
        worded(template, found.language, fields)
        reach = f"{len(found.recipients)} recipients" if isinstance(found, SmtpChannel) else "whoever reads it"
        return Plan(target=f"channel {channel}", blast_radius=f"{reach} by {found.kind}; cannot be taken back")

    def arrived(self, channel: str, template: TemplateName, fields: dict[str, str], reason: str) -> bool | None:
        """False for words that were refused, True where the outbox is all there is. Else None: no receiver can be asked
        what it has, and its receipt is what the sending itself was answered."""
        to = self._channel(channel)
        wording = worded(template, to.language, fields)
        found = self._outbox.latest(_digest(channel, wording), self._clock() - SAME_MESSAGE)
        if found is not None and found.state == "refused":
            return False
        kept = found is not None and found.state == "sent" and isinstance(to, OutboxChannel)
        return True if kept else None

    def probe(self) -> str:
        """How many channels there are; none is written to."""
        return f"{len(self._channels)} channels: {', '.join(sorted({each.kind for each in self._channels.values()}))}"

    def _channel(self, name: str) -> Channel:
        """Raises: ToolError for a channel nobody configured."""
        if (found := self._channels.get(name)) is None:
            raise ToolError("unknown_channel", "no such channel is configured", "see notify_list_channels")
        return found


def build(parts: Parts, settings: NotifySettings) -> SecurityServer:
    """The notify server of this lab, or of the channels that are configured.

    Raises: ConfigurationError for a channel file that cannot be used."""
    wanted = None if settings.channels is None else "channels"
    if settings.channels is None or parts.backend(wanted) == "embedded":
        notify = Notify(LAB_CHANNELS, Outbox(parts.settings.root / "outbox-lab.db"), parts.door.now)
        return lab_server(
            "notify",
            parts.door,
            reads=[notify.notify_list_channels, notify.notify_preview, notify.notify_list_sent],
            changes=[_sending(notify)],
            instructions=NEEDS,
            settings=settings,
            conditions=parts.conditions,
        )
    channels = channels_of(settings.channels)
    notify = Notify(channels, Outbox(parts.settings.root / "outbox.db"), wall_clock)
    return build_server(
        "notify",
        reads=[notify.notify_list_channels, notify.notify_preview, notify.notify_list_sent],
        changes=[_sending(notify)],
        backend="real",
        synthetic=False,
        probe=notify.probe,
        product="channels",
        instructions=NEEDS,
        settings=sealed(settings, secrets_of(channels)),
        conditions=parts.conditions,
    )


def _sending(notify: Notify) -> Change:
    """Irreversible: no undo, no expiry."""
    return Change(notify.notify_send, plan=notify.plan_send, read_back=notify.arrived, risk="low", rate=SENDING)


def _digest(channel: str, wording: Wording) -> str:
    return sha256_of({"channel": channel, "subject": wording.subject, "body": wording.body})


def _again(earlier: Sent) -> Reply[SendResult]:
    """The answer for words that went out minutes ago. Raises: Unsure when nobody knows whether they arrived."""
    if earlier.state != "sent":
        raise Unsure("the same message was sent minutes ago and not acknowledged: it is not sent twice")
    result = SendResult(number=earlier.id, channel=earlier.channel, change="sent minutes ago", receipt=earlier.receipt)
    return Reply(result, "the same message was sent minutes ago: not sent twice")


def _channel_row(name: str, channel: Channel) -> ChannelRow:
    return ChannelRow(
        channel=name,
        kind=channel.kind,
        language=channel.language,
        recipients=len(channel.recipients) if isinstance(channel, SmtpChannel) else None,
        tested="against real software" if channel.kind in ("smtp", "outbox") else "not against the live service",
    )


def _sent_row(sent: Sent) -> SentRow:
    return SentRow(
        number=sent.id,
        time=iso(sent.at),
        channel=sent.channel,
        template=sent.template,
        state=sent.state,
        receipt=sent.receipt,
        subject=sent.subject,
    )
