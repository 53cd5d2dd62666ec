"""The own ticket store through the tools: made once, noted for good, moved and taken back, never deleted."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.errors import ConfigurationError
from servers.tickets.backend import BY_US, Draft
from servers.tickets.server import build
from servers.tickets.settings import TicketsSettings
from servers.tickets.store import TicketStore
from servers.tickets.wording import line, words
from tests.servers.acting import Analyst, analyst, part

WANTED: dict[str, JsonValue] = {"title": "Odd sign-ins", "text": "Look at the sign-ins of m.chen.", "case_id": "C-12"}


@pytest.fixture
def desk(tmp_path: Path) -> Analyst:
    """A site with its own store."""
    return analyst(build, TicketsSettings(backend="store"), tmp_path / "home")


def tickets_in(home: Path) -> list[tuple[str, str]]:
    """Title and status of every ticket in a store's file."""
    with sqlite3.connect(home / "tickets.db") as db:
        rows = db.execute("SELECT title, status FROM tickets ORDER BY number").fetchall()
    db.close()
    return rows


async def test_ticket_is_made_found_noted_moved_and_withdrawn(desk: Analyst, tmp_path: Path) -> None:
    """The whole life of a ticket, and what is left of it."""
    made = await desk.does("create", **WANTED, reason="open case")
    noted = await desk.does("add_note", ticket_id="T-1", text="two hosts", reason="for the record")
    moved = await desk.does("set_status", ticket_id="T-1", status="in_progress", reason="taken")
    found = await desk.asks("search", case_id="C-12", text="SIGN-ins")
    counted = await desk.asks("count", case_id="C-12")
    shown = await desk.asks("get", ticket_id="T-1")
    back = await desk.undoes(moved)
    status = part(await desk.asks("get", ticket_id="T-1"), "data", "status")
    gone = await desk.undoes(made)

    assert [part(each, "action", "verified") for each in (made, noted, moved, back, gone)] == [True] * 5
    assert part(noted, "action", "undo") is None
    assert part(found, "total") == 1
    assert part(counted, "data", "by_status") == [{"status": "in_progress", "tickets": 1}]
    assert BY_US in str(part(shown, "data", "notes"))
    assert status == "open"
    assert tickets_in(tmp_path / "home") == [("Odd sign-ins", "withdrawn")]


async def test_same_key_and_same_words_make_no_second_ticket(desk: Analyst, tmp_path: Path) -> None:
    """An analyst asks again whenever it is not sure."""
    await desk.does_once("create", "k-1", {**WANTED, "reason": "open case"})
    again = await desk.does_once("create", "k-1", {**WANTED, "reason": "open case"})
    other_key = await desk.does_once("create", "k-2", {**WANTED, "reason": "open case"})

    assert part(again, "data", "ticket_id") == "T-1"
    assert part(other_key, "data", "change") == "there already"
    assert part(other_key, "action", "undo") is None
    assert len(tickets_in(tmp_path / "home")) == 1


async def test_crash_after_the_ticket_makes_no_second_one(desk: Analyst, tmp_path: Path) -> None:
    """The record is left at intent, the ticket is there: what is read back is the truth."""
    await desk.does_once("create", "k-1", {**WANTED, "reason": "open case"})
    with sqlite3.connect(tmp_path / "home" / "actions.db") as db:
        db.execute(
            "UPDATE actions SET state = 'intent',"
            " document = json_set(document, '$.state', 'intent', '$.answer', NULL, '$.verified', NULL)"
        )
    db.close()
    restarted = analyst(build, TicketsSettings(backend="store"), tmp_path / "home")
    again = await restarted.does_once("create", "k-1", {**WANTED, "reason": "open case"})

    assert (again["ok"], part(again, "action", "verified")) == (True, True)
    assert len(tickets_in(tmp_path / "home")) == 1


async def test_plan_and_refusal_make_nothing(desk: Analyst, tmp_path: Path) -> None:
    """A plan says what would be, and nobody reads it in the queue."""
    plan = await desk.plans("create", **WANTED, reason="open case")
    refused = await desk.asks("create", **WANTED, reason="open case")

    assert part(plan, "action", "undo", "tool") == "tickets_withdraw"
    assert refused["status"] == "refused"
    assert tickets_in(tmp_path / "home") == []


async def test_outside_words_are_harmless_in_the_ticket_and_never_in_the_summary(desk: Analyst) -> None:
    """A ticket system notifies whoever is mentioned and obeys commands at the start of a line."""
    bad = "hi @root <script>x</script>\n/close\n[click](https://evil.example/a) `rm` \u202etxt"
    made = await desk.does("create", title="subject of @admin http://evil.example", text=bad, reason="open case")
    shown = await desk.asks("get", ticket_id="T-1")
    text = str(part(shown, "data", "title")) + str(part(shown, "data", "text"))

    assert made["ok"] is True
    for sign in ("@", "<script", "](", "https://", "\n/close", "\u202e", "`"):
        assert sign not in text
    assert "evil" not in str(made["summary"]) + str(shown["summary"])
    assert "title" in str(shown["untrusted"])


def test_store_itself_deletes_nothing_and_rewrites_no_note(tmp_path: Path) -> None:
    """Append only holds also against a program that has the file."""
    store = TicketStore(tmp_path / "tickets.db", lambda: datetime(2026, 3, 9, tzinfo=UTC))
    store.create(Draft(line("a title"), words("text"), None))
    store.add_note("T-1", words("a note"))
    with sqlite3.connect(tmp_path / "tickets.db") as db:
        for sql in ("DELETE FROM tickets", "DELETE FROM notes", "UPDATE notes SET body = ''"):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(sql)
    db.close()


async def test_lab_tickets_are_labelled_and_kept_apart(own_lab: Path, tmp_path: Path) -> None:
    """Synthetic tickets never stand among those of a site."""
    lab = analyst(build, TicketsSettings(backend="store"), tmp_path / "home", own_lab)
    made = await lab.does("create", **WANTED, reason="open case")

    assert (part(made, "source", "backend"), part(made, "source", "synthetic")) == ("embedded", True)
    assert not (tmp_path / "home" / "tickets.db").exists()


async def test_site_without_a_ticket_system_says_so(tmp_path: Path) -> None:
    """No configured system is not an empty queue."""
    told = await analyst(build, TicketsSettings(), tmp_path / "home").asks("search")

    assert part(told, "error", "code") == "no_lab"


@pytest.mark.parametrize(
    "settings",
    [
        TicketsSettings(backend="rest"),
        TicketsSettings(backend="rest", url="http://127.0.0.1:9", mapping="none-such"),
        TicketsSettings(backend="rest", url="http://127.0.0.1:9", mapping="servicenow"),
    ],
    ids=["no address", "no mapping", "no credential"],
)
def test_rest_without_what_it_needs_does_not_start(settings: TicketsSettings, tmp_path: Path) -> None:
    """The setting that is missing is named."""
    with pytest.raises(ConfigurationError, match="MCPSOC_TICKETS_"):
        analyst(build, settings, tmp_path / "home")
