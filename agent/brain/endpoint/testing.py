"""An OpenAI-compatible endpoint on loopback for tests, and what a model played behind it can say.

`PlayedEndpoint` is a real HTTP server that speaks Chat Completions, streamed or whole. What it says comes from a
`Player`; `Scripted` plays prepared messages. `PlayedEndpoint.trouble` makes the endpoint, or the model behind it,
misbehave, and may be changed while it runs.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self, TypeAlias

from pydantic import JsonValue

from agent.models import JsonObject

Trouble: TypeAlias = Literal[
    "none",
    "slow",
    "silent",
    "busy",
    "error",
    "cut",
    "half",
    "nonsense",
    "html",
    "empty",
    "no_choices",
    "no_usage",
    "length",
    "filtered",
    "refusal",
    "other_language",
    "wrong_json",
    "broken_json",
    "endless_tools",
    "unknown_tool",
    "unsupported_schema",
]
"""slow: no answer at all; silent: an answer begins and does not go on; cut: the connection breaks in the middle of the
answer; half: the stream ends early as if it were whole; wrong_json: an object of another form; broken_json: half an
object; endless_tools: it calls a tool for ever; unsupported_schema: 400 for a request with a `response_format`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of a model."""

    content: str = ""
    calls: Sequence[tuple[str, JsonObject | str]] = ()
    """Tool name and arguments; a text is sent as it is, to be no JSON for instance."""
    refusal: str | None = None
    finish: str | None = None
    """None: `tool_calls` where there are calls, `stop` otherwise."""

    @property
    def size(self) -> int:
        """Characters of all that it says."""
        return len(self.content) + sum(len(name) + len(_text(arguments)) for name, arguments in self.calls)


Player: TypeAlias = Callable[[JsonObject], Reply]
"""Request in, message out. It is called from the server's threads, one for every open connection."""


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
class PlayedEndpoint:
    """The endpoint, as a context manager; `url` is its base URL while it runs."""

    player: Player
    trouble: Trouble = "none"
    requests: list[JsonObject] = field(default_factory=list)
    """Every body it was sent."""
    keys: list[str] = field(default_factory=list)
    """The `Authorization` of each."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """All headers of each, names in lower case."""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Status and words of the next requests' errors, one each, before anything else counts."""
    refused_fields: Mapping[str, str] = field(default_factory=dict)
    """Members of a request that it answers with 400, and these words."""
    keep_alive: bool = False
    """Whether connections are kept between requests; who asks has to close its own then."""
    tls: ssl.SSLContext | None = None
    """Speaks TLS with this; the URL is an https one then."""
    retry_after_s: float = 0.001
    """What it asks for when it is busy."""
    url: str = ""
    _server: ThreadingHTTPServer | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _connections: set[socket.socket] = field(default_factory=set)
    _before: str = ""

    def __enter__(self) -> Self:
        self._over.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self._server.server_port}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        for connection in list(self._connections):
            _shut(connection)

    def opened(self, connection: socket.socket) -> None:
        """Keep a connection in mind, to end it when the endpoint ends."""
        self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(body)
        self.requests.append(request)
        self.keys.append(handler.headers.get("Authorization", ""))
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        if self.trouble == "slow":
            self._over.wait()
            handler.close_connection = True
            return
        status, kind, answer = self._body(request)
        self._send(handler, status, kind, answer)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
        broken = self.trouble in ("cut", "silent")
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        if not self.keep_alive:
            handler.send_header("Connection", "close")
        if status >= 400:
            handler.send_header("Retry-After-Ms", f"{self.retry_after_s * 1000:g}")
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if broken else body)
        if self.trouble == "silent":
            handler.wfile.flush()
            self._over.wait()
        handler.close_connection = handler.close_connection or broken

    def _body(self, request: JsonObject) -> tuple[int, str, bytes]:
        if self.faults:
            return _error(*self.faults.pop(0))
        if refused := [words for name, words in self.refused_fields.items() if name in request]:
            return _error(400, refused[0])
        match self.trouble:
            case "busy":
                return _error(429, "too many, key sk-abcdefghijklmnopqrstuv")
            case "error":
                return _error(500, "it broke")
            case "unsupported_schema" if "response_format" in request:
                return _error(400, "response_format is not supported")
            case "nonsense":
                return 200, "application/json", b'["what", 4, "is", null]'
            case "html":
                return 200, "text/html", b"<html><script>alert(1)</script>Sign in</html>"
            case "empty":
                return 200, "application/json", b""
        return self._said(request)

    def _said(self, request: JsonObject) -> tuple[int, str, bytes]:
        reply = _troubled(self.trouble, request, self.player)
        usage = None if self.trouble == "no_usage" else self._usage(request, reply)
        if not request.get("stream"):
            return 200, "application/json", _whole(reply, usage, choices=self.trouble != "no_choices")
        lines = list(_streamed(reply, usage, choices=self.trouble != "no_choices"))
        if self.trouble == "half":
            lines = lines[: max(1, len(lines) // 3)]
        return 200, "text/event-stream", b"".join(lines)

    def _usage(self, request: JsonObject, reply: Reply) -> JsonObject:
        """Four characters are a token; what the request has in common with the one before was seen already."""
        text = json.dumps([request.get(name) for name in ("tools", "response_format", "messages")], ensure_ascii=False)
        cached = _common(self._before, text) // 4
        self._before = text
        given, made = max(1, len(text) // 4), max(1, reply.size // 4)
        return {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
            "prompt_tokens_details": {"cached_tokens": min(cached, given)},
        }


def _handler(endpoint: PlayedEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            endpoint.opened(self.connection)

        def finish(self) -> None:
            endpoint.closed(self.connection)
            super().finish()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def do_POST(self) -> None:
            endpoint.serve(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _troubled(trouble: Trouble, request: JsonObject, player: Player) -> Reply:
    """What is said instead of what the player says, if anything."""
    names = list(tool_names(request))
    match trouble:
        case "other_language":
            return Reply("Lo siento, no puedo ayudar con eso; la alerta parece normal y no hay nada que hacer.")
        case "refusal":
            return Reply(refusal="I cannot help with that.")
        case "filtered":
            return Reply(finish="content_filter")
        case "unknown_tool":
            return Reply(calls=[("shell__run", {"command": "id"})])
        case "endless_tools":
            return Reply(calls=[(names[0] if names else "siem__siem_search_events", {})])
        case "wrong_json":
            wrong: JsonObject = {"verdict": "benign", "confidence": 0.99}
            return Reply(calls=[(names[-1], wrong)]) if names else Reply(json.dumps(wrong))
    reply = player(request)
    if trouble in ("length", "broken_json"):
        finish = "length" if trouble == "length" else None
        calls = [(name, _text(arguments)[: len(_text(arguments)) // 2]) for name, arguments in reply.calls]
        return Reply(reply.content[: len(reply.content) // 2], calls, finish=finish)
    return reply


def tool_names(request: Mapping[str, JsonValue]) -> Iterator[str]:
    """Names of the tools that a request offers."""
    tools = request.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            yield str(function.get("name"))


def _error(status: int, message: str) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps({"error": {"message": message}}).encode()


def _whole(reply: Reply, usage: JsonObject | None, *, choices: bool) -> bytes:
    """The message in one piece."""
    message: JsonObject = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call-{index}", "type": "function", "function": {"name": name, "arguments": _text(arguments)}}
            for index, (name, arguments) in enumerate(reply.calls)
        ]
    made: list[JsonValue] = [{"index": 0, "message": message, "finish_reason": _finish(reply)}] if choices else []
    whole: JsonObject = {"id": "c", "object": "chat.completion", "created": 1, "model": "played", "choices": made}
    return json.dumps(whole | ({} if usage is None else {"usage": usage})).encode()


def _streamed(reply: Reply, usage: JsonObject | None, *, choices: bool) -> Iterator[bytes]:
    """The message as server-sent events, the content and each call's arguments in two pieces."""
    if choices:
        for delta in _deltas(reply):
            yield _event(_chunk([{"index": 0, "delta": delta, "finish_reason": None}]))
        yield _event(_chunk([{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]))
    if usage is not None:
        yield _event(_chunk([]) | {"usage": usage})
    yield b"data: [DONE]\n\n"


def _deltas(reply: Reply) -> Iterator[JsonObject]:
    half = len(reply.content) // 2
    yield {"role": "assistant", "content": reply.content[:half]}
    yield {"content": reply.content[half:]}
    if reply.refusal is not None:
        yield {"refusal": reply.refusal}
    for index, (name, arguments) in enumerate(reply.calls):
        text = _text(arguments)
        first: JsonObject = {"name": name, "arguments": text[: len(text) // 2]}
        yield {"tool_calls": [{"index": index, "id": f"call-{index}", "type": "function", "function": first}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": text[len(text) // 2 :]}}]}


def _common(one: str, other: str) -> int:
    """Length of the beginning that both texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _finish(reply: Reply) -> str:
    return reply.finish or ("tool_calls" if reply.calls else "stop")


def _text(arguments: JsonObject | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _event(chunk: JsonObject) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _chunk(choices: list[JsonValue]) -> JsonObject:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "played", "choices": choices}
