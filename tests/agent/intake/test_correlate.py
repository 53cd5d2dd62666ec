"""What ties two alerts together, and what never does."""

from datetime import timedelta

import pytest

from agent.intake import same_incident
from agent.models import Alert, AlertField, Provenance, Rule, World, utc_now

NOW = utc_now()


def alert(minutes: float = 0, world: World = "site", **fields: str) -> Alert:
    made = tuple(
        AlertField(name=name.replace("__", "."), value=value, provenance=Provenance.SENSOR, path="$.x")
        for name, value in fields.items()
    )
    return Alert(
        alert_id="a", format="generic", product="p", title="t", time=NOW + timedelta(minutes=minutes),
        rule=Rule(id="r", name="r"), fields=made, raw={}, fingerprint="f", world=world,
    )  # fmt: skip


HOST = {"host__name": "ws-1"}
CHILD = alert(**HOST, process__entity_id="{A-2}", process__parent__entity_id="{A-1}")


@pytest.mark.parametrize(
    "one, other, reason",
    [
        (CHILD, alert(50, **HOST, process__entity_id="{a-1}"), "parent and child"),
        (CHILD, alert(50, **HOST, process__entity_id="{A-2}"), "same process"),
        (CHILD, alert(1, **HOST, process__entity_id="{A-3}", process__parent__entity_id="{A-1}"), "children"),
        (alert(**HOST, logon__id="0xabc"), alert(300, **HOST, logon__id="0xABC"), "logon session"),
        (alert(network__community_id="1:x"), alert(5, network__community_id="1:x"), "same flow"),
        (alert(source__ip="203.0.113.1"), alert(29, source__ip="203.0.113.1"), "source address"),
    ],
)
def test_ties_that_bind(one: Alert, other: Alert, reason: str) -> None:
    """Each tie is one an analyst would accept, whichever alert came first."""
    assert reason in (same_incident(one, other) or "")
    assert reason in (same_incident(other, one) or "")


@pytest.mark.parametrize(
    "one, other",
    [
        (alert(user__name="ann"), alert(user__name="ann")),
        (alert(**HOST, user__name="ann"), alert(**HOST, user__name="ann")),
        (alert(**HOST, logon__id="0x3e7"), alert(**HOST, logon__id="0x3e7")),
        (alert(**HOST, logon__id="0x3e4"), alert(**HOST, logon__id="0x3E4")),
        (alert(**HOST, logon__id="0x3e5"), alert(**HOST, logon__id="0x3e5")),
        (alert(host__name="a", logon__id="0xabc"), alert(host__name="b", logon__id="0xabc")),
        (CHILD, alert(host__name="ws-2", process__entity_id="{A-1}")),
        (alert(source__ip="203.0.113.1"), alert(31, source__ip="203.0.113.1")),
        (alert(source__ip="127.0.0.1"), alert(source__ip="127.0.0.1")),
        (alert(source__ip="-"), alert(source__ip="-")),
        (
            alert(**HOST, process__entity_id="{00000000-0000-0000-0000-000000000000}"),
            alert(**HOST, process__entity_id="{00000000-0000-0000-0000-000000000000}"),
        ),
        (
            alert(**HOST, process__parent__entity_id="{B}", process__parent__executable="C:\\Windows\\explorer.exe"),
            alert(**HOST, process__parent__entity_id="{B}", process__parent__executable="C:\\Windows\\explorer.exe"),
        ),
        (alert(source__ip="203.0.113.1"), alert(source__ip="203.0.113.1", world="lab")),
    ],
)
def test_ties_that_do_not(one: Alert, other: Alert) -> None:
    """A user's name, a shared service session or a placeholder would glue unrelated alerts into one case."""
    assert same_incident(one, other) is None
