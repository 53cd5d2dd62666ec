"""What a model may call: at most twelve tools, every one of them a read, or an end of the conversation.

Nine reads are offered by their own names, every other read of the world through `look`; `expand` shows more of an
answer, `answer` ends. Which of them really reads is decided by the read door, not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from agent.conversation.model.writing import WrittenSentence
from agent.evidence.text import inert
from agent.host.host import ToolStatus
from agent.models import JsonObject, Model

MOST_TOOLS: Final = 12
LOOK, EXPAND, ANSWER = "look", "expand", "answer"
DIRECT: Final = (
    "mcpsoc__mcpsoc_list_cases",
    "mcpsoc__mcpsoc_get_case",
    "mcpsoc__mcpsoc_list_claims",
    "mcpsoc__mcpsoc_find_cases",
    "siem__siem_search_events",
    "siem__siem_check_coverage",
    "assets__assets_resolve",
    "identity__identity_get_account",
    "kb__kb_search",
)
"""Offered by their own names where they are there."""
_DESCRIPTION: Final = 700
_LINE: Final = 160


class LookArguments(Model):
    """A read by its name."""

    tool: str
    arguments: JsonObject = {}


class ExpandArguments(Model):
    """Which rows of an answer to show."""

    evidence: str
    at: str = "$"
    start: int = 0


class AnswerArguments(Model):
    """The model's last word."""

    sentences: tuple[WrittenSentence, ...]


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one question."""

    tools: Sequence[ToolStatus]
    """What the read door of this world reaches."""

    @property
    def direct(self) -> tuple[ToolStatus, ...]:
        """Those with a name of their own: the preferred ones, then whatever else there is."""
        known = {tool.name: tool for tool in self.tools}
        preferred = [known[name] for name in DIRECT if name in known]
        others = [tool for tool in self.tools if tool.name not in DIRECT and not tool.name.endswith("_health")]
        return tuple([*preferred, *others][: MOST_TOOLS - 3])

    def schemas(self, *, only_answer: bool = False) -> list[JsonObject]:
        """Tool definitions as Chat Completions takes them."""
        ends: list[JsonObject] = [_function(ANSWER, "Give the answer; the conversation ends.", _ANSWER)]
        if only_answer:
            return ends
        own = [_function(tool.name, inert(tool.description, _DESCRIPTION), tool.input_schema) for tool in self.direct]
        more = [
            _function(LOOK, "Ask any other read of the catalogue, by its full name.", _LOOK),
            _function(EXPAND, "Show more rows of an answer you have, or one row in full.", _EXPAND),
        ]
        return [*own, *more, *ends]

    def catalogue(self) -> str:
        """One line for every read that has no tool of its own: name, arguments (`?`: may be left out), use."""
        own = {tool.name for tool in self.direct}
        others = (tool for tool in self.tools if tool.name not in own and not tool.name.endswith("_health"))
        return "\n".join(_line(tool) for tool in others)


def call_of(name: str, arguments: JsonObject) -> tuple[str, JsonObject]:
    """The read that a tool call asks for. Raises: ValidationError for a `look` that names none."""
    if name != LOOK:
        return name, arguments
    wanted = LookArguments.model_validate(arguments)
    return wanted.tool, wanted.arguments


def problem_of(error: ValidationError) -> str:
    """What is wrong with arguments, for the model to mend."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _line(tool: ToolStatus) -> str:
    properties, required = tool.input_schema.get("properties"), tool.input_schema.get("required")
    needed = required if isinstance(required, list) else []
    listed = properties if isinstance(properties, Mapping) else {}
    names = ", ".join(name if name in needed else f"{name}?" for name in listed)
    said = tool.description.strip().splitlines()
    return inert(f"{tool.name}({names}): {said[0] if said else ''}", _LINE)


def _function(name: str, description: str, parameters: JsonObject) -> JsonObject:
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


_CITES: Final[JsonObject] = {
    "type": "array",
    "description": "What shows it: evidence of this thread and the JSONPath of the value in it.",
    "items": {
        "type": "object",
        "properties": {"evidence": {"type": "string"}, "path": {"type": "string"}},
        "required": ["evidence", "path"],
        "additionalProperties": False,
    },
}
_SENTENCE: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "kind": {"type": "string", "enum": ["fact", "nothing_found", "could_not_look", "quote", "speech"]},
        "cites": _CITES,
    },
    "required": ["text", "kind", "cites"],
    "additionalProperties": False,
}
_ANSWER: Final[JsonObject] = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": _SENTENCE, "minItems": 1, "maxItems": 20}},
    "required": ["sentences"],
    "additionalProperties": False,
}
_LOOK: Final[JsonObject] = {
    "type": "object",
    "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
    "required": ["tool", "arguments"],
    "additionalProperties": False,
}
_EXPAND: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "evidence": {"type": "string"},
        "at": {"type": "string", "description": "Rows under this JSONPath only; `$` for all."},
        "start": {"type": "integer", "minimum": 0},
    },
    "required": ["evidence"],
    "additionalProperties": False,
}
