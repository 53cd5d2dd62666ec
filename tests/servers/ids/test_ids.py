"""The ids server over the lab."""

import json
from pathlib import Path

import pytest

from servers.ids.server import build
from servers.ids.settings import IdsSettings
from tests.servers.acting import Analyst, analyst, part
from tests.servers.lab.tables import value

WEEK = {"start": "2026-03-02T00:00:00Z", "end": "2026-03-09T14:00:00Z"}


@pytest.fixture
def ids(whole_lab: Path, tmp_path: Path) -> Analyst:
    """A configured product does not reach into the lab's own world."""
    return analyst(build, IdsSettings(backend="suricata"), tmp_path, whole_lab)


async def test_summary_adds_up_to_the_alerts(ids: Analyst, whole_lab: Path) -> None:
    """Every way of counting gives the same number, that of the sensor's events."""
    stored = int(value(whole_lab, "SELECT count(*) FROM events WHERE source = 'ids'"))
    searched = await ids.asks("search_alerts", limit=1, **WEEK)
    counted = [await ids.asks("summarise_alerts", by=by, limit=200, **WEEK) for by in ("rule", "source", "destination")]
    sums = [
        sum(group["alerts"] for group in json.loads(json.dumps(part(each, "data", "groups")))) for each in counted[:1]
    ]

    assert searched["total"] == stored
    assert [part(each, "data", "alerts") for each in counted] == [stored] * 3
    assert sums == [stored]


async def test_alert_leads_to_its_flow_and_its_host(ids: Analyst, whole_lab: Path) -> None:
    """An analyst goes from the alert to what passed between the two, and to what else the host did."""
    sql = "SELECT dst_ip FROM events WHERE source = 'ids' GROUP BY dst_ip ORDER BY count(*) DESC LIMIT 1"
    address = value(whole_lab, sql)
    alerts = await ids.asks("search_alerts", address=address, **WEEK)
    flow = await ids.asks("get_flow", flow_id=part(alerts, "data", "alerts", 0, "flow.id"))
    activity = await ids.asks("host_activity", ip=address, limit=200, **WEEK)

    assert part(flow, "data", "alerts") == 1 or int(str(part(flow, "data", "alerts"))) > 1
    assert part(activity, "data", "alerts") == alerts["total"]
    assert part(activity, "data", "activity", 0, "kind") == "alert"


async def test_unknown_flow_is_no_data(ids: Analyst) -> None:
    """Looked for properly and not there."""
    assert (await ids.asks("get_flow", flow_id="none"))["status"] == "no_data"


async def test_lab_offers_no_engine_and_no_change(ids: Analyst) -> None:
    """A tool a backend cannot serve is not there."""
    assert not [tool for tool in ids.server.published if tool.changes]
    assert "ids_analyse_pcap" not in ids.server.tools
