"""Cases that may be like another one, read without their evidence: which of them are is decided in `similar.py`."""

import json
from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, or_, select

from agent.cases.rows import assemble
from agent.cases.tables import ALERTS, CASES, TIES
from agent.cases.ties import ties
from agent.intake.observables import observables
from agent.models import Case

MOST: Final = 200
"""Cases that are compared, the newest."""
_MOST_NAMES: Final = 20


def relatives(connection: Connection, case: Case) -> tuple[Case, ...]:
    """Cases of the same tenant and world that share a rule, a technique, a tie or a name with this one; newest
    first."""
    ours = (CASES.c.tenant == case.tenant, CASES.c.world == case.world, CASES.c.id != case.id)
    chosen = select(CASES.c.id, CASES.c.document).where(*ours)
    related = chosen.where(or_(*_related(case))).order_by(CASES.c.created_at.desc(), CASES.c.id).limit(MOST)
    heads = {row.id: str(row.document) for row in connection.execute(related)}
    alerts: dict[str, list[tuple[str, str, int]]] = {name: [] for name in heads}
    rows = select(ALERTS.c.case_id, ALERTS.c.document, ALERTS.c.fingerprint, ALERTS.c.repeats)
    for row in connection.execute(rows.where(ALERTS.c.case_id.in_(heads)).order_by(ALERTS.c.position)):
        alerts[row.case_id].append((str(row.document), str(row.fingerprint), int(row.repeats)))
    return tuple(assemble(head, alerts[name], (), ()) for name, head in heads.items())


def _related(case: Case) -> Iterator[ColumnElement[bool]]:
    techniques = set(case.report.verdict.techniques) if case.report else set()
    techniques.update(technique for alert in case.alerts for technique in alert.techniques)
    yield from (CASES.c.techniques.contains(technique, autoescape=True) for technique in sorted(techniques))
    rules = sorted({alert.rule.name for alert in case.alerts})
    yield CASES.c.id.in_(select(ALERTS.c.case_id).where(ALERTS.c.rule_name.in_(rules)))
    if shared := sorted({tie for alert in case.alerts for tie in ties(alert)}):
        yield CASES.c.id.in_(select(TIES.c.case_id).where(TIES.c.tenant == case.tenant, TIES.c.tie.in_(shared)))
    if named := [ALERTS.c.document.icontains(name, autoescape=True) for name in _names(case)]:
        yield CASES.c.id.in_(select(ALERTS.c.case_id).where(ALERTS.c.tenant == case.tenant, or_(*named)))


def _names(case: Case) -> list[str]:
    """Hosts, accounts and the like as JSON writes them."""
    found = {seen.value for alert in case.alerts for seen in observables(alert) if seen.type not in ("process", "url")}
    return [json.dumps(name, ensure_ascii=False)[1:-1] for name in sorted(found)[:_MOST_NAMES]]
