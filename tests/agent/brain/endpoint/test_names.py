"""Names that leave as aliases, learned from alerts and answers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.brain.endpoint.names import Names
from agent.models import Alert, AlertField, Provenance, Rule


def alert(raw: dict[str, Any], **fields: str) -> Alert:
    """An alert with these fields."""
    made = tuple(
        AlertField(name=name.replace("__", "."), value=value, provenance=Provenance.SENSOR, path="$")
        for name, value in fields.items()
    )
    return Alert(
        alert_id="1",
        format="generic",
        product="p",
        title="t",
        time=datetime(2026, 3, 9, tzinfo=UTC),
        rule=Rule(id="1", name="r"),
        fields=made,
        raw=raw,
        fingerprint="f",
        world="lab",
    )


def test_an_alert_teaches_its_names_wherever_they_stand() -> None:
    """Also in the raw alert of a vendor, also without their domain."""
    names = Names(hidden=True)
    raw = {"agent": {"name": "fin-db-01.corp.example"}, "data": {"srcuser": "CORP\\j.doe"}, "deviceName": "ws-9"}
    names.learn_alert(alert(raw, host__name="ws-17", user__email="m.ortiz@corp.example", source__ip="10.0.0.5"))
    said = "WS-17 fin-db-01 j.doe corp\\j.doe m.ortiz ws-9 10.0.0.5 fin-db-01.corp.example"
    hidden = names.hide(said)

    assert not [name for name in ("ws-17", "fin-db", "j.doe", "ortiz", "ws-9") if name in hidden.lower()]
    assert "10.0.0.5" in hidden
    assert str(names.show(hidden)).lower() == said.lower()


@pytest.mark.parametrize("value", ["10.0.0.5", "fe80::1", "root", "ab", ""])
def test_what_is_no_name_stays(value: str) -> None:
    """An address in the field of a host is an indicator; a short word would hide half of every text."""
    names = Names(hidden=True)
    names.learn_alert(alert({}, host__name=value, user__name=value))

    assert names.hide(f"seen: {value}.") == f"seen: {value}."


def test_an_everyday_word_is_not_hidden_because_a_host_is_called_that() -> None:
    """`mail.corp.example` is a name, `mail` is a word."""
    names = Names(hidden=True)
    names.learn_named("HOST", ["mail.corp.example"])

    assert names.hide("a mail from mail.corp.example") == "a mail from HOST-A1"


def test_the_same_case_has_the_same_aliases() -> None:
    """A conversation goes on in another process with the same bytes."""

    def learned() -> Names:
        names = Names(hidden=True)
        names.learn_alert(alert({"user": {"name": "zoe-1"}}, host__name="ws-17", user__name="amy-2"))
        return names

    assert learned().hide("zoe-1 amy-2 ws-17") == learned().hide("zoe-1 amy-2 ws-17")
