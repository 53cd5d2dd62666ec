"""The one place that talks to an endpoint: Chat Completions over HTTP, with a time limit; whatever goes wrong has a
name."""

from agent.brain.endpoint.protocol import Asked, Said
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.settings import Settings


class HttpEndpoint:
    """One model at one endpoint. Making it loads the library and opens no connection."""

    def __init__(self, endpoint: EndpointSettings, settings: ModelSettings, model: str, timeout_s: float) -> None:
        """`timeout_s`: how long one answer may take, repeated requests included."""
        self.endpoint = endpoint
        self.settings = settings
        self.model = model
        self.timeout_s = timeout_s

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

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the connections."""
        raise NotImplementedError


def open_endpoint(
    settings: Settings,
    *,
    endpoint: EndpointSettings | None = None,
    model: ModelSettings | None = None,
    name: str | None = None,
) -> HttpEndpoint:
    """The endpoint that the settings name, those of the environment by default; `name`: another model there.

    Opens no connection. Raises: ModelUnfitError when no model is named, or a setting cannot be used."""
    return HttpEndpoint(
        endpoint or EndpointSettings(), model or ModelSettings(), name or settings.model, settings.model_timeout_s
    )
