"""A tool made from a typed method: its schemas, its argument check, its call."""

import difflib
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from servers.errors import ConfigurationError, ToolError
from servers.kit.answer import JsonObject, Output, Reply
from servers.kit.inert import one_line
from servers.kit.provenance import Shape, shape_of
from servers.kit.remembered import remembered
from servers.kit.schema import input_schema, output_schema

Method: TypeAlias = Callable[..., Reply[Output] | Awaitable[Reply[Output]]]


class Arguments(BaseModel):
    """Base of the argument models: an unknown argument is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Tool:
    """One published tool. `changes` says whether it may change the world outside the server."""

    name: str
    description: str
    method: Method
    arguments: type[BaseModel]
    output: type[Output]
    changes: bool

    @cached_property
    def input_schema(self) -> JsonObject:
        """JSON schema of the arguments."""
        return input_schema(self.arguments)

    @cached_property
    def data_schema(self) -> JsonObject:
        """JSON schema of the envelope's `data`, each leaf with its provenance."""
        return output_schema(self.output)

    @cached_property
    def shape(self) -> Shape:
        """Who wrote which leaf of `data`."""
        return shape_of(self.data_schema)

    def checked(self, given: Mapping[str, object]) -> dict[str, object]:
        """Arguments as the method takes them.

        Raises: ToolError naming the first argument that does not exist, is missing or does not fit."""
        known = self.arguments.model_fields
        for name in given:
            if name not in known:
                raise ToolError("unknown_argument", f"{self.name} has no argument {_quoted(name)}", meant(name, known))
        try:
            model = self.arguments.model_validate(given)
        except ValidationError as refusal:
            raise self._explained(refusal) from None
        return {name: getattr(model, name) for name in known}

    async def run(self, arguments: Mapping[str, object], timeout_s: float) -> Reply[Output]:
        """Call the method, in a worker thread unless it is a coroutine.

        Raises: ToolError when it takes longer than `timeout_s`, and whatever the method raises."""
        try:
            with anyio.fail_after(timeout_s):
                return await self._called(arguments)
        except TimeoutError:
            late = f"{self.name} took longer than {timeout_s:g} s"
            raise ToolError("timeout", late, "" if self.changes else "ask for a shorter window") from None

    async def _called(self, arguments: Mapping[str, object]) -> Reply[Output]:
        call = partial(self.method, **arguments)
        if inspect.iscoroutinefunction(self.method):
            answer = call()
        else:
            answer = await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        return await answer if isinstance(answer, Awaitable) else answer

    def _explained(self, refusal: ValidationError) -> ToolError:
        first = refusal.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:1]) or "arguments"
        message = f"{self.name}: {place}: {one_line(first['msg'], 160)}"
        if first["type"] == "missing":
            return ToolError("missing_argument", f"{self.name} needs the argument {place!r}", self._signature())
        return ToolError("invalid_argument", message, self._signature())

    def _signature(self) -> str:
        return f"arguments: {', '.join(self.arguments.model_fields)}"


def tool_of(method: Method, *, changes: bool) -> Tool:
    """Read a tool off a method: its name, docstring, parameters and `Reply[...]` annotation.

    Raises: ConfigurationError when the method lacks a docstring, a type or a `Reply[...]` of an `Output`."""
    description = inspect.getdoc(method)
    if not description:
        raise ConfigurationError(f"{method.__name__} needs a docstring")
    arguments, output = _typed(getattr(method, "__func__", method))
    return Tool(method.__name__, description, method, arguments, output, changes)


@remembered
def _typed(function: Method) -> tuple[type[BaseModel], type[Output]]:
    """What a function takes and gives, the same for every server that is made of it."""
    name, hints = function.__name__, get_type_hints(function, include_extras=True)
    output = get_args(hints.get("return"))
    if get_origin(hints.get("return")) is not Reply or not issubclass(output[0], Output):
        raise ConfigurationError(f"{name} needs a return type Reply[SomeOutput]")
    return _arguments(name, function, hints), output[0]


def _arguments(name: str, function: Method, hints: Mapping[str, object]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.name not in hints:
            raise ConfigurationError(f"{name}: argument {parameter.name} has no type")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return create_model(f"{name}_arguments", __base__=Arguments, **fields)


def _quoted(name: str) -> str:
    return repr(one_line(name, 40))


def meant(name: str, known: Iterable[str]) -> str:
    """A hint for a mistyped name: the closest known one, and all of them."""
    known = list(known)
    close, names = closest(name, known), ", ".join(known)
    return f"did you mean {close!r}? known: {names}" if close else f"known: {names}"


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like a mistyped one, if any is."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)
