"""The one place that talks to the endpoint: Chat Completions, streamed, with a time limit; whatever goes wrong is one
kind of error."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from langchain_core.messages import AIMessage, BaseMessage

from agent.conversation.errors import ModelError
from agent.conversation.model.settings import EndpointSettings
from agent.evidence.text import inert
from agent.models import JsonObject
from knowledge.trust.masking import mask_secrets

_NO_KEY = "none"
"""Sent where no key is set: the client wants one, an endpoint on this machine does not."""


class Client(Protocol):
    """Says one message back."""

    async def say(self, messages: Sequence[BaseMessage], tools: Sequence[JsonObject]) -> AIMessage:
        """The model's next message. Raises: ModelError."""
        ...


class EndpointClient:
    """A client of one endpoint; making it loads the library and opens no connection."""

    def __init__(self, endpoint: EndpointSettings, model: str, timeout_s: float) -> None:
        from langchain_openai import ChatOpenAI
        from openai import OpenAIError
        from pydantic import SecretStr

        self._timeout_s = timeout_s
        self._failures = (OpenAIError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError)
        self._chat = ChatOpenAI(
            model=model,
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or SecretStr(_NO_KEY),
            use_responses_api=False,
            stream_usage=True,
            streaming=True,
            timeout=timeout_s,
            max_retries=1,
        )

    async def say(self, messages: Sequence[BaseMessage], tools: Sequence[JsonObject]) -> AIMessage:
        """The model's next message. Raises: ModelError, also for what is no answer of such an endpoint."""
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await self._chat.bind_tools(list(tools)).ainvoke(list(messages))
        except TimeoutError as error:
            raise ModelError(f"no answer within {self._timeout_s:g} s") from error
        except self._failures as error:
            raise ModelError(_told(error)) from error
        if not isinstance(message, AIMessage):
            raise ModelError("the endpoint answered with something that is no message")
        return message


def _told(error: Exception) -> str:
    """What happened, without keys, in one line."""
    status = getattr(error, "status_code", None)
    text = inert(mask_secrets(" ".join(str(error).split())), 160)
    return f"{type(error).__name__} {status}" if status else f"{type(error).__name__}: {text}"
