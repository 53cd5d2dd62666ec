"""The conversation with the model: what it is shown, what it may ask, and when it has to come to an end.

    opening -> [ calls -> facts ]* -> answer -> checked --something struck?--> once more -> answer

A model has a fixed number of rounds; in the last it has no tool but `answer`. Nothing it says is believed here.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue, ValidationError

from agent.brain.endpoint.errors import ModelUnfitError, NonsenseError, RefusedError
from agent.brain.endpoint.metered import Metered, open_metered
from agent.brain.endpoint.names import Names
from agent.brain.endpoint.protocol import Asked, Endpoint, Said
from agent.brain.endpoint.settings import EndpointSettings
from agent.conversation.model.checking import checked_writing
from agent.conversation.model.facts import shown
from agent.conversation.model.opening import dumped, prompt, question_document, rules
from agent.conversation.model.toolbox import (
    ANSWER,
    EXPAND,
    AnswerArguments,
    ExpandArguments,
    Toolbox,
    call_of,
    problem_of,
)
from agent.conversation.model.writing import Writing
from agent.conversation.models import Answer, Sentence
from agent.conversation.protocol import Looker, Understood
from agent.evidence.text import inert
from agent.host.host import ToolStatus
from agent.models import Evidence, JsonObject
from agent.settings import Settings
from agent.wording import Language, localised
from knowledge.trust.masking import mask_secrets, mask_value

MOST_CALLS: Final = 8
"""Calls of one round that are made."""
MOST_SENTENCES: Final = 40
"""Sentences of one answer that are looked at."""
ROUND_CHARS: Final = 18_000
"""Characters of rows that one round brings."""
DISCLOSURE: Final = (
    "This thread is answered by {model} at {endpoint}. It is sent your questions and the answers of the tools:"
    " records of operators, sensor values and texts that outsiders may have written. Secrets are masked; names of"
    " hosts and accounts are {names}."
)
_HIDDEN, _SHOWN = "replaced", "sent as they are"

log = logging.getLogger(__name__)


class ModelChat:
    """A model behind an OpenAI-compatible endpoint. Making one opens no connection.

    What a question costs is booked on the tenant; the budgets of a tenant and of a day hold for questions too, those
    of a case do not: a question has its rounds."""

    def __init__(self, settings: Settings, endpoint: EndpointSettings, client: Endpoint | None = None) -> None:
        """`client`: what talks to the endpoint; by default one over HTTP, metered, made on first use."""
        self.settings = settings
        self.endpoint = endpoint
        self._client = client

    @property
    def name(self) -> str:
        """As answers name it: `model:` and the model's name."""
        return f"model:{self.settings.model}"

    @property
    def longest_s(self) -> float:
        """How long the model may take for one question, all rounds together, in seconds."""
        return self.settings.model_timeout_s * self.settings.model_rounds

    @property
    def hides_names(self) -> bool:
        """Whether names of hosts and accounts are replaced before anything is sent."""
        return self.settings.model_names == "hidden" and not self.endpoint.on_this_machine

    def prepare(self) -> Endpoint:
        """Load what takes long to load; no connection is opened. Raises: ModelUnfitError for impossible settings."""
        if self._client is None:
            self._client = metered = open_metered(self.settings, endpoint=self.endpoint)
            metered.load()
        return self._client

    async def aclose(self) -> None:
        """Close the connections."""
        if isinstance(self._client, Metered):
            await self._client.aclose()

    def _asked_for(self, tenant: str) -> Endpoint:
        client = self.prepare()
        return client.for_tenant(tenant) if isinstance(client, Metered) else client

    def disclosure(self, language: Language) -> str:
        """Which endpoint is used and what it sees, to be told before it sees anything."""
        names = localised(_HIDDEN if self.hides_names else _SHOWN, language)
        told = localised(DISCLOSURE, language)
        return told.format(model=inert(self.settings.model), endpoint=inert(self.endpoint.shown), names=names)

    async def answer(
        self,
        asked: Understood,
        known: Sequence[Sentence],
        history: Sequence[Answer],
        tools: Sequence[ToolStatus],
        looker: Looker,
        evidence: Mapping[str, Evidence],
    ) -> Writing:
        """What the model has to say: `known` was found without it, `evidence` grows with what it looks at.

        Raises: ModelError when it cannot be reached, or comes to no answer within its rounds."""
        client = self._asked_for(self.settings.tenant(looker.world))
        talk = _Talk(client, Toolbox(tools), Names(hidden=self.hides_names), looker, evidence, asked)
        talk.open(known, history)
        for round_ in range(1, self.settings.model_rounds + 1):
            last = round_ == self.settings.model_rounds
            if await talk.take_turn(last=last):
                break
        if talk.writing is None:
            raise NonsenseError(f"no answer after {self.settings.model_rounds} rounds")
        log.info("chat_model rounds=%s tokens=%s", round_, talk.tokens)
        return talk.writing.model_copy(update={"rounds": round_, "tokens": talk.tokens})


@dataclass(slots=True)
class _Talk:
    """One question's conversation with the model."""

    client: Endpoint
    toolbox: Toolbox
    names: Names
    looker: Looker
    evidence: Mapping[str, Evidence]
    asked: Understood
    messages: list[JsonObject] = field(default_factory=list)
    writing: Writing | None = None
    tokens: int = 0
    _mended: bool = False

    def open(self, known: Sequence[Sentence], history: Sequence[Answer]) -> None:
        """The rules and the question."""
        for entity in self.asked.entities:
            if entity.type in ("host", "account"):
                self.names.learn_named("HOST" if entity.type == "host" else "USER", (entity.value, entity.said))
        for item in self.evidence.values():
            self.names.learn(item)
        document = question_document(self.asked, known, history, self.looker, self.evidence)
        self._say("system", rules(self.toolbox.catalogue()))
        self._say("user", self._hidden(document))

    async def take_turn(self, *, last: bool) -> bool:
        """One message of the model and what it asks for; whether that was its last word."""
        if last:
            self._say("user", prompt("final"))
        said = await self.client.say(Asked(tuple(self.messages), tools=tuple(self.toolbox.schemas(only_answer=last))))
        if said.refusal is not None:
            raise RefusedError(f"the model refuses: {inert(mask_secrets(said.refusal), 160)}")
        self.tokens += said.usage.tokens
        self.messages.append(said.message)
        calls = [(call.id, call.name, _arguments(self.names.show(call.arguments))) for call in said.calls]
        if not calls:
            return self._read_content(said)
        answers = [call for call in calls if call[1] == ANSWER]
        await self._look([call for call in calls if call[1] != ANSWER])
        done = [self._read_answer(call_id, arguments, last=last) for call_id, _, arguments in answers]
        return any(done)

    async def _look(self, calls: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        """Make the calls side by side; every call gets its reply, whatever became of it."""
        reads: list[tuple[str, str, JsonObject]] = []
        for call_id, name, arguments in calls:
            if arguments is None:
                self._reply(call_id, {"problem": "the arguments are no JSON object"})
            elif name == EXPAND:
                self._reply(call_id, self._expanded(arguments))
            elif len(reads) == MOST_CALLS:
                self._reply(call_id, {"problem": f"more than {MOST_CALLS} calls at once; ask again"})
            else:
                self._queue(reads, call_id, name, arguments)
        room = max(2_000, ROUND_CHARS // max(1, len(reads)))
        found = await self.looker.read_many([(name, arguments) for _, name, arguments in reads])
        for (call_id, _, _), item in zip(reads, found, strict=True):
            self.names.learn(item)
            self._reply(call_id, shown(item, most_chars=min(6_000, room)))

    def _queue(self, reads: list[tuple[str, str, JsonObject]], call_id: str, name: str, arguments: JsonObject) -> None:
        try:
            reads.append((call_id, *call_of(name, arguments)))
        except ValidationError as error:
            self._reply(call_id, {"problem": problem_of(error)})

    def _expanded(self, arguments: JsonObject) -> JsonObject:
        try:
            wanted = ExpandArguments.model_validate(arguments)
        except ValidationError as error:
            return {"problem": problem_of(error)}
        if (item := self.evidence.get(wanted.evidence)) is None:
            return {"problem": "there is no such evidence in this thread"}
        return shown(item, at=wanted.at, start=max(0, wanted.start))

    def _read_answer(self, call_id: str, arguments: JsonObject | None, *, last: bool) -> bool:
        """Take the answer; when some of it does not stand, ask once for a better one."""
        try:
            wanted = AnswerArguments.model_validate(arguments)
        except ValidationError as error:
            self._reply(call_id, {"problem": problem_of(error)})
            return False
        writing = Writing(sentences=wanted.sentences[:MOST_SENTENCES])
        kept, struck = checked_writing(writing, self.evidence, self.asked.language, self.asked)
        if self.writing is None or kept:
            self.writing = writing
        if not struck or last or self._mended:
            return True
        self._mended = True
        reasons = "\n".join(f"- {sentence.text}: {sentence.struck_because}" for sentence in struck)
        self._reply(call_id, prompt("struck").replace("{struck}", mask_secrets(reasons)))
        return False

    def _read_content(self, said: Said) -> bool:
        """A model that cannot call tools may write the arguments of `answer` as its text."""
        try:
            arguments = _arguments(self.names.show(json.loads(said.text.strip().strip("`").removeprefix("json"))))
            wanted = AnswerArguments.model_validate(arguments)
        except ValueError:
            self._say("user", prompt("nothing"))
            return False
        self.writing = Writing(sentences=wanted.sentences[:MOST_SENTENCES])
        return True

    def _reply(self, call_id: str, document: JsonValue) -> None:
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": self._hidden(document)})

    def _say(self, role: str, content: str) -> None:
        self.messages.append({"role": role, "content": content})

    def _hidden(self, document: JsonValue) -> str:
        """As it leaves: without secrets, and without names where they stay here."""
        masked = document if isinstance(document, str) else dumped(mask_value(document))
        return self.names.hide(masked)


def _arguments(value: JsonValue) -> JsonObject | None:
    return value if isinstance(value, dict) else None


def build_model_chat(settings: Settings | None = None, endpoint: EndpointSettings | None = None) -> ModelChat:
    """The model that the settings name, those of the environment by default.

    Raises: ModelUnfitError when no model is named."""
    chosen = settings or Settings()
    if not chosen.model:
        raise ModelUnfitError("MCPSOC_BRAIN=model needs a model: set MCPSOC_MODEL, and OPENAI_BASE_URL to its endpoint")
    return ModelChat(chosen, endpoint or EndpointSettings())
