"""The suite `chat` over one small lab: names, truths, and conversations held with the product itself."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from agent.cases import CaseStore
from evals.errors import DataBrokenError, EvalError
from evals.report import markdown
from evals.runner import Request, run_suite
from evals.suites.chat import opened, run_chat
from evals.suites.chat_cast import Cast
from evals.suites.chat_expected import Expected
from evals.suites.chat_lab import LabFile
from evals.suites.chat_tables import Argument, Asked, Conversation, Meanwhile, Turn, World
from evals.suites.chat_truth import TRUTHS, Books
from servers.lab.queries.coverage import coverage
from servers.lab.queries.events import count_events
from servers.lab.world import Lab
from tests.labs import lab_at
from ui.evaluating import lab_desk

WORLD = World(
    seed=1,
    stories={
        "spray": "password_spray/attack",
        "share": "admin_share/benign_twin",
        "phish": "phishing_macro/sensor_blind",
    },
)
MIDNIGHT = "2026-03-09T00:00"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A small lab on disk."""
    path = lab_at(tmp_path_factory.mktemp("chat") / "lab.db", WORLD.seed, WORLD.wanted())
    with closing(Lab.open(path)) as built:
        yield built


@pytest.fixture(scope="module")
def books(lab: Lab) -> Iterator[Books]:
    """The books of that lab; no alert has become a case yet."""
    store = CaseStore(f"sqlite:///{lab.path.with_name('cases.db')}")
    with closing(LabFile(lab.path)) as file:
        told = {f"{story.family}/{story.kind}": story for story in file.stories()}
        cast = Cast(file, {name: told[story] for name, story in WORLD.stories.items()})
        yield Books(file, store, "lab", cast)
    store.dispose()


def truth(books: Books, name: str, **of: Argument) -> Expected:
    """A truth with its slots filled, as a question asks for it."""
    return TRUTHS[name](books, **{key: books.cast.argument(value) for key, value in of.items()})


def test_slots_name_the_things_of_a_story(books: Books) -> None:
    """As its alert has them."""
    alert = books.cast.stories["phish"].alert
    assert books.cast.fill("who owns {phish.host}?") == f"who owns {alert['host.name']}?"
    assert books.cast.fill("{phish.host|tail}") == alert["host.name"].removeprefix("ws-")
    assert "[.]" in books.cast.fill("{spray.source|defang}")


def test_ordinary_things_play_in_no_story(books: Books) -> None:
    """Else a question about a quiet desk would be one about an attack."""
    played = {story.alert.get("host.name") for story in books.cast.stories.values()}
    desks = {books.cast.fill(f"{{desk:{number}}}") for number in range(40)}
    assert len(desks) == 40
    assert not desks & played


@pytest.mark.parametrize(
    "slot", ["{nobody.host}", "{phish.colour}", "{phish.host|rot13}", "{desk:100000}", "{planet:1}", "{phish}"]
)
def test_a_slot_that_names_nothing_is_broken(books: Books, slot: str) -> None:
    """A typing error in a table must not become a question."""
    with pytest.raises(DataBrokenError):
        books.cast.fill(slot)


@pytest.mark.parametrize(
    "where",
    [
        {"host.name": "{phish.host}"},
        {"source.ip": "{spray.source}", "event.outcome": "failure"},
        {"event.source": "edr", "process.executable": "*powershell.exe"},
        {"dns.question.registered_domain": "{known_domain:1}"},
    ],
)
def test_events_are_counted_as_the_lab_counts_them(lab: Lab, books: Books, where: dict[str, str]) -> None:
    """Two readings of one file, written apart, agree."""
    filters = {field: books.cast.fill(value) for field, value in where.items()}
    start = datetime(2026, 3, 9, tzinfo=UTC)
    counted = count_events(lab.db, by=["event.source"], filters=filters, start=start, end=lab.now())
    assert counted.events > 0
    assert str(truth(books, "events", where=where, since=MIDNIGHT, until="now")) == f"fact; {counted.events}"


def test_a_gap_is_the_one_the_lab_knows(lab: Lab, books: Books) -> None:
    """The desk of the macro has been without its agent for hours."""
    host, now = books.cast.fill("{phish.host}"), lab.now()
    known = coverage(lab.db, sensor="edr", host=host, start=now, end=now)
    assert known is not None
    assert known.silent_since is not None
    since = known.silent_since.isoformat(timespec="seconds").replace("+00:00", "Z")
    expected = truth(books, "sensor", sensor="edr", host=host)
    assert expected.demands == ("fact", "blind")
    assert [str(value) for value in expected.values][1] == since


def test_silence_is_only_honest_where_somebody_looked(books: Books) -> None:
    """A blind agent, a machine without one, and a quiet address that the firewall would have seen."""
    process: dict[str, str] = {"event.category": "process"}
    of: dict[str, Argument] = {"sensor": "edr", "since": "now-3h", "until": "now"}
    assert truth(books, "events", where={"host.name": "{phish.host}", **process}, **of).demands == ("blind",)
    assert truth(books, "events", where={"host.name": "{gateway:0}", **process}, **of).demands == ("blind",)
    quiet = truth(books, "events", where={"source.ip": "{unseen:0}"}, sensor="firewall", since="now-7d", until="now")
    assert quiet.demands == ("nothing",)


def test_registers_say_who_owns_what(lab: Lab, books: Books) -> None:
    """Read from their tables; what is in none of them is unknown."""
    sql = "SELECT p.name FROM hosts h JOIN people p ON p.id = h.owner WHERE h.name = ?"
    (owner,) = lab.db.execute(sql, (books.cast.fill("{phish.host}"),)).fetchone()
    assert str(truth(books, "host", host="{phish.host}", show="owner")) == f"fact; {owner}"
    assert truth(books, "host", host="ws-999", show="owner").demands == ("unknown",)
    assert truth(books, "account", account="{share.user}", show="privileged").values[0].shown("a privileged account")
    assert truth(books, "work", names="{share.user}").demands == ("fact",)
    assert truth(books, "work", names="{phish.user}").demands == ("nothing",)
    assert str(truth(books, "feeds", indicator="{bad_hash:0}")).startswith("fact; malicious")
    assert truth(books, "registered", value="{bad_hash:0}").looked_with == ("intel_check_known",)


def test_what_stands_nowhere_in_the_lab_is_not_held(books: Books) -> None:
    """The ground on which an id is called invented."""
    held = ("{phish.host}", "{spray.source}", "{share.sha256}", "{spray.alert}", "{share.user}", "{known_domain:0}")
    assert all(books.lab.holds(books.cast.fill(slot)) for slot in held)
    assert not any(map(books.lab.holds, ("ws-999", "203.0.113.254", "ab" * 32)))


def conversation(*turns: Turn, about: str | None = None) -> Asked:
    """A conversation over the small lab."""
    return Asked("development-1", "development", Conversation(seed=1, about=about, turns=turns))


@pytest.mark.thorough
async def test_conversations_are_held_with_the_product_and_judged() -> None:
    """The whole way: lab, servers, analyst, chat, books, report."""
    told: list[str] = []
    asked = [
        conversation(
            Turn(ask="is the edr on {phish.host} reporting?", intent="sensor_fresh", truth="sensor",
                 of={"sensor": "edr", "host": "{phish.host}"}),
            Turn(ask="what is the meaning of life?", intent="capabilities", truth="scope"),
        ),
    ]  # fmt: skip
    report = await run_chat(lab_desk, progress=told.append, worlds=[WORLD], conversations=asked)

    assert (report.n, report.worlds, report.brain) == (2, 1, "playbook")
    assert "development-1.1" not in {miss.id for miss in report.misses}
    assert (report.overall.uncited, report.overall.invented) == (0, 0)
    assert report.splits["development"].n == report.overall.n == 2
    assert any("3 cases" in line for line in told)
    assert json.loads(report.model_dump_json())["suite"] == "chat"
    assert "| development | 2 |" in markdown(report)


@pytest.mark.thorough
async def test_cases_are_read_from_their_store_as_they_are_now() -> None:
    """The machine's verdicts, who is hit, what is alike, and what a colleague did ten minutes later."""
    async with opened(lab_desk, WORLD) as (talk, cast):
        books = talk.books
        assert str(truth(books, "cases")).count("C-") == 3
        assert str(truth(books, "case", case="{phish.case}", show="disposition")).startswith("fact; needs_human")
        assert str(truth(books, "missing", case="{phish.case}")) == "fact/blind; edr"
        assert str(truth(books, "affected", case="{spray.case}")) == cast.fill("fact; {spray.victim}")
        assert truth(books, "similar", case="{spray.case}").demands == ("nothing", "fact")
        assert truth(books, "contain", case="{share.case}").targets == ()
        assert truth(books, "contain", case="{spray.case}").targets == cast.stories["spray"].indicators
        assert str(truth(books, "cases_of", names="{phish.user}")) == cast.fill("fact; {phish.case}")
        taking = Meanwhile(act="take", case="{share.case}", by="lena")
        turn = Turn(ask="what changed?", intent="changes", truth="changed", of={"since": "now-5m"}, meanwhile=taking)
        (judged,) = [judged async for judged in talk.held(conversation(turn))]
        assert str(judged.expected) == cast.fill("fact; {share.case}")
        with pytest.raises(DataBrokenError, match="colour"):
            talk.expected(Turn(ask="?", intent="capabilities", truth="host", of={"colour": "blue"}))


async def test_the_suite_needs_the_product() -> None:
    """It talks with what people use, and cannot put that together itself."""
    with pytest.raises(EvalError, match="mcpsoc eval run --suite chat"):
        await run_suite("chat", Request())


async def test_no_model_is_used_that_nobody_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment is no wish to use it."""
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    monkeypatch.delenv("MCPSOC_BRAIN", raising=False)
    with pytest.raises(EvalError, match="MCPSOC_BRAIN=model"):
        await run_suite("chat-model", Request(open_desk=lab_desk))
