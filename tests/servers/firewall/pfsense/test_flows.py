"""Searching the filter log of a box: one answer whichever end is read first, and no silence taken for calm."""

from datetime import UTC, datetime, timedelta

import pytest

from servers.errors import ToolError
from servers.firewall.backend import FirewallBackend, FlowQuery
from tests.servers.firewall.pfsense.conftest import Site

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(hours=2)


def line(second: int, source: str = "203.0.113.5", action: str = "block", length: int = 60) -> str:
    """A packet logged so many seconds after the start."""
    at = (START + timedelta(seconds=second)).isoformat()
    fields = (
        f"{action},in,4,0x0,,64,{second},0,DF,6,tcp,{length},{source},10.0.0.9,4{second % 10_000:04},443,0,S,1,,1,,"
    )
    return f"<134>1 {at} fw filterlog 1 - - 4,,,1000000103,em0,match,{fields}"


def flows(site: Site, **changed: object) -> FirewallBackend:
    """The backend, two hours after the start."""
    return site.backend(lambda: NOW, **changed)


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_order_in_which_a_version_reads_its_log_does_not_matter(site: Site, newest_first: bool) -> None:
    """Older packages keep the oldest rows of a limit, newer ones the newest."""
    site.world.newest_first = newest_first
    site.world.log = [line(second, f"203.0.113.{second % 3}") for second in range(2_500)]
    log = flows(site).flows
    assert log is not None

    found = log.search(FlowQuery(START, NOW, "203.0.113.1", None, 20, None))
    rest = log.search(FlowQuery(START, NOW, "203.0.113.1", None, 20, found.after[-1]))

    assert (found.total, len(found.data.flows), found.more, found.stale) == (833, 20, True, None)
    times = [event.root["@timestamp"] for event in (*found.data.flows, *rest.data.flows)]
    assert times == sorted(times)
    assert len({event.root["event.id"] for event in (*found.data.flows, *rest.data.flows)}) == 40


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_window_the_log_was_not_read_for_is_not_called_empty(site: Site, newest_first: bool) -> None:
    """Too many rows to read all: absence in the part that was not read proves nothing."""
    site.world.newest_first = newest_first
    site.world.log = [line(second) for second in range(3_000)]
    log = flows(site, log_rows=1_500).flows
    assert log is not None

    whole = log.search(FlowQuery(START, NOW, "198.51.100.99", None, 20, None))
    recent = log.search(FlowQuery(START + timedelta(seconds=2_000), NOW, "203.0.113.5", None, 20, None))

    assert whole.stale is not None
    assert (recent.stale is None, recent.total) == ((True, 1_000) if newest_first else (False, 0))


def test_an_empty_log_is_not_an_answer(site: Site) -> None:
    """A box whose rules do not log has seen nothing."""
    log = flows(site).flows
    assert log is not None
    assert log.search(FlowQuery(START, NOW, "203.0.113.5", None, 20, None)).stale is not None
    with pytest.raises(ToolError):
        log.search(FlowQuery(START, NOW, "not-an-address", None, 20, None))
    with pytest.raises(ToolError):
        log.search(FlowQuery(START, NOW, None, None, 20, None))


def test_peers_are_counted_from_the_packets(site: Site) -> None:
    """Bytes, times and how many were blocked, per peer and port."""
    site.world.log = [line(-10), line(0), line(60, action="pass", length=40), line(120), line(5, "192.0.2.1")]
    log = flows(site).flows
    assert log is not None

    peers = log.summarise("10.0.0.9", START, NOW, 20, None).data.peers

    assert [(each.address, each.port, each.flows, each.bytes_in, each.blocked) for each in peers] == [
        ("203.0.113.5", 443, 3, 160, 2),
        ("192.0.2.1", 443, 1, 60, 1),
    ]
    assert peers[0].median_interval_s == 60
