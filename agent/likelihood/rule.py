"""Group `rule`: what the detection claims, by the vendor's own classes, its ATT&CK ids and, a little, its level."""

from agent.intake.attack import tactics_of
from agent.likelihood.weights import RuleClass, weights
from agent.models import Alert, Contribution


def weigh_rule(alert: Alert) -> Contribution | None:
    """The rule's meaning and level."""
    table = weights().rule
    meaning, reason, field = _meaning(alert)
    level = _level(alert)
    if level:
        reason = f"{reason}; level {alert.rule.level:g}" if reason else f"the vendor's level {alert.rule.level:g}"
    total = meaning + max(-table.level_share, min(table.level_share, level))
    return Contribution(group="rule", weight=round(total, 3), reason=reason, field=field) if reason else None


def rule_class(alert: Alert) -> RuleClass | None:
    """The first class of the table the rule is in."""
    return next((item for item in weights().rule.classes if _is_in(item, alert)), None)


def _meaning(alert: Alert) -> tuple[float, str, str]:
    if (found := rule_class(alert)) is not None:
        return found.weight, f"{found.id}: {found.because}", "rule.groups"
    table = weights().rule
    late = next((item for item in alert.techniques if table.late_tactics.intersection(tactics_of(item))), None)
    if late is not None:
        return table.late_weight, f"written for {late}, a step of an intruder already inside", "threat.technique.id"
    if alert.techniques:
        return table.technique_weight, f"written for {alert.techniques[0]}", "threat.technique.id"
    return 0.0, "", "rule.id"


def _level(alert: Alert) -> float:
    table = weights().rule
    scale = table.levels.get(alert.format)
    if scale is None or alert.rule.level is None:
        return 0.0
    return round((alert.rule.level - scale.neutral) / scale.widest * table.level_share, 3)


def _is_in(item: RuleClass, alert: Alert) -> bool:
    groups = {group.lower() for group in alert.rule.groups}
    code = alert.field("event.code")
    return (
        (not item.groups or any(name.lower() in groups for name in item.groups))
        and (
            not item.codes
            or (code is not None and code.provenance.trusted and _is_windows(alert, str(code.value), item))
        )
        and (not item.formats or alert.format in item.formats)
        and not any(name.lower() in groups for name in item.no_groups)
        and not (item.no_techniques and alert.techniques)
    )


def _is_windows(alert: Alert, code: str, item: RuleClass) -> bool:
    """Event codes mean something only beside the channel they belong to; Sysmon numbers its own from 1."""
    channel = (alert.text("event.channel") or "").lower()
    return code in item.codes and "sysmon" not in channel
