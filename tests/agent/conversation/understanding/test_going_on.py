"""Questions that lean on the ones before: what they keep, what they change, and what they never take along."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.agent.conversation.conftest import Talk

Talking = Callable[[], AbstractAsyncContextManager[Talk]]
SOURCE = "198.18.22.31"


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("any successful ones?", {"event.category": "authentication", "event.outcome": "success"}),
        ("when was the first one?", {"event.category": "authentication", "event.outcome": "failure"}),
        ("how many in total", {"event.category": "authentication", "event.outcome": "failure"}),
        ("第一次是什么时候", {"event.category": "authentication", "event.outcome": "failure"}),
        ("from which countries?", {"event.category": "authentication", "event.outcome": "failure"}),
        ("那成功的呢？", {"event.category": "authentication", "event.outcome": "success"}),
    ],
)
async def test_a_follow_up_keeps_the_search_and_changes_only_what_it_names(
    talking: Talking, question: str, filters: dict[str, str]
) -> None:
    """`Any successful ones?` is of the same source on the same day, whatever else was said before."""
    async with talking() as talk:
        first = (await talk.ask(f"how many failed logins from {SOURCE} today?")).understood
        then = await talk.read(question)
    assert then.intent == "find_events"
    assert [item.value for item in then.entities if item.said] == [SOURCE]
    assert (then.filters, then.window) == (filters, first.window)


async def test_another_host_takes_the_place_of_the_last_one(talking: Talking) -> None:
    """`Same for ws-101` asks the same of one other host, not of both."""
    async with talking() as talk:
        await talk.ask("find events where process.executable = *powershell.exe on ws-137 yesterday")
        then = await talk.read("same for ws-101")
    assert (then.intent, then.filters) == ("find_events", {"process.executable": "*powershell.exe"})
    assert [item.value for item in then.entities if item.said] == ["ws-101"]
    assert then.window is not None
    assert then.window.start.day == 8


async def test_a_sensor_of_an_earlier_question_never_narrows_a_search(talking: Talking) -> None:
    """Nothing found would be told of the wrong log source, and believed."""
    async with talking() as talk:
        await talk.ask("are the firewall logs up to date?")
        await talk.ask("what do we know about ws-137")
        told = await talk.ask("find events where process.executable = *psexec* last 24h")
    searched = [item.arguments["filters"] for item in told.evidence.values() if item.tool == "siem_count_events"]
    assert searched == [{"process.executable": "*psexec*"}]
    assert [item for item in told.understood.entities if item.said] == []


async def test_it_is_the_thing_that_fits_what_is_asked(talking: Talking) -> None:
    """A sensor is on a host, who looks a name up is a host, and `he` is an account."""
    async with talking() as talk:
        await talk.ask("who owns ws-137?")
        for question, kind, intent in (
            ("is the edr on it still reporting?", "host", "sensor_fresh"),
            ("did it look up sage-api.example today?", "host", "find_events"),
            ("它的重要性等级是什么", "host", "entity_profile"),
        ):
            understood = await talk.read(question)
            assert understood.intent == intent, question
            assert (kind, "ws-137") in [(item.type, item.value) for item in understood.entities if item.said], question


async def test_what_is_asked_for_decides_between_a_case_and_a_host(talking: Talking) -> None:
    """Severity is a case's, criticality a host's; techniques of a case are not those it affects."""
    async with talking() as talk:
        for question, intent in (
            ("how critical is WS-137", "entity_profile"),
            ("what is the severity of C-6", "case_summary"),
            ("C-6 涉及哪些 ATT&CK 技术？", "case_summary"),
            ("which changes are approved for ws-137 today", "authorised_work"),
            ("sage-api.example 是我们登记过的域名吗？", "entity_profile"),
            ("过去3小时 ws-137 有哪些 ids 告警？", "find_events"),
            ("since when do we see 198.18.22.31", "find_events"),
            ("list members of domain-admins", "group_members"),
            ("what os does ws-137 run", "entity_profile"),
            ("which account ran vssadmin on app-10", "find_events"),
            ("show me proxy logs for ws-137 last hour", "find_events"),
            ("is antivirus ok on ws-137", "sensor_fresh"),
        ):
            assert (await talk.read(question)).intent == intent, question
        await talk.ask("what happened in C-6?")
        follow_up = await talk.read("严重程度和优先级呢？")
    assert (follow_up.intent, follow_up.asked) == ("case_summary", {"case": ("severity", "priority")})


async def test_a_question_nobody_understands_offers_what_could_be_asked_of_the_thing(talking: Talking) -> None:
    """`I do not know` is a dead end when it is plain what the thread is about."""
    async with talking() as talk:
        await talk.ask("what happened in C-6?")
        understood = await talk.read("hmm, and the thingy?")
        assert (understood.intent, understood.guessed) == (None, True)
        for reading in understood.readings:
            assert (await talk.read(reading.question)).intent is not None


async def test_letters_in_another_order_mean_the_one_account_that_has_them(talking: Talking) -> None:
    """Names are typed in a hurry; several that would fit are not guessed at."""
    async with talking() as talk:
        understood = await talk.read("which department is j.aslran in")
    assert [item.value for item in understood.entities if item.said] == ["j.arslan"]
