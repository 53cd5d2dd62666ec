"""The ledger keeps what came, as it came, and says who wrote each part."""

from collections.abc import MutableMapping
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agent.evidence.ledger import Ledger
from agent.evidence.provenance import classes
from agent.models import Alert, AlertField, Evidence, Provenance, Rule
from knowledge.trust.canonical import sha256_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
T1, T2 = Provenance.SENSOR, Provenance.UNTRUSTED


def alert() -> Alert:
    """An alert with a list, a repeated name, a decoded text and an odd member name."""
    fields = (
        AlertField(name="source.ip", value="203.0.113.9", provenance=T1, path="$.data.srcip"),
        AlertField(name="source.ip", value="198.51.100.4", provenance=T2, path="$.data.other"),
        AlertField(name="threat.technique.id", value=("T1110", "T1078"), provenance=T1, path="$.rule.mitre[*]"),
        AlertField(name="process.command_line", value="cmd", provenance=T2, path="$['it\\'s']"),
        AlertField(name="o'dd", value=1, provenance=T1, path="no path"),
    )
    return Alert(
        alert_id="a-1",
        format="wazuh",
        product="Wazuh",
        title="Title",
        time=NOW,
        rule=Rule(id="5710", name="sshd"),
        fields=fields,
        decoded=(AlertField(name="process.command_line", value="whoami", provenance=T2, path="$['it\\'s']"),),
        raw={"data": {"srcip": "203.0.113.9", "other": "x"}, "rule": {"mitre": ["T1110"]}, "it's": "cmd", "extra": 1},
        fingerprint="f",
        world="site",
    )


def add(ledger: Ledger, data: JsonValue = None) -> Evidence:
    """One more answer."""
    return ledger.add(
        server="siem", tool="t", arguments={}, asked_at=NOW, status="success", summary="s", data=data, backend="real"
    )


def test_alert_is_e0_and_answers_follow() -> None:
    """Ids are given here, in order, and never twice."""
    ledger = Ledger()
    first = ledger.from_alert(alert())
    assert [first.id, add(ledger).id, add(ledger).id, ledger.from_alert(alert()).id] == ["E0", "E1", "E2", "E3"]
    assert list(ledger.by_id) == [item.id for item in ledger.evidence] == ["E0", "E1", "E2", "E3"]
    assert len(ledger) == 4


def test_reopened_case_goes_on_counting() -> None:
    """Evidence that is cited under an id stays the only one under it."""
    ledger = Ledger()
    ledger.from_alert(alert())
    kept = add(ledger)
    assert add(Ledger(ledger.evidence)).id == "E2"
    assert ledger.by_id["E1"] is kept


def test_nobody_can_replace_evidence() -> None:
    """The view is read-only."""
    ledger = Ledger()
    item = add(ledger)
    view = ledger.by_id
    assert not isinstance(view, MutableMapping)
    assert view["E1"] is item


def test_hash_and_size_are_of_the_data() -> None:
    """What verification recomputes."""
    item = add(Ledger(), {"b": 1, "a": "é"})
    assert (item.sha256, item.size_bytes) == (sha256_of({"a": "é", "b": 1}), len('{"a":"é","b":1}'.encode()))


def test_text_no_file_can_hold_becomes_a_visible_escape() -> None:
    """A lone surrogate from an attacker must neither crash the ledger nor vanish."""
    item = add(Ledger(), {"k\ud800": ["x\udfff", 1, None]})
    assert item.data == {"k\\ud800": ["x\\udfff", 1, None]}
    assert add(Ledger(), "C:\\ud800").data == "C:\\ud800"


def test_alert_data_is_readable_by_field_name() -> None:
    """The first value of a name counts; time and rule are there whatever the parser named."""
    item = Ledger().from_alert(alert())
    assert isinstance(item.data, dict)
    assert item.data["alert"] == {
        "source.ip": "203.0.113.9",
        "threat.technique.id": ["T1110", "T1078"],
        "process.command_line": "cmd",
        "o'dd": 1,
        "@timestamp": "2026-03-01T12:00:00Z",
        "rule.id": "5710",
        "rule.name": "sshd",
    }
    assert (item.sensor, item.status, item.arguments) == ("Wazuh", "success", {"alert_id": "a-1"})


@pytest.mark.parametrize(
    "path,expected",
    [
        ("$.alert['source.ip']", T1),
        ("$.alert['@timestamp']", T1),
        ("$.alert['rule.id']", T1),
        ("$.alert['threat.technique.id'][0]", T1),
        ("$.alert['process.command_line']", T2),
        ("$.alert['o\\'dd']", T1),
        ("$.raw.data.srcip", T1),
        ("$.raw.data.other", T2),
        ("$.raw.rule.mitre[0]", T1),
        ("$.raw['it\\'s']", T2),
        ("$.raw.extra", T2),
        ("$.raw", T2),
        ("$.decoded[0].value", T2),
    ],
)
def test_alert_fields_carry_their_class(path: str, expected: Provenance) -> None:
    """By name and by place in the raw alert; what no field was made of is untrusted."""
    assert classes(path, Ledger().from_alert(alert())) is expected


def test_sensor_is_the_one_the_alert_names() -> None:
    """Independent sensors are counted by this name."""
    named = alert().model_copy(
        update={"fields": (AlertField(name="event.source", value="edr", provenance=T1, path="$.x"),)}
    )
    assert Ledger().from_alert(named, backend="embedded").sensor == "edr"
