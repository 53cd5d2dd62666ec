"""Which cases name a thing: looked up in the fields of their alerts, whole first, then in part."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Select, select

from agent.cases.tables import ALERTS
from agent.evidence.entities import address_of, same_entity
from agent.intake.observables import KINDS
from agent.models import Alert

MOST_ALERTS: Final = 2000
"""Alerts that are read for one question, the newest."""
SHORTEST_PART: Final = 3
"""Characters that a part of a name needs: fewer are in everything."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A case whose alerts name what was looked for."""

    case_id: str
    fields: tuple[str, ...]
    """ECS names, sorted."""
    values: tuple[str, ...]
    """What those fields say; an attacker may have chosen it."""
    exact: bool
    """Whether a whole value fits, not a part of one."""


def naming(connection: Connection, tenant: str, entity: str, kind: str | None) -> tuple[Naming, ...]:
    """Cases that name the entity: exact ones first, each kind the newest alert first.

    `kind` limits it to the fields of one type of observable. A part of a name is looked for only in fields that hold
    names; a whole value in every field."""
    wanted = entity.strip()
    if not wanted:
        return ()
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for row in connection.execute(_candidates(tenant, wanted)):
        found.setdefault(row.case_id, []).extend(_fitting(Alert.model_validate_json(row.document), wanted, kind))
    named = [_joined(case_id, hits) for case_id, hits in found.items() if hits]
    return tuple(sorted(named, key=lambda item: not item.exact))


def _candidates(tenant: str, wanted: str) -> Select[tuple[str, str]]:
    """Alerts whose document has the name, as JSON writes it."""
    written = json.dumps(_stem(wanted), ensure_ascii=False)[1:-1]
    fitting = select(ALERTS.c.case_id, ALERTS.c.document).where(ALERTS.c.tenant == tenant)
    fitting = fitting.where(ALERTS.c.document.icontains(written, autoescape=True))
    return fitting.order_by(ALERTS.c.time.desc(), ALERTS.c.case_id).limit(MOST_ALERTS)


def _stem(wanted: str) -> str:
    """The part of a name that every spelling of it has: without its domain, where it names a host or account."""
    name = wanted.rpartition("\\")[2].partition("@")[0]
    first = name.partition(".")[0]
    is_whole = "/" in name or ":" in name or address_of(name) is not None or len(first) < SHORTEST_PART
    return (name if is_whole else first) or wanted


def _fitting(alert: Alert, wanted: str, kind: str | None) -> Iterator[tuple[str, str, bool]]:
    """Field, value and whether it fits whole, for every value of the alert that fits."""
    folded = wanted.casefold()
    for field in alert.fields:
        known = KINDS.get(field.name)
        if kind is not None and (known is None or known.type != kind):
            continue
        for value in field.value if isinstance(field.value, tuple) else (field.value,):
            text = str(value)
            if text.casefold() == folded or (known is not None and same_entity(text, wanted)):
                yield field.name, text, True
            elif known is not None and len(wanted) >= SHORTEST_PART and folded in text.casefold():
                yield field.name, text, False


def _joined(case_id: str, hits: list[tuple[str, str, bool]]) -> Naming:
    """The hits of one case; where something fits whole, parts no longer count."""
    exact = any(whole for _, _, whole in hits)
    kept = [(name, value) for name, value, whole in hits if whole or not exact]
    fields, values = sorted({name for name, _ in kept}), list(dict.fromkeys(value for _, value in kept))
    return Naming(case_id, tuple(fields), tuple(values[:5]), exact)
