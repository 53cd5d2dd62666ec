"""What the notify server answers, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output


class ChannelRow(Output):
    """One place messages can go to."""

    channel: Annotated[str, T0]
    kind: Annotated[Literal["smtp", "slack", "teams", "webhook", "outbox"], T0]
    language: Annotated[Literal["en", "zh"], T0]
    recipients: Annotated[int | None, T0] = None
    """How many addresses; unknown for a chat."""
    tested: Annotated[Literal["against real software", "not against the live service"], T1]


class TemplateRow(Output):
    """One message that can be sent, and the fields it takes."""

    template: Annotated[str, T0]
    fields: Annotated[list[str], T0]


class Channels(Output):
    """The channels of the configuration file, and the templates."""

    rows: ClassVar[str | None] = "channels"
    channels: list[ChannelRow]
    templates: list[TemplateRow]


class Preview(Output):
    """A message as it would be sent. Nothing was sent."""

    channel: Annotated[str, T0]
    subject: Annotated[str, T2]
    body: Annotated[str, T2]


class SentRow(Output):
    """One message of the outbox."""

    number: Annotated[int, T1]
    time: Annotated[str, T1]
    channel: Annotated[str, T0]
    template: Annotated[str, T0]
    state: Annotated[Literal["intent", "sent", "refused", "unknown"], T1]
    receipt: Annotated[str, T2]
    """What the receiver acknowledged it with."""
    subject: Annotated[str, T2]


class SentRows(Output):
    """Messages, newest first."""

    rows: ClassVar[str | None] = "messages"
    messages: list[SentRow]


class SendResult(Output):
    """What became of a message. It cannot be taken back."""

    number: Annotated[int, T1]
    channel: Annotated[str, T0]
    change: Annotated[Literal["sent", "sent minutes ago"], T1]
    receipt: Annotated[str, T2]
    recipients_refused: Annotated[int, T1] = 0
