"""Answering with a model: it looks through the read door, says what stands, and is replaced when it cannot."""

import json

import pytest

from agent.brain.endpoint.errors import ModelError
from agent.brain.endpoint.settings import EndpointSettings
from agent.brain.endpoint.testing import Reply, Scripted
from agent.conversation.model import build_model_chat
from agent.conversation.model.testing import answer, sentence
from agent.conversation.model.toolbox import MOST_TOOLS
from agent.settings import Settings

TWELVE = sentence("There are 12 log sources.", "fact", "E1 $.sources[*]")
COVERED = {"sensors": ["dns"], "start": "2026-03-09T08:00:00Z", "end": "2026-03-09T10:00:00Z"}


def tool_names(request):
    return [tool["function"]["name"] for tool in request["tools"]]


async def test_a_model_says_again_what_was_found_and_is_named_as_the_author(talk, endpoint):
    """The intents' answer is where it starts: one round, no further look, its own words."""
    told, steps = await talk(Scripted([answer(TWELVE)]))

    assert [item.text for item in told.sentences] == ["There are 12 log sources."]
    assert (told.brain, told.struck, told.sentences[0].provenance.value) == ("model:played", (), "T3")
    assert [step.kind for step in steps] == ["understood", "call", "notice", "sentence", "answer"]
    assert len(endpoint.requests) == 1
    document = json.loads(endpoint.requests[0]["messages"][1]["content"])
    assert document["known"][0] == {
        "text": "12 log sources.",
        "kind": "fact",
        "cites": [{"evidence": "E1", "path": "$.sources[*]"}],
    }
    assert document["question"] == "count the sources"


async def test_a_model_looks_further_and_cites_what_came(talk, endpoint):
    """Every look becomes evidence of the thread, with a step, and its facts reach the model with their places."""
    look = Reply(
        calls=[("siem__siem_check_coverage", COVERED), ("look", {"tool": "siem__siem_list_sources", "arguments": {}})]
    )
    told, steps = await talk(
        Scripted([look, answer(sentence("The sensor dns is covered.", "fact", "E2 $.coverage[0].sensor"))])
    )

    assert [item.text for item in told.sentences] == ["The sensor dns is covered."]
    assert [step.evidence for step in steps if step.kind == "call"] == ["E1", "E2"]
    shown = [
        json.loads(message["content"]) for message in endpoint.requests[1]["messages"] if message["role"] == "tool"
    ]
    assert [item["evidence"] for item in shown] == ["E2", "E1"]
    assert shown[0]["rows"][0]["at"] == "$.coverage[0]"
    assert shown[0]["rows"][0]["values"]["sensor"] == "dns"


async def test_a_model_has_at_most_twelve_tools_and_only_reads(talk, endpoint):
    """More tools make models worse; a tool that changes something is not even named."""
    await talk(Scripted([answer(TWELVE)]))
    names = tool_names(endpoint.requests[0])

    assert len(names) == MOST_TOOLS == len(set(names))
    assert {"look", "expand", "answer", "siem__siem_search_events"} <= set(names)
    whole = json.dumps(endpoint.requests[0])
    assert "firewall_search_flows" in whole
    assert "firewall_block_address" not in whole


async def test_what_was_struck_is_mended_once(talk, endpoint):
    """A slip in one sentence does not cost the answer; the second word is the last."""
    wrong = sentence("There are 13 log sources.", "fact", "E1 $.sources[*]")
    told, _ = await talk(Scripted([answer(TWELVE, wrong), answer(TWELVE)]))

    assert (len(told.sentences), told.struck) == (1, ())
    assert "'13' is not in what it cites" in endpoint.requests[1]["messages"][-1]["content"]


async def test_what_stays_wrong_is_shown_as_struck(talk):
    """A colleague sees that the model tried to say something, and why nobody should believe it."""
    wrong = sentence("There are 13 log sources.", "fact", "E1 $.sources[*]")
    told, steps = await talk(Scripted([answer(TWELVE, wrong)]))

    assert [item.text for item in told.struck] == ["“There are 13 log sources.”"]
    assert [step.kind for step in steps[-3:]] == ["sentence", "struck", "answer"]


async def test_a_model_that_says_nothing_that_stands_is_replaced(talk):
    """Uncited, invented and unproved sentences leave the question to the intents, and a notice says so."""
    told, steps = await talk(
        Scripted([answer(sentence("All is well."), sentence("It is 203.0.113.9.", "fact", "E99 $"))])
    )

    assert (told.brain, [item.text for item in told.sentences]) == ("playbook", ["12 log sources."])
    assert len(told.struck) == 2
    assert "Nothing of what the language model wrote" in [step for step in steps if step.kind == "notice"][-1].text


@pytest.mark.parametrize("trouble", ["busy", "error", "nonsense", "html", "empty", "cut"])
async def test_an_endpoint_in_trouble_costs_nothing_but_the_model(talk, endpoint, trouble):
    """The same question is answered by the intents; the notice says what was wrong, without the key."""
    endpoint.trouble = trouble
    told, steps = await talk(Scripted([answer(TWELVE)]))

    notice = [step.text for step in steps if step.kind == "notice"][-1]
    assert (told.brain, [item.text for item in told.sentences]) == ("playbook", ["12 log sources."])
    assert notice.startswith("The language model gave no usable answer (")
    assert "sk-" not in notice
    assert "<script>" not in notice


async def test_a_slow_endpoint_is_left_after_its_time(talk, endpoint):
    """The first step is there long before; the answer comes without the model."""
    endpoint.trouble = "slow"
    told, steps = await talk(Scripted([answer(TWELVE)]), model_timeout_s=0.2)

    assert told.brain == "playbook"
    assert "no answer within 0.2 s" in [step.text for step in steps if step.kind == "notice"][-1]
    assert steps[0].kind == "understood"


async def test_an_endpoint_that_is_not_there_is_no_reason_to_fail(talk, endpoint):
    """Nobody listens at the port."""
    endpoint.__exit__(None, None, None)
    told, _ = await talk(Scripted([answer(TWELVE)]))

    assert told.brain == "playbook"


@pytest.mark.parametrize(
    "replies",
    [
        [Reply("I think it is fine.")],
        [Reply(calls=[("siem__siem_list_sources", {})])],
        [Reply(calls=[("answer", "{no json")])],
        [Reply(calls=[("answer", {"sentences": "all good"})])],
        [Reply(calls=[("answer", {"sentences": [{"text": "x", "kind": "truth", "cites": []}]})])],
        [Reply(calls=[("look", {"name": "x"}), ("expand", {"evidence": "E77"}), ("expand", {}), ("no such tool", {})])],
    ],
)
async def test_a_model_that_comes_to_no_answer_runs_out_of_rounds(talk, endpoint, replies):
    """Chatter, loops, broken JSON and unknown kinds: told what was wrong each time, then replaced."""
    told, _ = await talk(Scripted(replies), model_rounds=3)

    assert told.brain == "playbook"
    assert len(endpoint.requests) == 3
    assert tool_names(endpoint.requests[-1]) == ["answer"]


async def test_a_model_that_cannot_call_tools_may_write_its_answer(talk):
    """Small local models put the JSON into their text."""
    text = json.dumps({"sentences": [TWELVE]})
    told, _ = await talk(Scripted([Reply(f"```json\n{text}\n```")]))

    assert told.brain == "model:played"


async def test_the_endpoint_and_what_it_sees_are_named_before_anything_is_sent(talk, endpoint):
    """Nobody finds out afterwards where the data went."""
    told_first = []

    def player(request):
        told_first.append(len(endpoint.requests))
        return answer(TWELVE)

    _, steps = await talk(player)
    notice = next(step for step in steps if step.kind == "notice")

    assert endpoint.url in notice.text
    assert "model:played" not in notice.text
    assert "sent as they are" in notice.text


async def test_the_key_goes_to_the_endpoint_and_nowhere_else(talk, endpoint, tmp_path):
    """Rows, checkpoints, steps and prompts are read by others."""
    await talk(Scripted([answer(TWELVE)]))

    key = "sk-canary-0123456789abcdef"
    assert endpoint.keys == [f"Bearer {key}"]
    assert key not in json.dumps(endpoint.requests)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key.encode() not in stored


def test_a_key_in_the_environment_switches_nothing_on(monkeypatch, tmp_path):
    """A model is used when somebody says so by name, and with a name."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")

    assert Settings(home=tmp_path).brain == "playbook"
    with pytest.raises(ModelError, match="MCPSOC_MODEL"):
        build_model_chat(Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("url", "here", "shown"),
    [
        ("http://127.0.0.1:8089/v1", True, "http://127.0.0.1:8089/v1"),
        ("http://localhost/v1", True, "http://localhost/v1"),
        ("http://[::1]:1/v1", True, "http://::1:1/v1"),
        ("https://me:secret@llm.example/v1?key=1", False, "https://llm.example/v1"),
        ("http://127.0.0.1.evil.example/v1", False, "http://127.0.0.1.evil.example/v1"),
    ],
)
def test_an_endpoint_elsewhere_sees_no_names(url, here, shown, tmp_path):
    """What leaves the machine is told apart from what does not by the address, not by the looks of it."""
    settings = Settings(home=tmp_path, model="m")
    endpoint = EndpointSettings(base_url=url)
    chat = build_model_chat(settings, endpoint)

    assert (endpoint.on_this_machine, endpoint.shown, chat.hides_names) == (here, shown, not here)
