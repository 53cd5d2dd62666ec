"""Spellings of one account, host, address or moment are one; those of two are two."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agent.evidence.entities import is_inside, moment_of, same_entity

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "first,second",
    [
        ("CORP\\Alice", "alice"),
        ("alice@corp.example.org", "ALICE"),
        ("CORP\\alice", "alice@corp.example.org"),
        ("ws-12", "WS-12.corp.example.org"),
        ("ws-12.corp.example.org.", "ws-12.corp.example.org"),
        ("2001:DB8::1", "2001:0db8:0:0:0:0:0:1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("ABCDEF0123", "abcdef0123"),
        ("Jos\u00e9", "Jose\u0301"),
    ],
)
def test_spellings_of_one_entity(first: str, second: str) -> None:
    """Sensors write the same thing differently; the order does not matter."""
    assert same_entity(first, second)
    assert same_entity(second, first)


@pytest.mark.parametrize(
    "first,second",
    [
        ("CORP\\alice", "EVIL\\alice"),
        ("alice@corp.example.org", "alice@evil.example.org"),
        ("alice", "alice2"),
        ("ws-1", "ws-12.corp.example.org"),
        ("ws-12.corp.example.org", "ws-12.evil.example.org"),
        ("10.0.0.1", "10.0.0.10"),
        ("10", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::2"),
        ("CORP\\", "@corp"),
        ("", ""),
        ("bac\u212aup", "backup"),
        ("а\u0434min", "admin"),
        ("c:\\x.exe", "x.exe.config"),
        (None, "x"),
        (5, 5),
    ],
)
def test_two_entities_stay_two(first: JsonValue, second: JsonValue) -> None:
    """Another domain, another number or a look-alike letter is somebody else."""
    assert not same_entity(first, second)
    assert not same_entity(second, first)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T12:00:00.000+0000",
        "2026-03-01T12:00:00.000000000Z",
        1772366400,
        1772366400.0,
        1772366400000,
        1772366400000000,
        1772366400000000000,
        "1772366400000",
    ],
)
def test_every_usual_time_is_understood(value: JsonValue) -> None:
    """ISO 8601 with any zone, and epoch numbers from seconds to nanoseconds."""
    assert moment_of(value) == NOON


@pytest.mark.parametrize("value", ["2026-03-01T12:00:00", "noon", "", True, None, [1], 1e40, "12"])
def test_what_names_no_moment_is_none(value: JsonValue) -> None:
    """A time without a zone could be any of many moments; guessing would prove an order that never was."""
    assert moment_of(value) is None


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.20.1.2", True),
        ("192.168.0.1", True),
        ("::ffff:172.16.0.9", True),
        ("fe80::1%eth0", True),
        ("198.18.0.1", False),
        ("172.32.0.1", False),
        ("2001:db8::1", False),
        ("ws-1", False),
    ],
)
def test_address_of_a_private_network_is_inside(address: str, *, inside: bool) -> None:
    """A feed that is asked about one can only answer that it knows nothing; one outside has to be asked about."""
    assert is_inside(address) is inside
