"""From a raw alert of any known format to an `Alert`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from agent.intake import defender, elastic, generic, ocsf, suricata, wazuh
from agent.intake.decode import decode
from agent.intake.draft import Context, Draft
from agent.intake.envelope import open_envelope
from agent.intake.errors import IntakeError, NotAnAlert
from agent.intake.fields import unplaced
from agent.intake.fingerprint import fingerprint
from agent.models import Alert, AlertField, AlertFormat, JsonObject, Provenance, World


@dataclass(frozen=True, slots=True)
class Parser:
    """How one format is told and read."""

    recognises: Callable[[JsonObject], bool]
    read: Callable[[JsonObject], Draft]


PARSERS: Final[dict[AlertFormat, Parser]] = {
    "wazuh": Parser(wazuh.recognises, wazuh.read),
    "suricata": Parser(suricata.recognises, suricata.read),
    "defender": Parser(defender.recognises, defender.read),
    "elastic": Parser(elastic.recognises, elastic.read),
    "ocsf": Parser(ocsf.recognises, ocsf.read),
    "generic": Parser(generic.recognises, generic.read),
}
"""Every format, most telling first; generic takes what is left."""

ENCODED_FIELDS: Final = (
    "process.command_line", "process.parent.command_line", "powershell.script", "service.command",
    "task.content", "registry.data", "url.full", "user_agent", "event.payload",
)  # fmt: skip
"""Texts that may hide another text."""

MAX_DECODED: Final = 64


def parse(raw: JsonObject, *, world: World, ordinal: int, format: AlertFormat | None = None) -> Alert:
    """The alert in `raw`: bare, as an Elasticsearch hit, or wrapped.

    `ordinal` is its place in the input, for the id of an alert that has none. `format` skips the guess.

    Raises: NotAnAlert for a well-formed record that is only context; IntakeError for what cannot be read."""
    result = read_record(raw, world=world, ordinal=ordinal, format=format)
    if isinstance(result, Context):
        raise NotAnAlert(f"a Suricata {result.kind} record is context of its flow, not an alert")
    return result


def read_record(raw: JsonObject, *, world: World, ordinal: int, format: AlertFormat | None = None) -> Alert | Context:
    """Like `parse`, but hands back context records as such.

    Raises: IntakeError."""
    opened = open_envelope(raw)
    chosen = format or _recognised(opened.document)
    if chosen == "suricata" and opened.document.get("event_type", "alert") != "alert":
        return suricata.read_context(opened.document)
    draft = PARSERS[chosen].read(opened.document)
    return _alert(draft, opened.document, opened.given_id or draft.own_id or f"line-{ordinal}", world)


def detect_format(raw: JsonObject) -> AlertFormat:
    """The format of a raw alert, wrapped or not.

    Raises: IntakeError when it is no object, empty, too deep or too large."""
    return _recognised(open_envelope(raw).document)


def _recognised(document: JsonObject) -> AlertFormat:
    for name, parser in PARSERS.items():
        if parser.recognises(document):
            return name
    raise IntakeError("the alert is an empty object")


def _alert(draft: Draft, document: JsonObject, alert_id: str, world: World) -> Alert:
    decoded = tuple(_decoded(draft.fields))
    return Alert(
        alert_id=alert_id,
        format=draft.format,
        product=draft.product,
        title=draft.title,
        time=draft.time,
        rule=draft.rule,
        techniques=draft.techniques,
        vendor_severity=draft.vendor_severity,
        fields=draft.fields,
        decoded=decoded,
        raw=document,
        unplaced=unplaced(document, draft.fields, draft.head),
        fingerprint=fingerprint(draft.rule, draft.fields, decoded),
        world=world,
        synthetic=draft.synthetic,
    )


def _decoded(fields: Iterable[AlertField]) -> Iterable[AlertField]:
    left = MAX_DECODED
    for item in fields:
        if item.name not in ENCODED_FIELDS:
            continue
        for text in item.value if isinstance(item.value, tuple) else (item.value,):
            for layer in decode(str(text))[:left]:
                left -= 1
                yield AlertField(name=item.name, value=layer.text, provenance=Provenance.UNTRUSTED, path=item.path)
