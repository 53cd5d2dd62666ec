"""A plain tool loop over the same servers: the peer that the staged analyst is measured against.

A model gets the raw alert and every read as a tool, and goes on until it calls nothing more: LangChain's `create_agent`
with nothing added. At each turn it is sent everything so far, which is what such loops cost.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import JsonValue, TypeAdapter

from agent.host.host import ToolStatus
from agent.models import Evidence, JsonObject
from evals.planting import Reader
from servers.kit import SecurityServer

TASK: Final = (
    "You are a security analyst. Investigate the alert with the tools, look for what speaks for and against an attack,"
    " and end with the disposition (true_positive, benign_true_positive, false_positive, needs_human or not_evaluable),"
    " the severity and the reasons, naming the evidence."
)
"""The system message."""
MOST_STEPS: Final = 100
"""Steps of the graph; a model that never stops calling ends there."""
Call = tuple[str, JsonObject]
"""Full name of a tool, and its arguments."""
Player = Callable[[JsonObject], AIMessage]
"""Request in (`messages` and `tools`, in Chat Completions form), message out."""
Round = tuple[Call, ...]

_OBJECTS: Final = TypeAdapter(list[JsonObject])


@dataclass(frozen=True, slots=True)
class LoopTool:
    """One tool of the loop."""

    name: str
    description: str
    schema: JsonObject
    run: Callable[[JsonObject], Awaitable[str]]
    """What the model reads of the answer."""


class PlayedChat(BaseChatModel):
    """A chat model in process: what it says comes from `player`, and it is shown what an endpoint would be sent."""

    player: Player

    @property
    def _llm_type(self) -> str:
        return "played"

    def bind_tools(
        self, tools: Sequence[object], *, tool_choice: str | None = None, **kwargs: object
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with the definitions of these tools in every request."""
        made = [convert_to_openai_tool(tool) for tool in tools if isinstance(tool, BaseTool)]
        return self.bind(tools=made, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        request: JsonObject = {
            "messages": [*_OBJECTS.validate_python(convert_to_openai_messages(messages))],
            "tools": [*_OBJECTS.validate_python(kwargs.get("tools", []))],
        }
        return ChatResult(generations=[ChatGeneration(message=self.player(request))])


async def run_loop(player: Player, tools: Sequence[LoopTool], alert: JsonObject) -> str:
    """The last message of a loop over the alert."""
    from langchain.agents import create_agent

    loop = create_agent(PlayedChat(player=player), [_structured(tool) for tool in tools], system_prompt=TASK)
    asked = HumanMessage(json.dumps(alert, ensure_ascii=False))
    ended = await loop.ainvoke({"messages": [asked]}, {"recursion_limit": MOST_STEPS})
    return str(ended["messages"][-1].content)


def _structured(tool: LoopTool) -> StructuredTool:
    async def call(**arguments: JsonValue) -> str:
        return await tool.run(arguments)

    return StructuredTool(name=tool.name, description=tool.description, args_schema=tool.schema, coroutine=call)


def read_tools(statuses: Sequence[ToolStatus], door: Reader) -> list[LoopTool]:
    """Every read, through the door."""
    return [_read_tool(status, door) for status in statuses]


def _read_tool(status: ToolStatus, door: Reader) -> LoopTool:
    async def read(arguments: JsonObject) -> str:
        return answer_text((await door.read_many([(status.name, arguments)]))[0])

    return LoopTool(status.name, status.description, status.input_schema, read)


def served_tools(servers: Mapping[str, SecurityServer]) -> list[LoopTool]:
    """Every tool of the servers, their answers as they send them."""
    return [_served(server, tool.name) for server in servers.values() for tool in server.published]


def _served(server: SecurityServer, name: str) -> LoopTool:
    published = next(tool for tool in server.published if tool.name == name)

    async def ask(arguments: JsonObject) -> str:
        return compact(await server.call(name, arguments))

    return LoopTool(f"{server.name}__{name}", published.description, published.input_schema, ask)


def compact(value: JsonValue) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer_text(evidence: Evidence) -> str:
    """An answer of the door as a plain loop hands it to its model: all of it."""
    told: JsonObject = {"status": evidence.status, "summary": evidence.summary}
    if evidence.data is not None:
        told["data"] = evidence.data
    return compact(told | ({} if evidence.error is None else {"error": evidence.error}))


@dataclass(slots=True)
class Recording:
    """A read door that keeps what was asked of it together: the rounds of an investigation."""

    inner: Reader
    rounds: list[Round] = field(default_factory=list)

    async def read_many(self, calls: Sequence[Call]) -> list[Evidence]:
        """The answers of the door behind."""
        if calls:
            self.rounds.append(tuple(calls))
        return await self.inner.read_many(calls)


@dataclass(slots=True)
class Rounds:
    """A player that asks for these reads, round by round, and then says its last word."""

    rounds: Sequence[Round]
    last: str
    _turn: int = 0

    def __call__(self, request: JsonObject) -> AIMessage:
        """The calls of the next round, all in one message."""
        self._turn += 1
        if self._turn > len(self.rounds):
            return AIMessage(self.last)
        return calling(self.rounds[self._turn - 1], self._turn)


def calling(calls: Sequence[Call], turn: int) -> AIMessage:
    """A message that calls these tools."""
    return AIMessage(
        "",
        tool_calls=[
            ToolCall(name=name, args=arguments, id=f"call-{turn}-{number}", type="tool_call")
            for number, (name, arguments) in enumerate(calls)
        ],
    )
