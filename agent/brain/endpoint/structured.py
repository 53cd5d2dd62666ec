"""A structured answer from a model, in whichever way it can give one.

    json_schema   `response_format` with the schema
    tool          one tool whose arguments are the answer, and which has to be called
    json          the schema in words, at the end of the first message

What cannot be read is asked for once more, with what was wrong; then the model has talked nonsense.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from jsonschema import Draft202012Validator

from agent.brain.endpoint.dialect import REFUSING
from agent.brain.endpoint.errors import EndpointFailedError, ModelError, NonsenseError, RefusedError
from agent.brain.endpoint.modes import ModeMemory
from agent.brain.endpoint.packaging import unpacked_object
from agent.brain.endpoint.protocol import Asked, Endpoint, Mode, Said
from agent.evidence.text import inert
from agent.models import JsonObject, Usage
from knowledge.trust.masking import mask_secrets

T = TypeVar("T")

MODES: Final[tuple[Mode, ...]] = ("json_schema", "tool", "json")
"""In the order that they are tried."""
NOT_SUPPORTED: Final = REFUSING | {404, 415, 501}
_TAKEN: Final = "taken"
"""What a call of the answering tool is answered with, because every call has to be."""
_SHOWN: Final = 2_000
"""Characters of an unreadable answer that are repeated to the model."""
_WORDS: Final = "\n\nAnswer with one JSON object and nothing else. It has to fit this JSON schema:\n{schema}"
_REPAIR: Final = "That answer cannot be used: {problem}. Give the whole answer again, as one JSON object that fits."


@dataclass(frozen=True, slots=True)
class Decided(Generic[T]):
    """A structured answer that could be read."""

    value: T
    messages: tuple[JsonObject, ...]
    """What it added to the conversation: the answer, and before it a first try and what was said about that."""
    usage: Usage
    mode: Mode
    """How it was asked for in the end."""
    problems: tuple[str, ...] = ()
    """What had to be mended, each in words."""


async def decide(
    endpoint: Endpoint,
    messages: tuple[JsonObject, ...],
    schema: JsonObject,
    parse: Callable[[JsonObject], T],
    mode: Mode = "auto",
    *,
    memory: ModeMemory | None = None,
    schema_name: str = "decide",
    max_output_tokens: int | None = None,
) -> Decided[T]:
    """Ask for an object that fits `schema`. `parse` raises ValueError, in words a model can mend.

    `memory`: where the mode that works is remembered; without it `auto` finds out every time.
    Raises: RefusedError, NonsenseError after one repair, and every other ModelError of the endpoint; `usage` of the
    error is what all the calls cost."""
    form = _Form(schema, schema_name, parse, max_output_tokens)
    talk = _Talk(endpoint, messages, form)
    known = memory.of(endpoint) if memory is not None and mode == "auto" else None
    try:
        decided = await talk.decided(_candidates(mode, known), sure=known is not None or mode != "auto")
    except ModelError as error:
        error.usage = talk.usage.plus(error.usage)
        raise
    if memory is not None and mode == "auto":
        memory.keep(endpoint, decided.mode)
    return decided


def _candidates(mode: Mode, known: Mode | None) -> tuple[Mode, ...]:
    if mode != "auto":
        return (mode,)
    return MODES if known is None else (known, *(other for other in MODES if other != known))


class _UnreadableError(ValueError):
    """An answer that is not what was asked for; `formed`: whether it at least fits the schema."""

    def __init__(self, problem: str, *, formed: bool = False) -> None:
        super().__init__(problem)
        self.problem = inert(mask_secrets(" ".join(problem.split())), 300)
        self.formed = formed


@dataclass(frozen=True, slots=True)
class _Form(Generic[T]):
    """What is asked for."""

    schema: JsonObject
    name: str
    parse: Callable[[JsonObject], T]
    max_output_tokens: int | None

    def asked(self, mode: Mode, messages: Sequence[JsonObject]) -> Asked:
        """The question in that mode."""
        sent, most = tuple(messages), self.max_output_tokens
        if mode == "json_schema":
            return Asked(sent, schema=self.schema, schema_name=self.name, max_output_tokens=most)
        if mode == "tool":
            return Asked(sent, tools=(self._tool(),), tool_choice=self.name, max_output_tokens=most)
        return Asked(self._in_words(sent), max_output_tokens=most)

    def _tool(self) -> JsonObject:
        told = "Give the answer; nothing else is read."
        function: JsonObject = {"name": self.name, "description": told, "parameters": self.schema}
        return {"type": "function", "function": function}

    def _in_words(self, messages: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
        first, *rest = messages
        schema = json.dumps(self.schema, ensure_ascii=False, separators=(",", ":"))
        return ({**first, "content": f"{first.get('content') or ''}{_WORDS.replace('{schema}', schema)}"}, *rest)

    def read(self, said: Said) -> T:
        """The answer. Raises: _UnreadableError."""
        found = self._object(said)
        try:
            return self.parse(found)
        except ValueError as error:
            raise _UnreadableError(str(error), formed=Draft202012Validator(self.schema).is_valid(found)) from error

    def _object(self, said: Said) -> JsonObject:
        own = [call for call in said.calls if call.name == self.name]
        if said.calls and not own:
            raise _UnreadableError(f"there is no tool {inert(said.calls[0].name, 60)!r}")
        cut = ", because it was cut off at the output limit: answer shorter" if said.finish == "length" else ""
        try:
            if len({call.text for call in own}) > 1:
                raise ValueError("the answer was given more than once")
            return unpacked_object(own[0].text if own else said.text)
        except ValueError as error:
            raise _UnreadableError(f"{error}{cut}") from error


@dataclass(slots=True)
class _Talk(Generic[T]):
    """One structured answer on its way."""

    endpoint: Endpoint
    messages: tuple[JsonObject, ...]
    form: _Form[T]
    usage: Usage = field(default_factory=Usage)
    problems: list[str] = field(default_factory=list)

    async def decided(self, candidates: tuple[Mode, ...], *, sure: bool) -> Decided[T]:
        """The answer in the first mode that works. `sure`: whether the first is known to."""
        *others, last = candidates
        for mode in others:
            try:
                said = await self._say(self.form.asked(mode, self.messages))
            except EndpointFailedError as error:
                if error.status not in NOT_SUPPORTED:
                    raise
                self._note(mode, str(error), error)
                sure = False
                continue
            try:
                return self._done(mode, said, self.form.read(said), ())
            except _UnreadableError as error:
                if sure or error.formed:
                    return await self._repaired(mode, said, error)
                self._note(mode, error.problem)
        return await self._in(last)

    async def _in(self, mode: Mode) -> Decided[T]:
        said = await self._say(self.form.asked(mode, self.messages))
        try:
            return self._done(mode, said, self.form.read(said), ())
        except _UnreadableError as error:
            return await self._repaired(mode, said, error)

    async def _repaired(self, mode: Mode, said: Said, error: _UnreadableError) -> Decided[T]:
        """Say what was wrong and ask once more. Raises: NonsenseError."""
        self.problems.append(error.problem)
        wrong = (said.calls[0].text if said.calls else said.text)[:_SHOWN] or "(nothing)"
        added: tuple[JsonObject, ...] = (
            {"role": "assistant", "content": wrong},
            {"role": "user", "content": _REPAIR.replace("{problem}", error.problem)},
        )
        again = await self._say(self.form.asked(mode, (*self.messages, *added)))
        try:
            return self._done(mode, again, self.form.read(again), added)
        except _UnreadableError as last:
            raise NonsenseError(f"the model's answer cannot be used: {last.problem}") from None

    async def _say(self, asked: Asked) -> Said:
        said = await self.endpoint.say(asked)
        self.usage = self.usage.plus(said.usage)
        if said.refusal is not None:
            raise RefusedError(f"the model refuses: {inert(mask_secrets(said.refusal), 160)}")
        return said

    def _note(self, mode: Mode, problem: str, error: ModelError | None = None) -> None:
        self.problems.append(f"asked by {mode}: {problem}")
        if error is not None:
            self.usage = self.usage.plus(error.usage)

    def _done(self, mode: Mode, said: Said, value: T, added: tuple[JsonObject, ...]) -> Decided[T]:
        replies: list[JsonObject] = [
            {"role": "tool", "tool_call_id": call.id, "content": _TAKEN} for call in said.calls
        ]
        return Decided(value, (*added, said.message, *replies), self.usage, mode, tuple(self.problems))
