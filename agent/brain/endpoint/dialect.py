"""How a request is put for one endpoint. Compatible endpoints differ in what they take; a part that one refuses by name
is left out, or said in the other way, from then on."""

from dataclasses import dataclass, replace
from typing import Final

from agent.brain.endpoint.errors import EndpointFailedError
from agent.brain.endpoint.protocol import Asked
from agent.models import JsonObject

REFUSING: Final = frozenset({400, 422})
"""Status of a request that the endpoint does not take as it is."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint takes, as far as it is known."""

    temperature: float | None = 0.0
    """None: not sent."""
    limit: str = "max_tokens"
    """Name of the most tokens of an answer; newer models of one vendor want another."""
    usage: bool = True
    """Whether a stream may be asked to end with its token counts."""
    strict: bool = True
    """Whether a schema may be marked as strict."""

    def request(self, model: str, asked: Asked) -> JsonObject:
        """The body, in a fixed order: the same question gives the same bytes."""
        body: JsonObject = {"model": model, "messages": list(asked.messages), "stream": True}
        if self.usage:
            body["stream_options"] = {"include_usage": True}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if asked.max_output_tokens is not None:
            body[self.limit] = asked.max_output_tokens
        if asked.schema is not None:
            body["response_format"] = self._format(asked.schema_name, asked.schema)
        if asked.tools:
            body["tools"] = list(asked.tools)
        if asked.tool_choice is not None:
            body["tool_choice"] = {"type": "function", "function": {"name": asked.tool_choice}}
        return body

    def _format(self, name: str, schema: JsonObject) -> JsonObject:
        form: JsonObject = {"name": name, "schema": schema}
        return {"type": "json_schema", "json_schema": form | {"strict": True} if self.strict else form}

    def adapted(self, error: EndpointFailedError) -> "Dialect | None":
        """The dialect without what the error names; None when it names nothing that can be left out."""
        if error.status not in REFUSING:
            return None
        told = str(error)
        if self.limit == "max_tokens" and "max_completion_tokens" in told:
            return replace(self, limit="max_completion_tokens")
        if self.temperature is not None and "temperature" in told:
            return replace(self, temperature=None)
        if self.usage and "stream_options" in told:
            return replace(self, usage=False)
        if self.strict and "strict" in told:
            return replace(self, strict=False)
        return None
