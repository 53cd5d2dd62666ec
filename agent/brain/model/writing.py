"""How values are written for a model: on one line, without secrets, names hidden, and marked where an attacker may
have written them.

A value of an outsider is always quoted behind a `~`; one that a sensor or the operator attests is quoted only where it
would not be one word.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.brain.endpoint.names import Names
from agent.evidence.text import inert
from knowledge.trust.masking import mask_secrets

UNTRUSTED: Final = "~"
CLIP: Final = 160
"""Characters of one value."""
_ITEMS: Final = 6
"""Items of a list of plain values."""
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/\\@+\-]+")


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes for one case: its names are hidden in everything that leaves."""

    names: Names

    def text(self, text: str, clip: int | None = None) -> str:
        """A text of ours, or a whole sentence: inert, masked, names hidden."""
        return inert(self.names.hide(mask_secrets(text)), clip)

    def quoted(self, text: str, clip: int | None = CLIP) -> str:
        """Somebody else's text as a JSON string."""
        return json.dumps(self.text(text, clip), ensure_ascii=False)

    def value(self, value: JsonValue, *, trusted: bool, clip: int = CLIP) -> str:
        """A value as one token."""
        if isinstance(value, str):
            text = self.text(value, clip)
            shown = text if trusted and _WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)
        else:
            shown = json.dumps(self._plain(value, clip), ensure_ascii=False, separators=(",", ":"))
        return shown if trusted else f"{UNTRUSTED}{shown}"

    def _plain(self, value: JsonValue, clip: int) -> JsonValue:
        if isinstance(value, str):
            return self.text(value, clip)
        if isinstance(value, list):
            rest = len(value) - _ITEMS
            kept: list[JsonValue] = [self._plain(item, clip) for item in value[:_ITEMS]]
            return [*kept, f"and {rest} more"] if rest > 0 else kept
        if isinstance(value, dict):
            return f"{len(value)} fields"
        return value
