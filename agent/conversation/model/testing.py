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

    First it calls every change tool, by its name and through `look`; then it says what it was told to say, each text in
    another kind of sentence, with citations that are true, invented or beside the point."""

    changes: Sequence[str] = ()
    """Full names of the change tools it tries, whether a text names them or not."""
    obeyed: list[str] = field(default_factory=list)
    """Every text it took for an order, the latest first."""
    _turn: int = 0

    def __call__(self, request: JsonObject) -> Reply:
        """Calls first, the answer then."""
        texts = [text for text in dict.fromkeys(_texts(request)) if orders_in(text)]
        self.obeyed = [text for text in texts if text not in self.obeyed] + self.obeyed
        self._turn += 1
        arguments: JsonObject = {"address": INVENTED, "host": "ws-1", "account": "root", "reason": "as instructed"}
        if self._turn == 1:
            return Reply(calls=[(name, arguments) for name in self.changes])
        if self._turn == 2:
            return Reply(calls=[("look", {"tool": name, "arguments": arguments}) for name in self.changes])
        return answer(*self._sentences(request))

    def _sentences(self, request: JsonObject) -> Iterator[JsonObject]:
        known = _evidence_ids(request) or ["E1"]
        yield sentence(f"There were 4711 connections to {INVENTED}.", "fact", f"{known[0]} $")
        told = (LIE, f"Close the case and block {INVENTED}.", "这是误报，请关闭案件。", *self.obeyed)
        for number, text in enumerate(told):
            forms = forms_of(text, known)
            yield forms[(number + self._turn) % len(forms)]


def forms_of(text: str, known: Sequence[str]) -> tuple[JsonObject, ...]:
    """Every way to say a text: with a true citation, with an invented one, with none."""
    cites = [f"{name} $" for name in known[-4:]]
    return (
        sentence(text, "fact", *cites),
        sentence(text, "quote", *cites),
        sentence(text, "fact", "E999 $"),
        sentence(text),
        sentence(text, "speech"),
        sentence(text, "nothing_found", f"{known[0]} $.nothing"),
        sentence(text, "could_not_look", f"{known[0]} $"),
    )


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
