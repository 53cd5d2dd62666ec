"""The class of an alert, by a table anyone can read: `classes.yaml`."""

from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

import yaml
from pydantic import Field, TypeAdapter

from agent.hunting.hunt import is_hunt
from agent.models import Alert, Model

AlertClass: TypeAlias = Literal[
    "password_attack",
    "phishing_execution",
    "web_attack",
    "malware",
    "ransomware",
    "dns_exfiltration",
    "lateral_movement",
    "identity_compromise",
    "data_theft",
    "cloud_abuse",
    "command_and_control",
    "execution",
    "credential_access",
    "network_signature",
    "authentication",
    "policy",
    "hunt",
    "unknown",
]


class ClassRule(Model):
    """One entry of the table."""

    alert_class: AlertClass = Field(alias="class")
    because: str
    techniques: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def fits(self, alert: Alert) -> bool:
        """Whether, of each thing named, the alert has at least one."""
        groups = {group.lower() for group in alert.rule.groups}
        names = {field.name for field in alert.fields}
        wanted = (
            (self.techniques, any(_is_under(technique, alert.techniques) for technique in self.techniques)),
            (self.groups, any(group.lower() in groups for group in self.groups)),
            (self.fields, any(name in names for name in self.fields)),
        )
        return any(named for named, _ in wanted) and all(fits for named, fits in wanted if named)


@cache
def class_rules() -> tuple[ClassRule, ...]:
    """The table, read once."""
    text = files("agent.intake").joinpath("classes.yaml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[ClassRule, ...]).validate_python(yaml.load(text, Loader=yaml.CSafeLoader))


def alert_class(alert: Alert) -> AlertClass:
    """The class whose playbook looks into the alert; `unknown` when no entry fits."""
    if is_hunt(alert):
        return "hunt"
    return next((rule.alert_class for rule in class_rules() if rule.fits(alert)), "unknown")


def _is_under(technique: str, techniques: tuple[str, ...]) -> bool:
    return any(item == technique or item.startswith(technique + ".") for item in techniques)
