"""What a question opens with: rules that never change, what was asked before, and nothing that leads nowhere."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agent.brain.endpoint.testing import Scripted
from agent.conversation import nodes
from agent.conversation.model.facts import shown
from agent.conversation.model.opening import DEAD_ENDS, prompt, question_document
from agent.conversation.model.testing import answer, sentence
from agent.conversation.models import Answer, Sentence
from agent.conversation.protocol import Understood
from agent.evidence.ledger import Ledger
from agent.models import Evidence, JsonObject, Ref
from servers.kit.ecs import FIELDS
from tests.agent.conversation.model.test_shown import OneAnswer, evidence

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
ASKED = Understood("and then?", "en", "and then?", (), None, None)
TWELVE = sentence("There are 12 log sources.", "fact", "E1 $.sources[*]")


def opened(known: tuple[Sentence, ...], history: tuple[Answer, ...], ledger: Ledger) -> Mapping[str, Any]:
    """The document of a question."""
    return question_document(ASKED, known, history, OneAnswer(ledger), ledger.by_id)


def earlier(*cites: Ref) -> Answer:
    """The answer of a question before."""
    said = Sentence(kind="fact", text="m.ortiz was seen.", cites=cites)
    return Answer(run_id="r", thread_id="t", question="who?", language="en", brain="model:m", sentences=(said,))


async def test_rules_and_tools_are_the_same_bytes_in_every_thread(talk, endpoint):
    """An endpoint keeps what a conversation opens with; one byte that differs and it is paid for again."""
    await talk(Scripted([answer(TWELVE)]))
    await talk(Scripted([answer(TWELVE)]), "count the sources again", model_rounds=3)
    opening = [json.dumps([request["messages"][0], request["tools"]]) for request in endpoint.requests]

    assert len(opening) == 2
    assert opening[0] == opening[1]


def test_what_we_say_when_we_know_nothing_is_not_told_as_known() -> None:
    """A model took it for the answer."""
    assert set(DEAD_ENDS) == {nodes.NOT_UNDERSTOOD, nodes.AMBIGUOUS}
    told = (
        Sentence(kind="speech", text=nodes.NOT_UNDERSTOOD),
        Sentence(kind="speech", text="About ws-9:"),
    )

    assert [item["text"] for item in opened(told, (), Ledger())["known"]] == ["About ws-9:"]


def test_earlier_answers_say_what_they_were_asked_and_the_last_question_keeps_its_rows() -> None:
    """Without arguments nobody can tell what was asked; without rows a follow-up asks again."""
    ledger = Ledger()
    evidence({"events": [{"user.name": "m.ortiz"}]}, ledger, arguments={"filters": {"host.name": "ws-17"}})
    evidence({"events": [{"user.name": "bob"}]}, ledger)
    document = opened((), (earlier(Ref(evidence="E1", path="$.events[*]")),), ledger)

    assert document["evidence_of_the_thread"][0].startswith('E1 siem__siem_search_events {"filters"')
    assert "ws-17" in document["evidence_of_the_thread"][0]
    assert [item["evidence"] for item in document["answers_behind_earlier"]] == ["E1"]


def test_every_field_that_the_rules_name_is_one() -> None:
    """A guessed field is an error and costs a round; one that we named wrongly would be our own."""
    listed = re.search(r"Filter fields: (.*?)\.\n", prompt("system"), re.DOTALL)
    assert listed is not None
    names = re.split(r",\s+", listed[1])

    assert len(names) > 30
    assert set(names) <= set(FIELDS)


def cut(**given: Any) -> Any:
    """What is said of an answer that has not all rows."""
    rows: JsonObject = {"events": [{"id": "a"}, {"id": "b"}]}
    return shown(evidence(rows, truncated=True, **given))["cut"]


def test_a_limit_that_was_asked_for_is_told_apart_from_one_of_the_server() -> None:
    """Who asked for five rows need not think that the server hides any."""
    assert cut(arguments={"limit": 2}).startswith("your limit of 2 rows")
    assert cut(arguments={"limit": 20}).startswith("there are more rows than the server gives")


def document_of(text: str) -> Evidence:
    """Two sections of a runbook."""
    return evidence({"hits": [{"text": text}, {"text": "other"}]}, server="kb", tool="kb_search")


def test_a_runbook_is_shown_whole_with_its_lines() -> None:
    """Steps are quoted line by line; the last words of one are no less a part of it."""
    text = "1. End the sessions.\n2. " + "Disable the account. " * 40
    rows = shown(document_of(text))["rows"]
    little = shown(evidence({"events": [{"text": "x" * 313}, {"text": "y" * 600}]}))["rows"]

    assert isinstance(rows, list)
    assert rows[0]["values"]["text"] == text
    assert isinstance(little, list)
    assert little[0]["values"]["text"] == "x" * 313
    assert "… (+300 characters)" in little[1]["values"]["text"]
