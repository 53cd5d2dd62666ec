"""Which way of giving structured answers works where: found out once, remembered by the process and by the home."""

from pathlib import Path
from typing import cast

from agent.brain.endpoint.protocol import Endpoint, Mode
from agent.brain.fitness import Mode as FixedMode
from agent.brain.records import keep_mode, read_record


class ModeMemory:
    """The modes that worked. With a home they are kept in its `model.json`, where what the probe found wins."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home
        self._modes: dict[tuple[str, str], FixedMode] = {}

    def of(self, endpoint: Endpoint) -> FixedMode | None:
        """The mode that works there; None when nobody found out yet. Raises: ModelRecordError."""
        key = _key(endpoint)
        if key not in self._modes and self.home is not None and (kept := read_record(self.home, *key).mode):
            self._modes[key] = kept
        return self._modes.get(key)

    def keep(self, endpoint: Endpoint, mode: Mode) -> None:
        """Remember that it worked. Raises: ModelRecordError."""
        key, worked = _key(endpoint), cast(FixedMode, mode)
        if mode == "auto" or self._modes.get(key) == mode:
            return
        self._modes[key] = worked
        if self.home is not None:
            keep_mode(self.home, *key, worked)


def _key(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.shown, endpoint.name.removeprefix("model:")
