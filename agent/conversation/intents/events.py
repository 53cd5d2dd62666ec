"""Events in one sentence each: who did what to what, when, by the fields the event has."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.conversation.intents.saying import Saying, equals, path
from agent.models import Evidence, JsonObject

TIME: Final = "@timestamp"
SHAPES: Final[Sequence[tuple[Mapping[str, str], str, Mapping[str, str]]]] = (
    ({"event.category": "process"}, "{time}: {user} started {value} on {host}: {command}",
     {"value": "process.executable", "user": "user.name", "host": "host.name", "command": "process.command_line"}),
    ({"event.category": "process"}, "{time}: {value} was started on {host}.", {"value": "process.executable", "host": "host.name"}),
    ({"event.category": "authentication", "event.outcome": "failure"}, "{time}: a sign-in as {value} failed from {source} ({country}), on {host}.",
     {"value": "user.target.name", "source": "source.ip", "country": "source.country", "host": "host.name"}),
    ({"event.category": "authentication", "event.outcome": "failure"}, "{time}: a sign-in as {value} failed from {source}, on {host}.",
     {"value": "user.target.name", "source": "source.ip", "host": "host.name"}),
    ({"event.category": "authentication", "event.outcome": "failure"}, "{time}: a sign-in as {value} failed from {source}, on {host}.",
     {"value": "user.name", "source": "source.ip", "host": "host.name"}),
    ({"event.category": "authentication", "event.action": "logon"}, "{time}: {value} logged on to {host} ({type}) from {source}.",
     {"value": "user.name", "host": "host.name", "type": "logon.type", "source": "source.ip"}),
    ({"event.category": "authentication", "event.action": "ticket_granted"}, "{time}: {value} was granted a ticket for {service}, from {source}.",
     {"value": "user.name", "service": "service.name", "source": "source.ip"}),
    ({"event.category": "authentication"}, "{time}: {value} signed in from {source} ({country}), on {host}.",
     {"value": "user.name", "source": "source.ip", "country": "source.country", "host": "host.name"}),
    ({"event.category": "authentication"}, "{time}: {value} signed in from {source}, on {host}.",
     {"value": "user.name", "source": "source.ip", "host": "host.name"}),
    ({"event.source": "dns"}, "{time}: {host} asked for {value} ({type}).",
     {"value": "dns.question.name", "host": "host.name", "type": "dns.question.type"}),
    ({"event.category": "email"}, "{time}: mail from {value} to {to}: {subject}.",
     {"value": "email.sender", "to": "email.recipient", "subject": "email.subject"}),
    ({"event.category": "cloud"}, "{time}: {user} called {value} from {source}.",
     {"value": "cloud.api", "user": "user.name", "source": "source.ip"}),
    ({"event.source": "cloud-audit"}, "{time}: {user} called {value} from {source}.",
     {"value": "cloud.api", "user": "user.name", "source": "source.ip"}),
    ({"event.action": "service_installed"}, "{time}: {user} installed the service {value} on {host}, from {source}: {image}.",
     {"value": "service.name", "user": "user.name", "host": "host.name", "source": "source.ip", "image": "process.executable"}),
    ({"event.category": "malware"}, "{time}: the antivirus on {host} found {value} in {file} ({action}).",
     {"value": "antivirus.signature", "host": "host.name", "file": "file.path", "action": "antivirus.action"}),
    ({"event.category": "file"}, "{time}: {user} {action} {value} on {host}.",
     {"value": "file.path", "action": "event.action", "user": "user.name", "host": "host.name"}),
    ({"event.category": "registry"}, "{time}: {user} set {value} on {host}.",
     {"value": "registry.path", "user": "user.name", "host": "host.name"}),
    ({"event.category": "intrusion_detection"}, "{time}: the signature {value} fired, {source} to {destination}.",
     {"value": "rule.name", "source": "source.ip", "destination": "destination.ip"}),
    ({"event.category": "web"}, "{time}: {source} asked for {value} ({method}, {status}).",
     {"value": "url.full", "source": "source.ip", "method": "http.method", "status": "http.status"}),
    ({"event.source": "proxy"}, "{time}: {user} on {host} asked for {value} ({method}).",
     {"value": "url.full", "user": "user.name", "host": "host.name", "method": "http.method"}),
    ({"event.source": "proxy"}, "{time}: {host} asked for {value} ({method}).",
     {"value": "url.full", "host": "host.name", "method": "http.method"}),
    ({"event.category": "network"}, "{time}: {source} to {value}, port {port}: {action}, {bytes} bytes.",
     {"value": "destination.ip", "source": "source.ip", "port": "destination.port", "action": "event.action", "bytes": "network.bytes"}),
    ({"event.category": "network"}, "{time}: {source} to {value}, port {port}: {action}.",
     {"value": "destination.ip", "source": "source.ip", "port": "destination.port", "action": "event.action"}),
    ({}, "{time}: {value} of {user} on {host}, seen by {sensor}.",
     {"value": "event.action", "user": "user.name", "host": "host.name", "sensor": "event.source"}),
    ({}, "{time}: {value} on {host}, seen by {sensor}.",
     {"value": "event.action", "host": "host.name", "sensor": "event.source"}),
    ({}, "{time}: {value}, seen by {sensor}.", {"value": "event.action", "sensor": "event.source"}),
)  # fmt: skip
"""What an event has to be, the sentence, and the field of each of its slots; the first that fits tells it."""


def event_line(evidence: Evidence, *at: str | int) -> Saying:
    """The event at a place of an answer."""
    event = event_at(evidence, *at)
    for kind, template, fields in SHAPES:
        if all(event.get(name) == value for name, value in kind.items()) and all(
            event.get(name) not in (None, "") for name in fields.values()
        ):
            slots = {name: path(*at, field) for name, field in fields.items() if name != "value"}
            return equals(evidence, template, path(*at, fields["value"]), {**slots, "time": path(*at, TIME)})
    return None


def event_at(evidence: Evidence, *at: str | int) -> JsonObject:
    """The event at a place of an answer; empty when there is none."""
    place: object = evidence.data
    for part in at:
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            return {}
    return place if isinstance(place, dict) else {}


def same(event: JsonObject) -> str:
    """What makes two events look alike in a list: all but their time and their random parts."""
    parts = (str(event.get(name, "")) for name in ("event.action", "process.executable", "destination.ip", "url.full", "user.name", "file.path", "service.name", "cloud.api", "email.subject", "dns.question.registered_domain"))  # fmt: skip
    return re.sub(r"\d+", "0", "|".join(parts))
