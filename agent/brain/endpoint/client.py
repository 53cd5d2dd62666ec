"""The one place that talks to an endpoint: Chat Completions over HTTP, streamed, with a time limit; whatever goes wrong
has a name.

LangChain's chat model makes the client; the stream is read here, because LangChain's own reading drops refusals, writes
tool arguments anew, and takes half an answer for a whole one.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from agent.brain.endpoint.dialect import Dialect
from agent.brain.endpoint.errors import EndpointFailedError, EndpointSlowError, ModelError, ModelUnfitError
from agent.brain.endpoint.failing import passing, pause_before, told_failure
from agent.brain.endpoint.pace import Pace
from agent.brain.endpoint.protocol import Asked, Said
from agent.brain.endpoint.reading import NO_ANSWER, Gathering, tokens_in
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.spans import chat_span, tell_answer
from agent.brain.endpoint.transport import bare_url, check_transport, headers_of, key_of, open_clients, secrets_of
from agent.models import Usage
from agent.settings import Settings

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_SHAPES: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError)
"""What reading an answer of another form ends in."""


class HttpEndpoint:
    """One model at one endpoint. Making it loads nothing and opens no connection.

    Everything that asks the same endpoint should share one of these: it keeps connections, pace and dialect."""

    def __init__(
        self,
        endpoint: EndpointSettings,
        settings: ModelSettings,
        model: str,
        timeout_s: float,
        *,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`timeout_s`: how long one answer may take, repeated requests and pauses included.

        Raises: ModelUnfitError when a setting cannot be used."""
        check_transport(endpoint, settings)
        self.endpoint, self.settings, self.model, self.timeout_s = endpoint, settings, model, timeout_s
        self._pace = pace or Pace(settings.requests_per_minute, settings.tokens_per_minute)
        self._sleep = sleep
        self._dialect = Dialect(temperature=settings.temperature)
        self._secrets = secrets_of(endpoint, settings)
        self._chat: ChatOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        """`model:` and the model's name."""
        return f"model:{self.model}"

    @property
    def shown(self) -> str:
        """The URL without secrets."""
        return self.endpoint.shown

    @property
    def on_this_machine(self) -> bool:
        """Whether the URL is one of this machine."""
        return self.endpoint.on_this_machine

    def load(self) -> None:
        """Load the libraries, which takes a second or two; else the first question does."""
        _library()

    def chat_model(self) -> "ChatOpenAI":
        """The same endpoint as a LangChain chat model, with the same client. Loads the libraries."""
        loop = asyncio.get_running_loop()
        if self._chat is None or self._loop is not loop:
            self._chat, self._loop = self._opened(), loop
        return self._chat

    def _opened(self) -> "ChatOpenAI":
        from pydantic import SecretStr

        client, blocking = open_clients(self.endpoint, self.settings, self.timeout_s)
        return _library()(
            model=self.model,
            base_url=bare_url(self.endpoint),
            default_headers=headers_of(self.endpoint, self.settings),
            api_key=SecretStr(key_of(self.endpoint)),
            openai_proxy=None,
            http_async_client=client,
            http_client=blocking,
            use_responses_api=False,
            stream_usage=True,
            streaming=True,
            stream_chunk_timeout=None,
            timeout=client.timeout,
            max_retries=0,
        )

    async def aclose(self) -> None:
        """Close the connections; the next question opens new ones."""
        chat, self._chat = self._chat, None
        if chat is not None:
            await chat.root_async_client.close()

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError; its `usage` is what was spent on it all the same."""
        asked = replace(asked, max_output_tokens=asked.max_output_tokens or self.settings.max_output_tokens)
        content = self.settings.trace_content
        port = urlsplit(self.endpoint.base_url).port
        with chat_span(self.model, self.endpoint.host, port, asked, content=content) as span:
            said = await _Question(self, asked).answer()
            tell_answer(span, said, content=content)
        return said

    async def send(self, asked: Asked, gathering: Gathering) -> None:
        """One request; its answer goes into `gathering` piece by piece. Raises: ModelError."""
        from openai import OpenAIError

        client = self.chat_model().root_async_client
        try:
            stream = await client.chat.completions.create(**self._dialect.request(self.model, asked))
            async with stream:
                async for chunk in stream:
                    gathering.take(chunk)
        except _SHAPES as error:
            raise EndpointFailedError(f"{NO_ANSWER} ({type(error).__name__})", status=200) from None
        except (OpenAIError, OSError) as error:
            raise told_failure(error, self._secrets, begun=gathering.begun) from None

    def adapt(self, error: ModelError) -> bool:
        """Whether the endpoint refused a part of the request that can be left out or said in another way."""
        other = self._dialect.adapted(error) if isinstance(error, EndpointFailedError) else None
        if other is None:
            return False
        self._dialect = other
        return True

    async def wait_turn(self, tokens: int, most_s: float) -> None:
        """Wait until the pace lets a request of that many tokens through. Raises: RateLimitedError."""
        await self._pace.wait(tokens, most_s)

    def give_back(self, tokens: int) -> None:
        """Tokens that were waited for and not used."""
        self._pace.give_back(tokens)

    async def pause(self, seconds: float) -> None:
        """Wait before asking again."""
        await self._sleep(seconds)


@dataclass(slots=True)
class _Question:
    """One question, asked until it is answered, its time is over, or asking again is of no use."""

    endpoint: HttpEndpoint
    asked: Asked
    _began: float = field(default_factory=time.monotonic)
    _requests: int = 0
    _lost: Usage = field(default_factory=Usage)
    """Tokens of requests that brought no whole answer and may have to be paid."""
    _gathering: Gathering = field(default_factory=Gathering)

    @property
    def limit_s(self) -> float:
        """How long it may take."""
        return min(self.endpoint.timeout_s, self.asked.timeout_s or self.endpoint.timeout_s)

    async def answer(self) -> Said:
        """The answer; its usage counts every request. Raises: ModelError, with what was spent on it."""
        try:
            async with asyncio.timeout(self.limit_s):
                said = await self._until_answered()
        except TimeoutError:
            self._lose(sent=self._requests > 0)
            failed: ModelError = EndpointSlowError(f"no answer within {self.limit_s:g} s")
        except ModelError as error:
            failed = error
        else:
            usage = said.usage.plus(self._lost).model_copy(update=self._counted())
            return replace(said, usage=usage, first_token_s=self._first_s())
        failed.usage = self._lost.model_copy(update=self._counted() | {"money": None if self._requests else 0.0})
        raise failed from None

    async def _until_answered(self) -> Said:
        most = min(self.endpoint.settings.retries + 1, self.asked.most_requests or sys.maxsize)
        tries = 1
        while True:
            try:
                return await self._once()
            except ModelError as error:
                if self._requests >= (self.asked.most_requests or sys.maxsize):
                    raise
                if self.endpoint.adapt(error):
                    continue
                pause = pause_before(tries, error, f"{os.getpid()} {self.endpoint.model}")
                if tries >= most or not passing(error) or pause > self._left_s():
                    raise
                tries += 1
                await self.endpoint.pause(pause)

    async def _once(self) -> Said:
        """One request and its answer."""
        given, most = tokens_in(self.asked), self.asked.max_output_tokens or 0
        if self._requests and self.asked.again is not None:
            await self.asked.again()
        await self.endpoint.wait_turn(given + most, self._left_s())
        self._gathering = Gathering()
        self._requests += 1
        try:
            await self.endpoint.send(self.asked, self._gathering)
            said = self._gathering.said(self.asked)
        except ModelError:
            self._lose()
            raise
        self.endpoint.give_back(given + most - said.usage.tokens)
        return said

    def _lose(self, *, sent: bool = False) -> None:
        """Count what came of a request that brought no whole answer. `sent`: also if nothing came; it was read."""
        if self._gathering.begun or sent:
            self._lost = self._lost.plus(self._gathering.usage(self.asked))
            self._gathering = Gathering()

    def _counted(self) -> dict[str, int | float]:
        return {"calls": self._requests, "seconds": round(time.monotonic() - self._began, 3)}

    def _left_s(self) -> float:
        return self._began + self.limit_s - time.monotonic()

    def _first_s(self) -> float | None:
        first = self._gathering.first_at
        return None if first is None else round(first - self._began, 3)


def _library() -> "type[ChatOpenAI]":
    """LangChain's client, loaded when it is first wanted: that takes a second or two."""
    from langchain_openai import ChatOpenAI

    return ChatOpenAI


def open_endpoint(
    settings: Settings,
    *,
    endpoint: EndpointSettings | None = None,
    model: ModelSettings | None = None,
    name: str | None = None,
) -> HttpEndpoint:
    """The endpoint that the settings name, those of the environment by default; `name`: another model there.

    Opens no connection. Raises: ModelUnfitError when no model is named, or a setting cannot be used."""
    chosen = name or settings.model
    if not chosen:
        raise ModelUnfitError("MCPSOC_BRAIN=model needs a model: set MCPSOC_MODEL, and OPENAI_BASE_URL to its endpoint")
    return HttpEndpoint(endpoint or EndpointSettings(), model or ModelSettings(), chosen, settings.model_timeout_s)
