"""What is known about models and has to be remembered: `model.json` in the home."""

from pathlib import Path

from agent.brain.endpoint.protocol import Endpoint, Mode
from agent.models import JsonObject, Model, UtcTime


class ModelNote(Model):
    """What is known about one model at one endpoint."""

    mode: Mode | None = None
    """How it gives structured answers; None: not found out yet. What the probe found wins."""
    told_at: UtcTime | None = None
    """When a person was told that data goes there."""
    fitness: JsonObject | None = None
    """What the probe measured, in the probe's own form; its member `mode` is how it gives structured answers."""


class ModelNotes:
    """The notes of one home, in `path`; without a path they last as long as the process."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def of(self, endpoint: Endpoint) -> ModelNote:
        """What is known about the model behind `endpoint`."""
        raise NotImplementedError

    def note(
        self,
        endpoint: Endpoint,
        *,
        mode: Mode | None = None,
        told_at: UtcTime | None = None,
        fitness: JsonObject | None = None,
    ) -> None:
        """Remember what is given; what is not given stays."""
        raise NotImplementedError

    def mode(self, endpoint: Endpoint) -> Mode | None:
        """The mode that works there; None when nobody found out yet."""
        raise NotImplementedError
