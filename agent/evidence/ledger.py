"""The ledger: every answer of a case in the order it came. Nothing in it is ever changed or taken out."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from agent.evidence.errors import PathError
from agent.evidence.paths import ANY, compile_path
from agent.models import Alert, AlertField, Backend, Evidence, EvidenceStatus, JsonObject, Provenance
from knowledge.trust.canonical import canonical, sha256_of

INTAKE: Final = "intake"
"""Server name of evidence that is an alert."""


class Ledger:
    """The evidence of one case: the alert is `E0`, answers follow as `E1`, `E2` ..."""

    def __init__(self, evidence: Iterable[Evidence] = ()) -> None:
        """Continue from what a case already has."""
        self._items: dict[str, Evidence] = {item.id: item for item in evidence}

    @property
    def by_id(self) -> Mapping[str, Evidence]:
        """A live, read-only view by evidence id."""
        return MappingProxyType(self._items)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All of it, oldest first."""
        return tuple(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def from_alert(self, alert: Alert, backend: Backend | None = None, asked_at: datetime | None = None) -> Evidence:
        """Add the alert as evidence: the first alert of a case becomes `E0`, a later one takes the next number.

        `asked_at` is when it came in by the case's clock, the alert's own time by default; `backend` follows from
        whether the alert is synthetic."""
        return self._add(
            "E0" if not self._items else self._next(),
            server=INTAKE,
            tool=alert.format,
            arguments={"alert_id": alert.alert_id},
            asked_at=asked_at or alert.time,
            status="success",
            summary=f"the alert as {alert.format} sent it",
            data=alert_data(alert),
            provenance=alert_provenance(alert),
            sensor=alert_sensor(alert),
            backend=backend or ("embedded" if alert.synthetic else "real"),
            synthetic=alert.synthetic,
        )

    def add(
        self,
        *,
        server: str,
        tool: str,
        arguments: JsonObject,
        asked_at: datetime,
        status: EvidenceStatus,
        summary: str,
        backend: Backend,
        data: JsonValue = None,
        provenance: Mapping[str, Provenance] = MappingProxyType({}),
        sensor: str | None = None,
        synthetic: bool = False,
        truncated: bool = False,
        error: str | None = None,
        hint: str | None = None,
        cost_ms: float = 0.0,
    ) -> Evidence:
        """Add one answer; id, hash and size are given here."""
        return self._add(
            self._next(),
            server=server,
            tool=tool,
            arguments=arguments,
            asked_at=asked_at,
            status=status,
            summary=summary,
            data=data,
            provenance=provenance,
            sensor=sensor,
            backend=backend,
            synthetic=synthetic,
            truncated=truncated,
            error=error,
            hint=hint,
            cost_ms=cost_ms,
        )

    def _add(
        self, evidence_id: str, *, data: JsonValue, provenance: Mapping[str, Provenance], **rest: object
    ) -> Evidence:
        kept, size = _stored(data)
        fields = {**rest, "id": evidence_id, "data": kept, "provenance": dict(provenance)}
        item = Evidence.model_validate({**fields, "sha256": sha256_of(kept), "size_bytes": size})
        self._items[evidence_id] = item
        return item

    def _next(self) -> str:
        """Numbers go on from the highest, whatever was loaded."""
        numbers = [int(name[1:]) for name in self._items if name[1:].isdigit()]
        return f"E{max(numbers, default=0) + 1}"


def alert_data(alert: Alert) -> JsonObject:
    """What the alert's evidence holds: `alert` by ECS name, `raw` as it came, `decoded` texts when there are any."""
    by_name: JsonObject = {}
    for field in alert.fields:
        by_name.setdefault(field.name, list(field.value) if isinstance(field.value, tuple) else field.value)
    by_name.setdefault("@timestamp", _stamp(alert.time))
    by_name.setdefault("rule.id", alert.rule.id)
    by_name.setdefault("rule.name", alert.rule.name)
    data: JsonObject = {"alert": by_name, "raw": alert.raw}
    if alert.decoded:
        data["decoded"] = [{"name": field.name, "value": _plain(field), "path": field.path} for field in alert.decoded]
    return data


def _stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, with as many digits as the moment has."""
    precision = "seconds" if not moment.microsecond else "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def alert_provenance(alert: Alert) -> dict[str, Provenance]:
    """Class per field of `alert_data`; raw members that no field was made of stay undeclared, which is untrusted."""
    kinds = {_path("$.alert", name): Provenance.SENSOR for name in ("@timestamp", "rule.id", "rule.name")}
    seen: set[str] = set()
    for field in alert.fields:
        if field.name not in seen:
            kinds[_path("$.alert", field.name)] = field.provenance
            seen.add(field.name)
        if (place := _in_raw(field)) is not None:
            kinds[place] = max(kinds.get(place, field.provenance), field.provenance)
    return kinds


def alert_sensor(alert: Alert) -> str:
    """Who saw it: the sensor the alert names, or the product that raised it."""
    return alert.text("event.source") or alert.product


def _in_raw(field: AlertField) -> str | None:
    """The field's place inside `raw`, indexes as `*`; None when its path is not one."""
    try:
        location = compile_path(field.path).location
    except PathError:
        return None
    if not all(part == ANY or part.isprintable() for part in location):
        return None
    return _path("$.raw", *location)


def _path(start: str, *parts: str) -> str:
    """The parts as a JSONPath: names quoted, indexes as `*`."""
    quoted = (part.replace("\\", "\\\\").replace("'", "\\'") for part in parts)
    return start + "".join("[*]" if part == ANY else f"['{part}']" for part in quoted)


def _plain(field: AlertField) -> JsonValue:
    return list(field.value) if isinstance(field.value, tuple) else field.value


def _stored(data: JsonValue) -> tuple[JsonValue, int]:
    """The data as it can be stored, and its size in bytes."""
    encoded = canonical(data)
    return (storable(data) if b"\\ud" in encoded else data), len(encoded)


def storable(value: JsonValue) -> JsonValue:
    """The value with lone surrogates, which no file can hold, written as visible escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {str(storable(name)): storable(item) for name, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value
