"""What the ids answers, each field with who wrote it. Whatever a packet carried is the words of whoever sent it."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output
from servers.kit.ecs import Event


class NetworkEvent(Event):
    """One thing the sensor saw on the wire: an alert, or what it read of a flow."""

    more = {
        "event.kind": ("string", T1),
        "flow.id": ("string", T1),
        "rule.category": ("string", T1),
        "rule.severity": ("integer", T1),
        "network.application": ("string", T1),
        "network.bytes_in": ("integer", T1),
        "network.packets": ("integer", T1),
        "flow.duration_s": ("number", T1),
        "flow.state": ("string", T1),
        "dns.response_code": ("string", T1),
        "http.request.referrer": ("string", T2),
        "http.mime_type": ("string", T2),
        "tls.server_name": ("string", T2),
        "tls.subject": ("string", T2),
        "tls.issuer": ("string", T2),
        "tls.version": ("string", T1),
        "tls.ja3": ("string", T1),
        "tls.certificate_sha1": ("string", T1),
        "file.type": ("string", T2),
        "file.stored": ("boolean", T1),
        "notice.message": ("string", T2),
    }
    """Beside the common fields. network.bytes counts what left the client, network.bytes_in what came back."""


class TriedEvent(NetworkEvent):
    """What a rule found that whoever asked wrote, its name included."""

    more = {
        **NetworkEvent.more,
        "rule.id": ("string", T2),
        "rule.name": ("string", T2),
        "rule.category": ("string", T2),
    }


class Alerts(Output):
    """Alerts in order of time."""

    rows: ClassVar[str | None] = "alerts"
    alerts: list[NetworkEvent]


class AlertGroup(Output):
    """Alerts that have one thing in common."""

    rule_id: Annotated[str | None, T1] = None
    rule_name: Annotated[str | None, T1] = None
    source: Annotated[str | None, T1] = None
    destination: Annotated[str | None, T1] = None
    alerts: Annotated[int, T1]
    rules: Annotated[int, T1]
    sources: Annotated[int, T1]
    destinations: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]


class AlertGroups(Output):
    """Groups of alerts, the largest first."""

    rows: ClassVar[str | None] = "groups"
    groups: list[AlertGroup]
    alerts: Annotated[int, T1]
    """Alerts counted."""


class Flow(Output):
    """One flow: its alerts and what the sensor read of it, in order of time."""

    rows: ClassVar[str | None] = "events"
    flow_id: Annotated[str, T1]
    alerts: Annotated[int, T1]
    events: list[NetworkEvent]


class Activity(Output):
    """Events of one kind with one peer and one rule or name."""

    kind: Annotated[str, T1]
    peer: Annotated[str | None, T1] = None
    outgoing: Annotated[bool, T1]
    """The host asked for opened it."""
    rule_id: Annotated[str | None, T1] = None
    name: Annotated[str | None, T2] = None
    """The rule's name, the domain asked for, the web or TLS server's name, or the file's hash."""
    events: Annotated[int, T1]
    first: Annotated[str, T1]
    last: Annotated[str, T1]


class Activities(Output):
    """What the sensor saw of a host: alerts first, then the most frequent."""

    rows: ClassVar[str | None] = "activity"
    activity: list[Activity]
    alerts: Annotated[int, T1]
    events: Annotated[int, T1]
    peers: Annotated[int, T1]


class KindCount(Output):
    """Events of one kind."""

    kind: Annotated[str, T1]
    events: Annotated[int, T1]


class Capture(Output):
    """What the rules find in a capture."""

    rows: ClassVar[str | None] = "alerts"
    file: Annotated[str, T0]
    sha256: Annotated[str, T1]
    kinds: list[KindCount]
    alerts: list[NetworkEvent]


class Tested(Output):
    """What a rule finds in a capture."""

    rows: ClassVar[str | None] = "alerts"
    valid: Annotated[bool, T1]
    """The engine loads it."""
    complaint: Annotated[str | None, T2] = None
    """What the engine says against it."""
    hits: Annotated[int, T1]
    alerts: list[TriedEvent]


class IndicatorState(Output):
    """An indicator the sensor was told, or no longer has."""

    type: Annotated[Literal["domain", "address"], T1]
    value: Annotated[str, T0]
    change: Annotated[Literal["added", "was there", "removed", "was not there"], T1]
    until: Annotated[str | None, T1] = None


class Loaded(Output):
    """The rules of this server's own file as the sensor runs them."""

    rules: Annotated[int, T1]
    sha256: Annotated[str, T1]
    """Of the file."""
