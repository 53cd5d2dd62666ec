"""Lines of the filter log: what they say, and what is made of lines that say nothing."""

from datetime import UTC, datetime
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.firewall.pfsense.filterlog import packet

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD = "Mar  1 10:00:00 fw filterlog[4711]: "
NEW = "<134>1 2026-03-01T11:00:00.123456+01:00 fw.example.org filterlog 4711 - - "
HEAD4 = "4,,,1000000103,em0,match,block,in,4,0x0,,64,4242,0,DF,"
HEAD6 = "5,,,1000000105,em0,match,pass,out,6,0x00,0x00000,255,"


def test_a_tcp_packet_over_ipv4() -> None:
    """The commonest line, with both heads."""
    fields = HEAD4 + "6,tcp,60,203.0.113.5,198.51.100.2,40000,22,0,S,1234,,64240,,mss;sackOK"
    old, new = (packet(head + fields, UTC, NOW) for head in (OLD, NEW))

    assert old is not None
    assert new is not None
    assert (old.at, new.at) == (
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC),
    )
    for each in (old, new):
        assert (each.source, each.source_port) == (ip_address("203.0.113.5"), 40_000)
        assert (each.destination, each.destination_port) == (ip_address("198.51.100.2"), 22)
        assert (each.action, each.direction, each.protocol, each.length) == ("block", "in", "tcp", 60)
        assert (each.rule, each.interface, each.flags) == ("1000000103", "em0", "S")


@pytest.mark.parametrize(
    ("fields", "protocol", "ports", "icmp"),
    [
        (HEAD4 + "17,udp,78,203.0.113.5,10.0.0.255,137,138,58", "udp", (137, 138), ""),
        (HEAD4 + "1,icmp,84,203.0.113.5,198.51.100.2,request,7,1", "icmp", (None, None), "request"),
        (HEAD4 + "2,igmp,32,10.0.0.1,224.0.0.1,datalength=8", "igmp", (None, None), ""),
        (HEAD6 + "UDP,17,145,fe80::1,ff02::1:2,546,547,145", "udp", (546, 547), ""),
        (HEAD6 + "TCP,6,40,2001:db8::5,2001:db8:1::2,5000,443,0,A,1,2,300,,", "tcp", (5000, 443), ""),
        (HEAD6 + "ICMPv6,58,32,fe80::1,ff02::1,", "icmpv6", (None, None), ""),
    ],
)
def test_fields_depend_on_version_and_protocol(
    fields: str, protocol: str, ports: tuple[int | None, int | None], icmp: str
) -> None:
    """A field read from the wrong place makes a port of a length."""
    found = packet(OLD + fields, UTC, NOW)

    assert found is not None
    assert (found.protocol, (found.source_port, found.destination_port), found.icmp) == (protocol, ports, icmp)


def test_the_old_head_is_read_in_the_zone_of_the_box_and_the_latest_year() -> None:
    """A line of December read in January is of last year."""
    line = "Dec 31 23:30:00 fw filterlog[1]: " + HEAD4 + "17,udp,78,203.0.113.5,10.0.0.9,1,2,58"
    found = packet(line, ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, 6, tzinfo=UTC))

    assert found is not None
    assert found.at == datetime(2025, 12, 31, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Mar  1 10:00:00 fw sshd[1]: Accepted password for root",
        OLD + "4,,,1000000103,em0,match,block,in,5,0x0",
        OLD + HEAD4 + "6,tcp,60,203.0.113.5",
        OLD + HEAD4 + "6,tcp,60,not-an-address,198.51.100.2,1,2,0",
        OLD + HEAD4 + "6,tcp,60,203.0.113.5,198.51.100.2,99999,22,0",
        "Mar 99 10:00:00 fw filterlog[1]: " + HEAD4 + "17,udp,78,203.0.113.5,10.0.0.9,1,2,58",
        OLD + "x" * 5_000,
    ],
)
def test_lines_that_are_no_record_are_none(line: str) -> None:
    """The log is written over the network too: a strange line is left out, it breaks nothing."""
    assert packet(line, UTC, NOW) is None


@given(st.text(max_size=300))
def test_no_line_breaks_the_parser(text: str) -> None:
    """Whatever stands after a good head."""
    packet(OLD + text, UTC, NOW)
    packet(NEW + text, UTC, NOW)
    packet(OLD + HEAD4 + text, UTC, NOW)
