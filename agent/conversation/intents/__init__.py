"""Answers without a model: one intent per file, and this table of all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agent.conversation.intents.capabilities import Capabilities
from agent.conversation.intents.sensor_fresh import SensorFresh
from agent.conversation.protocol import Intent

__all__ = ["INTENTS"]

_ALL: Final[tuple[Intent, ...]] = (SensorFresh(), Capabilities())
INTENTS: Final[Mapping[str, Intent]] = MappingProxyType({intent.name: intent for intent in _ALL})
"""Intent by name; the names are those of the understanding's table."""
