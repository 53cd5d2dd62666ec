"""REST ticket systems: our client against receivers that answer in the vendors' published shapes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from servers.tickets.server import build
from servers.tickets.settings import TicketsSettings
from tests.servers.acting import Analyst, analyst, part
from tests.servers.tickets.desk import Desk, desk
from tests.servers.tickets.desks import request_tracker, servicenow

TOKEN = "canary-ticket-token"
WANTED: dict[str, JsonValue] = {"title": "Odd sign-ins", "text": "Look at m.chen.", "case_id": "C-1"}


def settings_of(url: str, product: str) -> TicketsSettings:
    """Settings of one of the shipped mappings."""
    path = f"{url}/REST/2.0" if product == "request-tracker" else url
    token = SecretStr(TOKEN)
    return TicketsSettings(backend="rest", url=path, mapping=product, project="SOC", user="mcpsoc", token=token)


@pytest.fixture(params=["request-tracker", "servicenow"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, Analyst]]:
    """A receiver and a server in front of it."""
    with desk(request_tracker if request.param == "request-tracker" else servicenow) as running:
        yield running, analyst(build, settings_of(running.url, request.param), tmp_path / "home")


async def test_ticket_lives_at_the_system_and_is_never_deleted(pair: tuple[Desk, Analyst]) -> None:
    """Made, found by case, noted, moved, moved back, withdrawn; no other method is used."""
    running, server = pair
    made = await server.does("create", **WANTED, reason="open case")
    number = str(part(made, "data", "ticket_id"))
    noted = await server.does("add_note", ticket_id=number, text="two hosts @all", reason="for the record")
    moved = await server.does("set_status", ticket_id=number, status="in_progress", reason="taken")
    found = await server.asks("search", case_id="C-1", status="in_progress")
    other = await server.asks("search", case_id="C-12")
    counted = await server.asks("count")
    back = await server.undoes(moved)
    gone = await server.undoes(made)

    assert [part(each, "action", "verified") for each in (made, moved, back, gone)] == [True] * 4
    assert part(noted, "action", "verified") == "unknown"
    assert "@" not in running.notes[0][1]
    assert "written by MCPSOC" in running.notes[0][1]
    assert (part(found, "total"), part(other, "total"), part(counted, "data", "total")) == (1, 0, 1)
    assert part(await server.asks("get", ticket_id=number), "data", "status") == "withdrawn"
    assert len(running.tickets) == 1
    assert "DELETE" not in running.methods
    assert len(running.credentials) == 1
    assert TOKEN not in str([made, found, counted])


async def test_lost_answer_is_unknown_or_read_back_and_makes_no_second_ticket(pair: tuple[Desk, Analyst]) -> None:
    """The system has acted, and nobody heard it."""
    running, server = pair
    running.lose_answer = True
    lost = await server.does_once("create", "k-1", {**WANTED, "reason": "open case"})
    again = await server.does_once("create", "k-1", {**WANTED, "reason": "open case"})
    other_key = await server.does_once("create", "k-2", {**WANTED, "reason": "open case"})

    assert part(lost, "action", "verified") is True
    assert part(again, "action", "action_id") == part(lost, "action", "action_id")
    assert part(other_key, "data", "change") == "there already"
    assert len(running.tickets) == 1


async def test_pages_meet_whatever_the_limit(pair: tuple[Desk, Analyst]) -> None:
    """A page may be cut where it got too long, and the next one starts there."""
    running, server = pair
    for number in range(7):
        await server.does("create", title=f"ticket {number}", text="x", reason="open case")
    first = await server.asks("search", limit=3)
    assert isinstance(first["next_cursor"], str)
    second = await server.asks("search", limit=4, cursor=first["next_cursor"])
    pages = [part(first, "data", "tickets"), part(second, "data", "tickets")]
    titles = [row["title"] for page in pages if isinstance(page, list) for row in page if isinstance(row, dict)]

    assert titles == [f"ticket {number}" for number in range(6, -1, -1)]
    assert part(first, "total") == 7
    assert len(running.tickets) == 7


@pytest.mark.parametrize("limit", [2, 3, 100])
async def test_every_ticket_is_reached_where_the_system_gives_fewer_than_asked(
    limit: int, pair: tuple[Desk, Analyst]
) -> None:
    """Whoever counts on by what was asked never sees the rest, and is told that there is more without a way to it."""
    running, server = pair
    for number in range(7):
        await server.does("create", title=f"ticket {number}", text="x", reason="open case")
    running.most = 3
    titles: list[JsonValue] = []
    cursor: JsonValue = None
    for _ in range(7):
        found = await server.asks("search", limit=limit, cursor=cursor)
        rows = part(found, "data", "tickets")
        titles += [row["title"] for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if (cursor := found["next_cursor"]) is None:
            break

    assert titles == [f"ticket {number}" for number in range(6, -1, -1)]


async def test_tickets_that_are_counted_and_not_listed_are_no_empty_queue(pair: tuple[Desk, Analyst]) -> None:
    """An account may be told how many there are and be shown none of them."""
    running, server = pair
    await server.does("create", title="Odd sign-ins", text="x", reason="open case")
    running.most = 0
    found = await server.asks("search")

    assert (found["status"], part(found, "error", "code")) == ("error", "bad_answer")


async def test_ticket_behind_many_that_quote_it_is_still_found(pair: tuple[Desk, Analyst]) -> None:
    """Answers to a ticket repeat its title; the one that was made is then not on the first page."""
    running, server = pair
    made = await server.does("create", title="Odd sign-ins", text="x", reason="open case")
    reference = part(made, "data", "reference")
    running.tickets += [dict(running.tickets[0]) for _ in range(60)]
    title = next(name for name, value in running.tickets[0].items() if str(reference) in value)
    for number, each in enumerate(running.tickets[1:], 1):
        each |= {name: f"{value}-{number}" for name, value in each.items() if value == part(made, "data", "ticket_id")}
        each[title] = f"Re: {each[title]} and more"
    again = await server.does("create", title="Odd sign-ins", text="x", reason="open case")

    assert part(again, "data", "change") == "there already"


async def test_words_of_a_search_are_no_query(pair: tuple[Desk, Analyst]) -> None:
    """Quotes, carets and percent signs never reach a query language."""
    running, server = pair
    told = [
        await server.asks("search", text=text) for text in ("x' OR Id > 0", "a^ORnumber!=1", "100%", "x\\' OR ''='")
    ]

    assert {part(each, "error", "code") for each in told} == {"invalid_argument"}
    assert running.queries == []


def forbidding(*_: object) -> tuple[int, JsonValue]:
    """A system that lets nobody in, and says too much."""
    return 403, {"message": f"{TOKEN} may not"}


async def test_refused_and_absent_systems_are_errors(tmp_path: Path) -> None:
    """A ticket system that does not answer is no empty queue."""
    with desk(forbidding) as running:
        server = analyst(build, settings_of(running.url, "servicenow"), tmp_path / "home")
        refused = await server.asks("search")
    down = await server.asks("count")

    assert (part(refused, "error", "code"), part(down, "error", "code")) == ("forbidden", "unreachable")
    assert TOKEN not in str(refused)


async def test_unknown_status_words_are_other(tmp_path: Path) -> None:
    """An operator's own lifecycle has words that nobody told us."""
    with desk(request_tracker) as running:
        server = analyst(build, settings_of(running.url, "request-tracker"), tmp_path / "home")
        running.tickets.append({"id": "1", "Queue": "SOC", "Subject": "of a person", "Status": "triaged", "Text": ""})
        counted = await server.asks("count")
        shown = await server.asks("get", ticket_id="1")
        plan = await server.plans("set_status", ticket_id="1", status="waiting", reason="vendor asked")

    assert part(counted, "data", "by_status") == [{"status": "other", "tickets": 1}]
    assert part(shown, "data", "status_word") == "triaged"
    assert part(plan, "action", "undo") is None


async def test_ticket_of_another_project_is_neither_read_nor_written(tmp_path: Path) -> None:
    """The account may see more than the queue this server is for."""
    with desk(request_tracker) as running:
        server = analyst(build, settings_of(running.url, "request-tracker"), tmp_path / "home")
        running.tickets.append({"id": "1", "Queue": "HR", "Subject": "a dismissal", "Status": "new", "Text": ""})
        before = list(running.methods)
        read = await server.asks("get", ticket_id="1")
        noted = await server.does("add_note", ticket_id="1", text="x", reason="wanted")
        moved = await server.does("set_status", ticket_id="1", status="resolved", reason="wanted")

    assert [each["status"] for each in (read, noted, moved)] == ["no_data"] * 3
    assert (running.tickets[0]["Status"], running.notes) == ("new", [])
    assert set(running.methods[len(before) :]) == {"GET"}
    assert "dismissal" not in str([read, noted, moved])
