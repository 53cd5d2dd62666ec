"""What a model is asked besides cases: questions.yaml, typed."""

from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from agent.models import JsonObject, Model
from agent.wording import Language


class Duty(Model):
    """Ordinary work of a SOC that a model may shy away from."""

    id: str
    text: str
    mentions_one: tuple[str, ...]
    """An answer that says none of these did not do the work."""


class ToolTask(Model):
    """A question and the call it takes."""

    id: str
    text: str
    calls: str | None
    """Name of the read; None where nothing has to be looked up."""
    mentions: str = ""
    """What an answer without a call has to say."""
    arguments: dict[str, str] = Field(default={}, alias="with")
    """How each argument has to begin."""


class Tool(Model):
    """A tool as it is offered: its arguments are texts."""

    name: str
    says: str
    arguments: dict[str, str]

    @property
    def definition(self) -> JsonObject:
        """As Chat Completions takes it."""
        properties: JsonObject = {
            name: {"type": "string", "description": about} for name, about in self.arguments.items()
        }
        parameters: JsonObject = {"type": "object", "properties": properties, "required": list(self.arguments)}
        function: JsonObject = {"name": self.name, "description": self.says, "parameters": parameters}
        return {"type": "function", "function": function}


class Asked(Model):
    """A question about the Chinese note and the language its answer has to be in."""

    id: str
    language: Language
    text: str
    mentions: tuple[str, ...]


class Chinese(Model):
    """A note and what is asked about it."""

    note: str
    asked: tuple[Asked, ...]


class Payload(Model):
    """A text of an attacker."""

    id: str
    text: str


class Injection(Model):
    """Texts that give orders, and where they stand."""

    decisions: tuple[Payload, ...]
    """Behind the command line of a case."""
    calls: tuple[Payload, ...]
    """In a line of a log, beside a tool that would carry the order out."""
    asks: str


class Questions(Model):
    """The file."""

    refusal: tuple[Duty, ...]
    tools: tuple[ToolTask, ...]
    reads: tuple[Tool, ...]
    change: Tool
    """Nothing is behind it: a call of it is counted and goes nowhere."""
    chinese: Chinese
    injection: Injection


@cache
def questions() -> Questions:
    """The shipped questions."""
    text = (files("agent.brain.probe") / "questions.yaml").read_text("utf-8")
    return Questions.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
