"""A player that hands requests on to a real endpoint, and what a recorder may put into the conversation on the way."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import JsonValue

from agent.brain.endpoint.testing import Reply
from agent.models import JsonObject
from evals.errors import EvalError

Meddling: TypeAlias = Callable[[JsonObject, Callable[[], Reply]], Reply]
"""The request and what the endpoint says to it, to what is answered. It follows from the request alone."""

PROSE: Final = "I would begin with the sign-ins of that hour and then look at what the account did afterwards."
"""An answer in words where an object was asked for."""
_EVIDENCE: Final = re.compile(r"^(E\d+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Asks the endpoint at `url` what to say, unless `meddling` knows better."""

    url: str
    meddling: Meddling
    timeout_s: float

    def __call__(self, request: JsonObject) -> Reply:
        """The endpoint's message, or what was put in its place."""
        return self.meddling(request, lambda: self._asked(request))

    def _asked(self, request: JsonObject) -> Reply:
        whole = {name: value for name, value in request.items() if name not in ("stream", "stream_options")}
        body = json.dumps(whole, ensure_ascii=False).encode()
        place = urlsplit(self.url)
        kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=self.timeout_s)
        with closing(connection):
            path = f"{place.path.rstrip('/')}/chat/completions"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            return _reply(json.loads(connection.getresponse().read()))


def prose_first(request: JsonObject, forward: Callable[[], Reply]) -> Reply:
    """The first answer of a case is prose; the model itself mends it."""
    return forward() if any(role == "assistant" for role, _ in _messages(request)) else Reply(PROSE)


def asks_to_see(request: JsonObject, forward: Callable[[], Reply]) -> Reply:
    """Where the model does not ask to see a part of an answer by itself, it is asked for in its name, once a case."""
    reply, told = forward(), [text for role, text in _messages(request) if role == "user"]
    if not told or "Decide: assess" not in told[-1] or any(text.startswith("Expanded.") for text in told):
        return reply
    known = [name for text in told for name in _EVIDENCE.findall(text)]
    said = _object(reply.content)
    part = said.get("assess")
    if not known or not isinstance(part, dict) or part.get("expand"):
        return reply
    wish: JsonObject = {**part, "expand": [{"evidence": known[-1], "at": "$"}]}
    return Reply(json.dumps({**said, "assess": wish}, ensure_ascii=False))


def _messages(request: JsonObject) -> list[tuple[str, str]]:
    """Role and text of every message."""
    messages = request.get("messages")
    told = [item for item in messages if isinstance(item, dict)] if isinstance(messages, list) else []
    return [(str(item.get("role")), str(item.get("content") or "")) for item in told]


def _object(text: str) -> Mapping[str, JsonValue]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reply(answer: JsonValue) -> Reply:
    """The message of a whole Chat Completions answer. Raises: EvalError when it has none."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(message, dict):
        raise EvalError("the endpoint answered without a message")
    refusal = message.get("refusal")
    return Reply(str(message.get("content") or ""), refusal=str(refusal) if refusal else None)
