"""The conversation with the model: what it is shown, what it may ask, and when it has to come to an end."""

from collections.abc import Mapping, Sequence

from agent.conversation.errors import ModelError
from agent.conversation.model.settings import EndpointSettings
from agent.conversation.model.writing import Writing
from agent.conversation.models import Answer, Sentence
from agent.conversation.protocol import Looker, Understood
from agent.host.host import ToolStatus
from agent.models import Evidence
from agent.settings import Settings
from agent.wording import Language


class ModelChat:
    """A model behind an OpenAI-compatible endpoint. Making one opens no connection."""

    def __init__(self, settings: Settings, endpoint: EndpointSettings) -> None:
        self.settings = settings
        self.endpoint = endpoint

    @property
    def name(self) -> str:
        """As answers name it: `model:` and the model's name."""
        return f"model:{self.settings.model}"

    @property
    def longest_s(self) -> float:
        """How long the model may take for one question, all rounds together, in seconds."""
        return self.settings.model_timeout_s * self.settings.model_rounds

    def prepare(self) -> None:
        """Load what takes long to load; no connection is opened."""

    def disclosure(self, language: Language) -> str:
        """Which endpoint is used and what it sees, to be told before it sees anything."""
        return f"{self.name} {self.endpoint.shown}"

    async def answer(
        self,
        asked: Understood,
        known: Sequence[Sentence],
        history: Sequence[Answer],
        tools: Sequence[ToolStatus],
        looker: Looker,
        evidence: Mapping[str, Evidence],
    ) -> Writing:
        """What the model has to say. Raises: ModelError."""
        raise ModelError("not built yet")


def build_model_chat(settings: Settings | None = None, endpoint: EndpointSettings | None = None) -> ModelChat:
    """The model that the settings name, those of the environment by default.

    Raises: ModelError when no model is named."""
    return ModelChat(settings or Settings(), endpoint or EndpointSettings())
