"""What was asked is said, first and not among everything else."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from agent.conversation.nodes import told_as
from tests.agent.conversation.conftest import Talk
from tests.agent.conversation.intents.test_answers import sound

Talking = Callable[[], AbstractAsyncContextManager[Talk]]


async def test_an_attribute_of_a_case_is_told_without_the_whole_story(talking: Talking) -> None:
    """Who asks for a severity reads one line."""
    async with talking() as talk:
        told = await talk.ask("severity and priority of C-6?")
        assert [item.text for item in told.sentences[:2]] == [
            "The severity of C-6 is critical.",
            "The priority of C-6 is P1.",
        ]
        assert len(told.sentences) <= 4
        sound(told)
        for question in ("who is working on C-6", "techniques of C-6", "when was C-6 opened", "notes on C-6"):
            sound(await talk.ask(question))


async def test_evidence_of_a_case_is_named_with_its_case(talking: Talking) -> None:
    """`E5` is evidence of the thread; of the case it is `C-6/E5`, and asking for that opens it."""
    async with talking() as talk:
        told = await talk.ask("show me the evidence of C-6")
        assert "(C-6/E" in told.text
        assert "(E" not in told.text
        sound(await talk.ask("show me C-6/E3."))


async def test_a_sensor_at_a_host_is_judged_at_that_host(talking: Talking) -> None:
    """The agent is down at app-10 while the source as a whole reports."""
    async with talking() as talk:
        told = await talk.ask("is the edr on app-10 still reporting?")
        assert told.sentences[0].text.startswith("edr did not look at app-10 all that time (")
        assert "edr is reporting" not in told.text
        sound(told)


async def test_no_closed_case_is_told_as_nothing_found(talking: Talking) -> None:
    """Open cases are no answer to a question for closed ones."""
    async with talking() as talk:
        for question in ("有没有已经关闭的案件？", "any closed cases?"):
            told = await talk.ask(question)
            assert told.kinds() == {"nothing_found"}, question
        assert (await talk.ask("有没有没关闭的案件")).kinds() == {"fact"}


async def test_the_queue_is_counted_and_asked_on(talking: Talking) -> None:
    """`Which ones?` lists those that were counted, and no others."""
    async with talking() as talk:
        counted = await talk.ask("how many P1 cases do we have open?")
        listed = await talk.ask("which ones?")
    assert counted.sentences[0].text.startswith("Cases that fit: ")
    assert "(P1)" in listed.text
    assert "(P4)" not in listed.text


async def test_the_first_and_last_one_are_told(talking: Talking) -> None:
    """A time is asked for, so a time comes first."""
    async with talking() as talk:
        told = await talk.ask("when was 198.18.22.31 first seen and last seen?")
        assert told.sentences[1].text.startswith("The first one was at 2026-")
        assert any(item.text.startswith("The last one was at 2026-") for item in told.sentences)
        sound(told)
        sound(await talk.ask("who is in the group domain-admins?"))


async def test_understood_as_lists_what_is_used_and_no_more(talking: Talking) -> None:
    """A thing of five questions ago in that line makes people doubt the answer."""
    async with talking() as talk:
        await talk.ask("is the firewall reporting")
        await talk.ask("what happened in C-6?")
        assert told_as(await talk.read("what do we know about ws-101")) == "Understood as: entity profile, host ws-101"
        assert told_as(await talk.read("who is affected?")) == "Understood as: affected, case C-6"
        assert told_as(await talk.read("which alerts are open?")) == "Understood as: open alerts"
