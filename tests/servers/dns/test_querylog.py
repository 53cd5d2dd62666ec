"""Unbound's log as a file: what it holds counts once, and what it does not speak for is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.dns.querylog import UnboundLog
from servers.dns.server import build
from servers.dns.settings import DnsSettings
from tests.servers.acting import analyst, part

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def line(minute: int, text: str) -> str:
    """A line so many minutes after noon."""
    return f"[{int(NOON.timestamp()) + 60 * minute}] unbound[7:0] {text}\n"


def log(path: Path, *lines: str) -> UnboundLog:
    """The log at ten in the evening."""
    path.write_text("".join(lines))
    return UnboundLog(path, lambda: NOON + timedelta(hours=10), timedelta(minutes=60))


def at(minute: int) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minute)


ASKED, REPLIED = "info: 10.0.0.9 a.test. A IN", "info: 10.0.0.9 a.test. A IN NOERROR 0.001 0 44"


def test_question_without_a_reply_counts_beside_those_with_one(tmp_path: Path) -> None:
    """Replies switched off at noon, or a window that ends between the two: the question was asked."""
    found = log(
        tmp_path / "log", line(0, ASKED), line(0, REPLIED), line(5, ASKED), line(5, ASKED.replace("a.", "b."))
    ).queries(at(0), at(9))

    assert [(query.name, query.failed) for query in found] == [("a.test", False), ("a.test", False), ("b.test", False)]


@pytest.mark.parametrize(("start", "end", "blind"), [(0, 9, False), (20, 40, True), (60, 150, True), (210, 230, True)])
def test_silent_log_does_not_speak_for_a_window(tmp_path: Path, start: int, end: int, blind: bool) -> None:
    """Whether it fell silent before the window, within it, or for good."""
    rows = [line(minute, ASKED) for minute in (0, 10, 200)]
    problem = log(tmp_path / "log", *rows).blind(at(start), at(end))

    assert (problem is not None) is blind


async def test_log_older_than_what_is_asked_about_finds_nothing_but_says_so(tmp_path: Path) -> None:
    """A resolver that no longer logs must not clear a domain."""
    (tmp_path / "log").write_text(line(0, ASKED))
    server = analyst(build, DnsSettings(backend="unbound", log=tmp_path / "log"), tmp_path)
    now = datetime.now(UTC)
    window = {"start": (now - timedelta(minutes=20)).isoformat(), "end": now.isoformat()}
    answers = [await server.asks(tool, **window) for tool in ("query_log", "summarise_queries")]

    assert [answer["status"] for answer in answers] == ["stale", "stale"]
    assert "silent since" in str(answers[0]["error"])


@pytest.mark.parametrize(
    ("logged", "client"),
    [
        ("10.0.0.9", "::ffff:10.0.0.9"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("2001:db8::9", "2001:DB8:0:0::9"),
        ("2001:DB8:0::9", "2001:db8::9"),
    ],
)
async def test_client_is_one_however_its_address_is_written(tmp_path: Path, logged: str, client: str) -> None:
    """A machine that asked for a bad name would be a clean one under another spelling."""
    now = datetime.now(UTC)
    text = f"unbound[7:0] {ASKED.replace('10.0.0.9', logged)}\n"
    (tmp_path / "log").write_text("".join(f"[{int(now.timestamp()) - 60 * ago}] {text}" for ago in (30, 10)))
    server = analyst(build, DnsSettings(backend="unbound", log=tmp_path / "log"), tmp_path)
    window = {"start": (now - timedelta(minutes=20)).isoformat(), "end": now.isoformat()}
    found = await server.asks("query_log", client=client, **window)
    counted = await server.asks("summarise_queries", client=client, **window)

    assert (found["total"], part(counted, "data", "queries")) == (1, 1)
