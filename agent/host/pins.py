"""Tool definitions that somebody accepted. A tool that changes is out of use until its new definition is accepted."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent.errors import PinError
from agent.host.tools import Tool
from agent.models import JsonObject, Model, UtcTime
from knowledge.trust.owned_files import alone, replace_file

PinState: TypeAlias = Literal["accepted", "new", "changed"]
PERSON = "person"


class Pin(Model):
    """One accepted definition."""

    sha256: str
    accepted_at: UtcTime
    accepted_by: str
    """`person`, or the product version whose code brought the definition along."""
    definition: JsonObject


class PinChange(Model):
    """What differs between the accepted definition of a tool and the one its server gives now."""

    tool: str
    """Full name."""
    state: Literal["new", "changed"]
    parts: tuple[str, ...]
    """`description`, `inputSchema`, `outputSchema`: which of them differ."""
    before: JsonObject | None
    after: JsonObject


_FILE = TypeAdapter(dict[str, Pin])


class PinStore:
    """Accepted definitions by full tool name, in a JSON file or, without a path, in memory.

    Several processes may use one file: a write takes a lock, reads what is there, and replaces the file whole."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._pins: dict[str, Pin] = {} if path is None else _load(path)

    def get(self, full_name: str) -> Pin | None:
        """The accepted definition of a tool."""
        return self._pins.get(full_name)

    def state(self, tool: Tool) -> PinState:
        """Whether this very definition was accepted."""
        if (pin := self._pins.get(tool.full_name)) is None:
            return "new"
        return "accepted" if pin.sha256 == tool.sha256 else "changed"

    def accept(self, tools: Iterable[Tool], by: str = PERSON) -> None:
        """Accept these definitions, in place of older ones.

        Raises: PinError when the file cannot be read or written."""
        now = datetime.now(UTC)
        fresh = {
            tool.full_name: Pin(sha256=tool.sha256, accepted_at=now, accepted_by=by, definition=tool.definition)
            for tool in tools
        }
        if self._path is None:
            self._pins |= fresh
        elif fresh:
            try:
                with alone(self._path):
                    self._pins = _load(self._path) | fresh
                    replace_file(self._path, _FILE.dump_json(self._pins, indent=1))
            except OSError as error:
                raise PinError(f"{self._path}: {error.strerror}") from error

    def diff(self, tool: Tool) -> PinChange | None:
        """What is not accepted about this definition; None when it is accepted."""
        state = self.state(tool)
        if state == "accepted":
            return None
        pin = self._pins.get(tool.full_name)
        before = None if pin is None else pin.definition
        after = tool.definition
        parts = tuple(name for name in after if before is None or before.get(name) != after[name])
        return PinChange(tool=tool.full_name, state=state, parts=parts, before=before, after=after)


def _load(path: Path) -> dict[str, Pin]:
    try:
        return _FILE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a pin file"
        raise PinError(f"{path}: {reason}; move it away to accept every tool anew") from error


def readable(value: JsonValue) -> str:
    """A part of a definition as text that two versions can be compared by, line by line."""
    return value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True)
