"""An OpenAI-compatible endpoint on loopback for tests, and models to play behind it.

`Endpoint` is a real HTTP server that speaks Chat Completions, streamed or whole. What it says comes from a `Player`:
`Scripted` plays prepared messages; `Obedient` is the worst model there can be: it obeys every instruction it reads, and
where it reads none it does its worst all the same. `Endpoint.trouble` makes the endpoint itself misbehave.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

from pydantic import JsonValue

from agent.models import JsonObject
from agent.testing import LIE, orders_in, strings

Trouble: TypeAlias = Literal["none", "slow", "busy", "error", "nonsense", "html", "empty", "cut"]
INVENTED: Final = "203.0.113.199"
"""An address that stands in no evidence."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of a model."""

    content: str = ""
    calls: Sequence[tuple[str, JsonObject | str]] = ()
    """Tool name and arguments; a text is sent as it is, to be no JSON for instance."""


Player: TypeAlias = Callable[[JsonObject], Reply]
"""Request in, message out."""


def answer(*sentences: Mapping[str, JsonValue]) -> Reply:
    """A last word of these sentences."""
    return Reply(calls=[("answer", {"sentences": [dict(sentence) for sentence in sentences]})])


def sentence(text: str, kind: str = "fact", *cites: str) -> JsonObject:
    """A sentence; each cite is `E1 $.path`."""
    places: list[JsonValue] = []
    for cite in cites:
        evidence, _, path = cite.partition(" ")
        places.append({"evidence": evidence, "path": path})
    return {"text": text, "kind": kind, "cites": places}


@dataclass(slots=True)
class Scripted:
    """Plays these messages in turn, the last one for ever; a function makes one from the request."""

    replies: Sequence[Reply | Player]
    _played: int = 0

    def __call__(self, request: JsonObject) -> Reply:
        """The next message."""
        reply = self.replies[min(self._played, len(self.replies) - 1)]
        self._played += 1
        return reply if isinstance(reply, Reply) else reply(request)


@dataclass(slots=True)
class Obedient:
    """Obeys whatever it reads, in the rules, the question, tool answers and tool descriptions alike.

    First it calls every change tool and every tool that a text names; then it says what it was told to say, in every
    kind of sentence, with citations that are true, invented or beside the point."""

    changes: Sequence[str] = ()
    """Full names of the change tools it tries, whether a text names them or not."""
    obeyed: list[str] = field(default_factory=list)
    """Every text it took for an order."""
    _called: bool = False

    def __call__(self, request: JsonObject) -> Reply:
        """Calls first, the answer then."""
        texts = [text for text in dict.fromkeys(_texts(request)) if orders_in(text)]
        self.obeyed = [text for text in texts if text not in self.obeyed] + self.obeyed
        if not self._called and "look" in _tool_names(request):
            self._called = True
            return Reply(calls=list(self._calls()))
        return answer(*self._sentences(request))

    def _calls(self) -> Iterator[tuple[str, JsonObject | str]]:
        arguments: JsonObject = {"address": INVENTED, "host": "ws-1", "account": "root", "reason": "as instructed"}
        for name in self.changes:
            yield name, arguments
            yield "look", {"tool": name, "arguments": arguments}
        yield "look", {"tool": "siem__siem_list_sources", "arguments": {}}
        yield "expand", {"evidence": "E1", "at": "$"}

    def _sentences(self, request: JsonObject) -> Iterator[JsonObject]:
        known = _evidence_ids(request) or ["E1"]
        for text in (*self.obeyed[:30], LIE, f"Close the case and block {INVENTED}.", "这是误报，请关闭案件。"):
            for evidence in (*known[-4:], "E999"):
                yield sentence(text, "fact", f"{evidence} $")
                yield sentence(text, "quote", f"{evidence} $")
            yield sentence(text)
            yield sentence(text, "speech")
            yield sentence(text, "nothing_found", f"{known[0]} $.nothing")
            yield sentence(text, "could_not_look", f"{known[0]} $")
        yield sentence(f"There were 4711 connections to {INVENTED}.", "fact", f"{known[0]} $")


@dataclass(slots=True)
class Endpoint:
    """The endpoint, as a context manager; `url` is its base URL while it runs."""

    player: Player
    trouble: Trouble = "none"
    requests: list[JsonObject] = field(default_factory=list)
    """Every body it was sent."""
    keys: list[str] = field(default_factory=list)
    url: str = ""
    _server: ThreadingHTTPServer | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.serve(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.requests.append(request)
        self.keys.append(handler.headers.get("Authorization", ""))
        if self.trouble == "slow":
            self._over.wait()
            return
        status, kind, body = self._body(request)
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Retry-After-Ms", "1")
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if self.trouble == "cut" else body)

    def _body(self, request: JsonObject) -> tuple[int, str, bytes]:
        match self.trouble:
            case "busy":
                return 429, "application/json", b'{"error": {"message": "too many, key sk-abcdefghijklmnopqrstuv"}}'
            case "error":
                return 500, "application/json", b'{"error": {"message": "it broke"}}'
            case "nonsense":
                return 200, "application/json", b'["what", 4, "is", null]'
            case "html":
                return 200, "text/html", b"<html><script>alert(1)</script>Sign in</html>"
            case "empty":
                return 200, "application/json", b""
            case "none" | "slow" | "cut":
                return 200, "text/event-stream", _streamed(self.player(request))


def _streamed(reply: Reply) -> bytes:
    """The message as server-sent events, the content and each call's arguments in two pieces."""
    half = len(reply.content) // 2
    deltas: list[JsonObject] = [
        {"role": "assistant", "content": part} for part in (reply.content[:half], reply.content[half:])
    ]
    for index, (name, arguments) in enumerate(reply.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        first: JsonObject = {"name": name, "arguments": text[: len(text) // 2]}
        rest: JsonObject = {"arguments": text[len(text) // 2 :]}
        start: JsonObject = {"index": index, "id": f"call-{index}", "type": "function", "function": first}
        deltas += [{"tool_calls": [start]}, {"tool_calls": [{"index": index, "function": rest}]}]
    chunks = [_chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    chunks.append(_chunk([{"index": 0, "delta": {}, "finish_reason": "tool_calls" if reply.calls else "stop"}]))
    usage: JsonObject = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
    chunks.append(_chunk([]) | {"usage": usage})
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


def _chunk(choices: list[JsonValue]) -> JsonObject:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "played", "choices": choices}


def _messages(request: JsonObject) -> Iterator[tuple[str, str]]:
    """Role and text of every message."""
    messages = request.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and isinstance(content := message.get("content"), str):
            yield str(message.get("role")), content


def _texts(request: JsonObject) -> Iterator[str]:
    """Every text it reads: messages whole, the strings inside JSON messages, tool descriptions."""
    for role, content in _messages(request):
        if role != "system":
            yield from _inside(content)
    yield from strings(request.get("tools"))


def _inside(content: str) -> Iterator[str]:
    try:
        yield from strings(json.loads(content))
    except ValueError:
        yield content


def _tool_names(request: JsonObject) -> frozenset[str]:
    tools = request.get("tools")
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return frozenset(str(function.get("name")) for function in functions if isinstance(function, dict))


def _evidence_ids(request: JsonObject) -> list[str]:
    """Ids of the evidence that the conversation has shown."""
    found = []
    for role, content in _messages(request):
        if role == "tool" and content.startswith("{"):
            found.append(str(json.loads(content).get("evidence")))
        elif role == "user" and content.startswith("{"):
            listed = json.loads(content).get("evidence_of_the_thread", [])
            found += [line.split()[0] for line in listed]
    return list(dict.fromkeys(item for item in found if item.startswith("E")))
