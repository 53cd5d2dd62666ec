"""The class decides which playbook looks, so it must not depend on prose."""

import pytest

from agent.intake import alert_class
from agent.intake.attack import attack_table, current_techniques, tactics_of
from agent.intake.classes import class_rules
from agent.models import Alert, AlertField, Provenance, Rule, utc_now


def alert(techniques: tuple[str, ...] = (), groups: tuple[str, ...] = (), **fields: str) -> Alert:
    made = tuple(
        AlertField(name=name.replace("__", "."), value=value, provenance=Provenance.SENSOR, path="$.x")
        for name, value in fields.items()
    )
    return Alert(
        alert_id="a", format="generic", product="p", title="Ransomware phishing web shell", time=utc_now(),
        rule=Rule(id="r", name="Ransomware", groups=groups), techniques=techniques, fields=made, raw={},
        fingerprint="f", world="site",
    )  # fmt: skip


@pytest.mark.parametrize(
    "techniques, expected",
    [
        (("T1110.003",), "password_attack"),
        (("T1566.001", "T1059.001"), "phishing_execution"),
        (("T1190", "T1505.003"), "web_attack"),
        (("T1204.002",), "malware"),
        (("T1490",), "ransomware"),
        (("T1048.003", "T1071.004"), "dns_exfiltration"),
        (("T1021.002", "T1569.002"), "lateral_movement"),
        (("T1078.004", "T1550"), "identity_compromise"),
        (("T1039", "T1567.002"), "data_theft"),
        (("T1003.001",), "credential_access"),
        (("T1071.001",), "command_and_control"),
        (("T1059.003",), "execution"),
    ],
)
def test_techniques_choose_the_class(techniques: tuple[str, ...], expected: str) -> None:
    """One line per class: the special wins over the general."""
    assert alert_class(alert(techniques)) == expected


def test_a_cloud_key_chooses_the_cloud() -> None:
    """The same techniques mean something else when an access key acted."""
    assert alert_class(alert(("T1078.004", "T1098"), cloud__access_key="AKIA")) == "cloud_abuse"


@pytest.mark.parametrize(
    "groups, expected",
    [
        (("windows", "authentication_failed"), "authentication"),
        (("syslog", "authentication_failures"), "password_attack"),
        (("sca",), "policy"),
        (("ids", "suricata", "Not Suspicious Traffic"), "network_signature"),
        (("ids", "suricata", "Web Application Attack"), "web_attack"),
        (("A Network Trojan was detected",), "command_and_control"),
        ((), "unknown"),
    ],
)
def test_groups_choose_where_no_technique_does(groups: tuple[str, ...], expected: str) -> None:
    """Wazuh and Suricata rules often carry no ATT&CK id."""
    assert alert_class(alert(groups=groups)) == expected


def test_titles_are_never_read() -> None:
    """The title above names three classes; an attacker may write it."""
    assert alert_class(alert()) == "unknown"


def test_every_entry_says_why() -> None:
    """The table is for people."""
    assert all(rule.because for rule in class_rules())


def test_revoked_techniques_are_followed() -> None:
    """Rules written years ago still carry ids that no table knows."""
    assert current_techniques(["T1086", "t1059.001", "no id", "T1050"]) == ("T1059.001", "T1543.003")


def test_every_successor_is_a_technique_of_the_table() -> None:
    """A map into nowhere would lose the stage."""
    table = attack_table()
    assert all(tactics_of(current_techniques([old])[0]) for old in table.revoked)
    assert "The MITRE Corporation" in table.notice
