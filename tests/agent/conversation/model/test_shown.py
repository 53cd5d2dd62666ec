"""What a model is shown, and what an endpoint elsewhere is not."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.brain.endpoint.names import Names
from agent.brain.endpoint.protocol import Asked, Said, ToolCall
from agent.brain.endpoint.settings import EndpointSettings
from agent.conversation.model import ModelChat
from agent.conversation.model.facts import shown
from agent.conversation.models import Entity
from agent.conversation.protocol import Understood
from agent.evidence.claims import select
from agent.evidence.ledger import Ledger
from agent.models import Evidence, JsonObject, Provenance
from agent.settings import Settings

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def evidence(data: Any, ledger: Ledger | None = None, **given: Any) -> Evidence:
    """One answer of the SIEM."""
    parts: dict[str, Any] = {"server": "siem", "tool": "siem_search_events", "arguments": {}, "summary": "s"}
    parts |= {"asked_at": NOON, "backend": "embedded", "status": "success", "data": data}
    return (Ledger() if ledger is None else ledger).add(**{**parts, **given})


def test_every_value_stands_where_its_row_says() -> None:
    """A place that leads elsewhere would strike every true sentence."""
    data: JsonObject = {"events": [{"a.b": 1, "it's": "x", "list": ["p", "q"], "deep": {"c": [{"d": None}]}}], "n": 2}
    rows = shown(evidence(data))["rows"]
    assert isinstance(rows, list)

    found = {}
    for row in rows:
        for name, value in row["values"].items():
            quoted = name.replace("'", "\\'")
            found[f"{row['at']}['{quoted}']"] = value
            assert select(f"{row['at']}['{quoted}']", data) == [value]
    assert list(found.values()) == [2, 1, "x", ["p", "q"], None]


def test_what_an_outsider_may_have_written_is_marked() -> None:
    """A model is told which values are only somebody's words."""
    item = evidence(
        {"events": [{"ip": "10.0.0.5", "agent": "curl", "tags": ["a"]}]},
        provenance={"$.events[*].ip": Provenance.SENSOR, "$.events[*].tags": Provenance.SENSOR},
    )

    assert shown(item)["rows"] == [
        {"at": "$.events[0]", "values": {"ip": "10.0.0.5", "agent": "curl", "tags": ["a"]}, "untrusted": ["agent"]}
    ]


def test_a_long_answer_is_shown_in_parts_that_join_without_a_gap() -> None:
    """What was left out can be asked for, and nothing is shown twice."""
    item = evidence({"events": [{"id": f"ev-{number}", "text": "x" * 500} for number in range(50)]})
    seen, start = [], 0
    while True:
        part = shown(item, start=start)
        rows = part["rows"]
        assert isinstance(rows, list)
        assert len(json.dumps(rows)) < 8_000
        seen += [row["values"]["id"] for row in rows]
        if "expand_from" not in part:
            break
        start = part["expand_from"]

    assert seen == [f"ev-{number}" for number in range(50)]
    one = shown(item, at="$.events[7]")
    assert one["rows"] == [
        {"at": "$.events[7]", "values": {"id": "ev-7", "text": "x" * 500}, "untrusted": ["id", "text"]}
    ]


def test_secrets_and_escapes_do_not_reach_a_model() -> None:
    """A password in a command line is masked, and what moves a cursor is text."""
    item = evidence({"line": "net use \x1b[2K password: hunter2-canary-81"}, summary="token=abcdefgh12345678")
    text = json.dumps(shown(item))

    assert "hunter2" not in text
    assert "abcdefgh12345678" not in text
    assert "\\u001b" not in text


def test_names_leave_as_aliases_and_come_back_as_themselves() -> None:
    """Also inside longer texts, whatever their case; indicators stay."""
    names = Names(hidden=True)
    names.learn(evidence({"events": [{"host.name": "ws-17", "user.name": "m.ortiz", "source.ip": "203.0.113.7"}]}))
    names.learn(evidence({"asset": {"name": "fin-db-01", "owner": "Finance Team"}, "ok": {"name": "plain"}}))
    said = "WS-17 ran as CORP\\m.ortiz from 203.0.113.7 on fin-db-01 of Finance Team; plain ws-170 root"
    hidden = names.hide(said)

    assert not any(name in hidden.lower() for name in ("ws-17 ", "m.ortiz", "fin-db-01", "finance team"))
    assert "203.0.113.7" in hidden
    assert "plain ws-170 root" in hidden
    assert names.show({"x": [hidden]}) == {"x": [said.replace("WS-17", "ws-17")]}
    assert Names(hidden=False).hide(said) == said


@dataclass
class Recorder:
    """An endpoint that keeps what it was told, and answers with prepared calls."""

    replies: list[list[tuple[str, JsonObject]]]
    sent: list[str] = field(default_factory=list)
    name: str = "model:m"
    shown: str = "https://llm.example/v1"
    on_this_machine: bool = False

    async def say(self, asked: Asked) -> Said:
        """The next prepared message."""
        self.sent.append("\n".join(str(message["content"]) for message in asked.messages))
        calls = self.replies.pop(0)
        return Said(calls=tuple(ToolCall(name, name, json.dumps(args), args) for name, args in calls))


class OneAnswer:
    """A read door that always finds the same event; `asked` keeps what it was asked."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.asked = ledger, []
        self.world = "site"

    def now(self) -> datetime:
        """Noon."""
        return NOON

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The event, for every call."""
        self.asked += calls
        event = {"events": [{"host.name": "ws-17", "user.name": "m.ortiz"}]}
        return [evidence(event, self.ledger, arguments=arguments) for _, arguments in calls]


@pytest.mark.parametrize(("url", "hidden"), [("https://llm.example/v1", True), ("http://127.0.0.1:9/v1", False)])
async def test_an_endpoint_elsewhere_is_asked_and_answers_in_aliases(url, hidden, tmp_path) -> None:
    """No name of ours leaves the machine; tools are asked by the real ones, and people read the real ones."""
    asked = Understood(
        text="what did m.ortiz do on ws-17?",
        language="en",
        plain="what did m.ortiz do on ws-17?",
        entities=(
            Entity(type="account", value="m.ortiz", said="m.ortiz"),
            Entity(type="host", value="ws-17", said="ws-17"),
        ),
        window=None,
        intent=None,
    )
    user, host = ("USER-A1", "HOST-A2") if hidden else ("m.ortiz", "ws-17")
    cites = [{"evidence": "E1", "path": f"$.events[?@['host.name']=='{host}']"}]
    written: JsonObject = {"text": f"{user} was seen on {host}.", "kind": "fact", "cites": list(cites)}
    client = Recorder(
        [[("siem__siem_search_events", {"filters": {"user.name": user}})], [("answer", {"sentences": [written]})]]
    )
    ledger = Ledger()
    looker = OneAnswer(ledger)
    chat = ModelChat(Settings(home=tmp_path, model="m"), EndpointSettings(base_url=url), client)

    writing = await chat.answer(asked, (), (), (), looker, ledger.by_id)

    assert looker.asked == [("siem__siem_search_events", {"filters": {"user.name": "m.ortiz"}})]
    assert writing.sentences[0].text == "m.ortiz was seen on ws-17."
    assert writing.sentences[0].cites[0].path == "$.events[?@['host.name']=='ws-17']"
    assert any("m.ortiz" in text or "ws-17" in text for text in client.sent) is not hidden
