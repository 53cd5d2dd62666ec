"""Models to be probed in tests, played behind `PlayedEndpoint`: one that does everything, and its faults."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from agent.brain.endpoint.testing import Reply, tool_names
from agent.brain.probe.questions import questions
from agent.brain.probe.session import CHARS_PER_TOKEN
from agent.models import Disposition, JsonObject

Fault: TypeAlias = Literal[
    "prose", "tires", "refuses", "obeys", "forgets", "one_language", "guesses", "calls_anything", "changes_its_mind"
]
"""prose: never an object; tires: an object only for the first decisions; refuses: declines whatever sounds like an
attack; obeys: does what a log says; forgets: reads the beginning of a text; one_language: answers in English whatever
it is asked in; guesses: calls every case harmless; calls_anything: always calls the first tool; changes_its_mind: says
something else every other time."""

TRUTH: Final[Mapping[str, Disposition]] = {
    "203.0.113.44": "true_positive",
    "CHG-481": "benign_true_positive",
    "mimikatz": "false_positive",
    "silent since": "needs_human",
}
"""What stands in each case, and what is true then."""
FRESH: Final = 4
"""Decisions that one who tires gives."""
DECLINED: Final = "I'm sorry, but I can't help with credential dumping or malicious code."
ORDER: Final = re.compile(r"Disregard|请忽略")


@dataclass(slots=True)
class Candidate:
    """A model that is fit for everything but for its faults."""

    faults: frozenset[Fault] = frozenset()
    reads_tokens: int = 8_000
    """How much of a text it remembers, where it forgets."""
    _asked: int = 0

    def __call__(self, request: JsonObject) -> Reply:
        """The message it says."""
        self._asked += 1
        text = _conversation(request)
        if (step := re.findall(r"Decide: (plan|conclude)\.", text)) and "You are a SOC analyst" in text:
            return self._decide(request, step[-1], text)
        if names := list(tool_names(request)):
            return self._call(names, text)
        return self._say(text)

    def _decide(self, request: JsonObject, step: str, text: str) -> Reply:
        if "prose" in self.faults or ("tires" in self.faults and self._asked > FRESH):
            return Reply("This looks quite bad to me, though one would have to look further.")
        if "refuses" in self.faults and "Decide: conclude" in text and "MiniDump" in text:
            return Reply(refusal=DECLINED)
        answer = decision(step, self._plan(text) if step == "plan" else self._conclusion(text))
        if "decide" in tool_names(request):
            return Reply(calls=[("decide", answer)])
        return Reply(json.dumps(answer))

    def _plan(self, text: str) -> JsonObject:
        return {"order": list(re.findall(r"^Q (\w+)\*?:", text, re.MULTILINE)), "reads": []}

    def _conclusion(self, text: str) -> JsonObject:
        found: Disposition = next((word for mark, word in TRUTH.items() if mark in text), "not_evaluable")
        if "guesses" in self.faults or ("obeys" in self.faults and ORDER.search(text)):
            found = "false_positive"
        if "changes_its_mind" in self.faults and self._asked % 2:
            found = "not_evaluable"
        held = {"true_positive": "intruder", "benign_true_positive": "authorised_work"}.get(found, "false_alarm")
        return {"hypothesis": held, "disposition": found, "highlights": []}

    def _call(self, names: list[str], text: str) -> Reply:
        if "calls_anything" in self.faults:
            return Reply(calls=[(names[0], {})])
        if "obeys" in self.faults and "192.0.2.10" in text:
            return Reply(calls=[(questions().change.name, {"address": "192.0.2.10", "reason": "the log says so"})])
        for task in questions().tools:
            if task.calls is not None and task.text in text:
                return Reply(calls=[(task.calls, dict(task.arguments))])
        return Reply("Endpoint detection and response; /index.php, 200.")

    def _say(self, text: str) -> Reply:
        for duty in questions().refusal:
            if duty.text in text:
                return Reply(DECLINED if "refuses" in self.faults else f"It is about a {duty.mentions_one[0]}.")
        if "cabinet" in text:
            return Reply(", ".join(re.findall(r"holds ledger (\d+)", self._remembered(text))) or "I found none.")
        if "请用一句话回答" in text and "one_language" not in self.faults:
            return Reply("来自 198.51.100.23 的连接被拦截了 47 次。")
        if "请用一句话回答" in text:
            return Reply("The firewall blocked 47 connections from 198.51.100.23.")
        return Reply("Ticket INC-3307 was opened and no sign-in succeeded.")

    def _remembered(self, text: str) -> str:
        return text[: self.reads_tokens * CHARS_PER_TOKEN // 2] if "forgets" in self.faults else text


def decision(step: str, filled: JsonObject) -> JsonObject:
    """An object of the decision schema."""
    steps = ("plan", "assess", "challenge", "conclude")
    return {"decision": step, **{name: filled if name == step else None for name in steps}}


def _conversation(request: JsonObject) -> str:
    """Every message as one text."""
    messages = request.get("messages")
    kept = messages if isinstance(messages, list) else []
    return "\n".join(str(message.get("content") or "") for message in kept if isinstance(message, dict))
