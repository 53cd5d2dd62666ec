"""How the SOC does: counts of everything, rates only of what people confirmed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from agent.cases.queries import overdue
from agent.cases.tables import ALERTS, CASES
from agent.hunting.hunt import HUNT
from agent.models import CaseStatus, Disposition, Model, Priority


class RuleMetrics(Model):
    """What people found one rule's cases to be."""

    rule_id: str
    rule_name: str
    cases: int
    confirmed: int
    """Cases that a person closed."""
    true_positives: int
    benign_true_positives: int
    false_positives: int
    false_positive_rate: float | None
    """False positives among the rule's true and false ones; authorised activity says nothing about a rule's quality.
    None while there is neither."""
    disagreements: int
    """Confirmed cases in which the machine had come to another disposition. It suppresses nothing by itself."""


class Metrics(Model):
    """One tenant at one moment."""

    cases: int
    by_status: dict[CaseStatus, int]
    by_priority: dict[Priority, int]
    by_disposition: dict[Disposition, int]
    """The machine's dispositions."""
    overdue: int
    confirmed: int
    agreements: int
    """Confirmed cases in which machine and person came to the same disposition."""
    rules: tuple[RuleMetrics, ...]
    """Most confirmed cases first."""


class _Judged(NamedTuple):
    machine: Disposition | None
    human: Disposition | None


def read_metrics(connection: Connection, tenant: str, now: datetime) -> Metrics:
    """The metrics of one tenant. Another tenant, and so the lab, never enters."""
    columns = (CASES.c.status, CASES.c.priority, CASES.c.disposition, CASES.c.human_disposition)
    rows = connection.execute(select(*columns, overdue(now).label("late")).where(CASES.c.tenant == tenant)).all()
    confirmed = [row for row in rows if row.human_disposition]
    return Metrics(
        cases=len(rows),
        by_status=dict(Counter(row.status for row in rows)),
        by_priority=dict(Counter(row.priority for row in rows if row.priority)),
        by_disposition=dict(Counter(row.disposition for row in rows if row.disposition)),
        overdue=sum(bool(row.late) for row in rows),
        confirmed=len(confirmed),
        agreements=sum(row.disposition == row.human_disposition for row in confirmed),
        rules=_rules(connection, tenant),
    )


def _rules(connection: Connection, tenant: str) -> tuple[RuleMetrics, ...]:
    query = (
        select(ALERTS.c.rule_id, ALERTS.c.rule_name, CASES.c.id, CASES.c.disposition, CASES.c.human_disposition)
        .join(CASES, CASES.c.id == ALERTS.c.case_id)
        .where(ALERTS.c.tenant == tenant, ALERTS.c.rule_id != HUNT)
    )
    names: dict[str, str] = {}
    judged: dict[str, dict[str, _Judged]] = defaultdict(dict)
    for row in connection.execute(query):
        names[row.rule_id] = row.rule_name
        judged[row.rule_id][row.id] = _Judged(row.disposition, row.human_disposition)
    found = [_rule(rule_id, names[rule_id], cases.values()) for rule_id, cases in judged.items()]
    return tuple(sorted(found, key=lambda rule: (-rule.confirmed, rule.rule_id)))


def _rule(rule_id: str, name: str, cases: Iterable[_Judged]) -> RuleMetrics:
    judged = list(cases)
    counted = Counter(case.human for case in judged if case.human)
    true, false = counted["true_positive"], counted["false_positive"]
    return RuleMetrics(
        rule_id=rule_id,
        rule_name=name,
        cases=len(judged),
        confirmed=sum(counted.values()),
        true_positives=true,
        benign_true_positives=counted["benign_true_positive"],
        false_positives=false,
        false_positive_rate=false / (true + false) if true + false else None,
        disagreements=sum(case.human is not None and case.human != case.machine for case in judged),
    )
