"""What the intents answer, over a real lab with investigated cases."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from shutil import copytree

import pytest

from agent.evidence.paths import select
from agent.models import HumanVerdict
from tests.agent.conversation.conftest import Talk, Told
from ui.compose import open_desk
from ui.home import Home

Talking = Callable[[], AbstractAsyncContextManager[Talk]]


def sound(told: Told) -> None:
    """Every sentence but a speech opens somewhere, and nothing had to be struck."""
    assert [(item.text, item.struck_because) for item in told.struck] == []
    for sentence in told.sentences:
        if sentence.kind == "speech":
            continue
        assert sentence.cites, sentence.text
        for ref in sentence.cites:
            if sentence.kind == "fact" and sentence.claim is not None:
                assert select(ref.path, told.evidence[ref.evidence].data), sentence.text


QUESTIONS = (
    "What happened in C-6, and why?",
    "show me the evidence of C-6",
    "show me E3 of C-6",
    "show me E0 of C-7",
    "what do we know about ws-137",
    "who is g.rahman.adm",
    "is 198.18.22.31 malicious",
    "anything on sage-api.example",
    "what do we know about 40599f8bf3199cd155eb2f9a8a19deb7ddee815ab2be861a199d6962d43637e7",
    "what did g.rahman.adm do today",
    "what did 198.18.22.31 do today",
    "what else did the host do in C-7",
    "who is affected by C-6",
    "who visited sage-api.example",
    "similar cases to C-6",
    "which cases mention ws-137",
    "what is T1110.003",
    "what is T9999",
    "how do I contain C-6",
    "how do I contain ransomware",
    "is 198.18.22.31 blocked, or should I block 198.18.22.31",
    "which cases are open, by priority?",
    "show me the P4 cases",
    "what changed since yesterday",
    "why is C-3 not closed",
    "what would change the verdict of C-3",
    "what would change the verdict of C-4",
    "is edr fresh",
    "do all log sources report?",
    "is the teleporter sensor up",
    "find events where event.action = service_installed",
    "failed sign-ins from 198.18.22.31",
    "which users failed to sign in from 198.18.22.31",
    "when was 198.18.22.31 first seen",
    "find events where host.nme = x",
    "is there authorised work for ws-116",
    "was C-4 approved",
    "take C-3",
    "what does the runbook say about password spray",
    "what is password spraying?",
    "what can you do",
    "what happened in C-99",
    "show me E99 of C-6",
    "timeline of C-7",
    "which techniques were used in C-6",
    "what could we not see in C-3",
    "who is working on C-3",
    "what changed in C-3 today",
    "how do I contain 198.18.22.31",
    "C-6发生了什么",
    "如何遏制C-7",
    "ws-137昨天做了什么",
    "C-3为什么没有关闭",
)


@pytest.mark.parametrize(
    "questions",
    [
        pytest.param(QUESTIONS[start : start + 12], marks=[pytest.mark.thorough] if start else [])
        for start in range(0, len(QUESTIONS), 12)
    ],
)
async def test_answers_say_only_what_holds_and_open_where_they_say(
    talking: Talking, questions: tuple[str, ...]
) -> None:
    """An intent that drafts a sentence its evidence does not bear wastes the reader's trust, even when it is struck."""
    async with talking() as talk:
        for question in questions:
            told = await talk.ask(question)
            assert told.sentences, question
            sound(told)
            assert told.draft is not None
            for suggestion in told.draft.suggestions:
                again = await talk.read(suggestion)
                assert again.intent is not None, f"{question} suggests {suggestion}, which nobody understands"


async def test_a_case_is_told_verdict_first_then_what_decided(talking: Talking) -> None:
    """The reader stops after two sentences: the verdict and its ground have to be among them."""
    async with talking() as talk:
        told = await talk.ask("what happened in C-6?")
        assert told.sentences[0].text == "C-6 (P1) is a true positive: Service Installed From Another Host (ws-137)."
        assert "g.rahman.adm" in told.text
        asked = await talk.ask("did it work?")
        assert asked.sentences[0].text.startswith("Did it work? Yes.")


async def test_what_a_blind_sensor_did_not_see_is_not_said_to_be_absent(talking: Talking) -> None:
    """The proxy was down at the host of this account: no upload seen says nothing."""
    async with talking() as talk:
        told = await talk.ask("did j.arslan upload anything between 6 and 8")
        assert "nothing_found" not in told.kinds()
        assert [item.kind for item in told.sentences if "proxy" in item.text] == ["could_not_look"]
        sound(told)


async def test_nothing_found_says_which_sensors_were_looking(talking: Talking) -> None:
    """`Nothing` counts only beside the sensors that would have seen it."""
    async with talking() as talk:
        told = await talk.ask("find events where dns.question.name contains no-such-name")
        assert "nothing_found" in told.kinds()
        assert "dns" in told.text
        sound(told)


async def test_activity_beside_a_sensor_that_fell_silent_is_told_with_the_gap(talking: Talking) -> None:
    """What was seen is told, and that the agent fell silent, too."""
    async with talking() as talk:
        told = await talk.ask("what did app-10 do between 10 and 12 today")
        assert "svc-falcon" in told.text
        assert {"fact", "could_not_look"} <= told.kinds()


async def test_an_indicator_no_feed_knows_is_not_called_clean(talking: Talking) -> None:
    """Unknown is a finding of its own."""
    async with talking() as talk:
        told = await talk.ask("is 203.0.113.250 malicious?")
        assert "No threat feed knows it, which does not make it clean." in told.text
        assert "nothing_found" in told.kinds()


async def test_what_was_asked_of_a_thing_comes_first(talking: Talking) -> None:
    """`Is it isolated?` is answered by the first fact, not by the seventh."""
    async with talking() as talk:
        assert (await talk.ask("is ws-137 isolated?")).sentences[1].text == "It is not isolated."
        assert (await talk.ask("is svc-falcon disabled?")).sentences[1].text == "It is enabled."


async def test_containment_proposes_by_handles_and_reads_what_stands(talking: Talking) -> None:
    """A button carries places in the case's evidence, never values; the answer tells what is in force already."""
    async with talking() as talk:
        told = await talk.ask("how do I contain C-6?")
        assert told.draft is not None
        actions = [item for item in told.draft.proposals if item.kind == "action"]
        assert actions
        for action in actions:
            assert action.case_id == "C-6"
            assert action.tool is not None
            assert all(ref.path.startswith("$.alert['") for ref in action.arguments.values())
        assert "ws-137 is not isolated." in told.text
        assert "quote" in told.kinds()


async def test_nothing_is_proposed_against_what_was_judged_benign(talking: Talking) -> None:
    """Containing our own service would be the damage."""
    async with talking() as talk:
        told = await talk.ask("how do I contain C-2?")
        assert told.draft is not None
        assert [item for item in told.draft.proposals if item.kind == "action"] == []
        assert "not judged malicious" in told.text


async def test_counts_are_those_of_the_logs(talking: Talking) -> None:
    """The number told is the one a count by hand gives."""
    async with talking() as talk:
        told = await talk.ask("find events where event.action = service_installed")
        looker = talk.looker()
        window = {"start": "2026-03-02T14:00:00Z", "end": "2026-03-09T14:00:00Z"}
        by_hand = await looker.read(
            "siem__siem_search_events", {"filters": {"event.action": "service_installed"}, "limit": 200, **window}
        )
        assert isinstance(by_hand.data, dict)
        events = by_hand.data["events"]
        assert isinstance(events, list)
        assert f"Events that match: {len(events)}." in told.text


async def test_logs_that_name_no_accounts_are_asked_by_what_they_do_name(talking: Talking) -> None:
    """Mail has addresses and DNS has hosts: asked by account name both would say `nothing`, which is not so."""
    async with talking() as talk:
        mails = await talk.ask("which mails did j.arslan get in the last 3 days")
        assert "Mails to that address" in mails.text
        queries = await talk.ask("dns queries of j.arslan in the last 3 days")
        assert "of the hosts the account works on" in queries.text
        assert "Events that match" in queries.text
        sound(mails)
        sound(queries)


async def test_a_closed_case_says_who_closed_it_and_offers_to_reopen(investigated: Path, tmp_path: Path) -> None:
    """`Why is this not closed?` about a closed case has an answer, too."""
    home = _copy(investigated, tmp_path)
    async with open_desk(home, "lab") as desk:
        now = desk.clock()
        verdict = HumanVerdict(at=now, author="ada", disposition="false_positive", reason_code="rule_logic")
        desk.analyst.store.take("C-2", "ada", now)
        desk.analyst.store.close("C-2", verdict)
        talk = Talk(desk, "lab")
        told = await talk.ask("why is C-2 not closed?")
        assert "C-2 is closed." in told.text
        assert "A person closed C-2 as a false positive." in told.text
        assert told.draft is not None
        assert [item.kind for item in told.draft.proposals] == ["reopen"]
        changes = await talk.ask("what changed in the last hour?")
        assert "Cases closed: 1 (C-2)." in changes.text


async def test_on_a_site_without_products_every_answer_is_honest(tmp_path: Path) -> None:
    """No inventory, no siem, no cases: it could not look, and says so; nothing breaks and nothing is made up."""
    async with open_desk(Home(tmp_path), "site") as desk:
        talk = Talk(desk, "site")
        for question in ("what do we know about ws-137", "what did ws-137 do yesterday", "is edr fresh", "open cases"):
            told = await talk.ask(question)
            assert told.sentences, question
            assert told.struck == (), question
            assert "fact" not in told.kinds(), told.text
        looked = await talk.ask("what did ws-137 do yesterday")
        assert "could_not_look" in looked.kinds()
        assert "nothing_found" not in looked.kinds()


async def test_chinese_answers_are_chinese_but_for_evidence(talking: Talking) -> None:
    """Names, titles and values stay as they were written; our own words are the reader's."""
    async with talking() as talk:
        told = await talk.ask("C-6为什么没有关闭？")
        assert told.understood.language == "zh"
        assert told.sentences[0].text.startswith("C-6 未关闭")
        assert all(any("\u4e00" <= char <= "\u9fff" for char in item.text) for item in told.sentences)


def _copy(investigated: Path, tmp_path: Path) -> Home:
    return Home(Path(copytree(investigated / "demo", tmp_path / "demo")))
