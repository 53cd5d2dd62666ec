"""The conversation with the model: what it is shown, what it may ask, and when it has to come to an end."""

from agent.conversation.model.settings import EndpointSettings, ModelSettings


class ModelChat:
    """A model behind an OpenAI-compatible endpoint. Making one opens no connection."""

    def __init__(self, settings: ModelSettings, endpoint: EndpointSettings) -> None:
        self.settings = settings
        self.endpoint = endpoint

    @property
    def name(self) -> str:
        """As answers name it: `model:` and the model's name."""
        return f"model:{self.settings.model}"


def build_model_chat(settings: ModelSettings | None = None, endpoint: EndpointSettings | None = None) -> ModelChat:
    """The model that the settings name, those of the environment by default.

    Raises: ModelError when no model is named."""
    return ModelChat(settings or ModelSettings(), endpoint or EndpointSettings())
