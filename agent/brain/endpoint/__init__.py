"""Asking a language model behind any OpenAI-compatible endpoint. Start at protocol.py; client.py sends.

    decide (structured.py) -> Metered (budgets, prices, pace) -> HttpEndpoint (client, retries, spans) -> the wire

Nothing of a model's answer is believed here: an answer is a text, a list of calls, or an error with a name.
"""

from agent.brain.endpoint.client import HttpEndpoint, open_endpoint
from agent.brain.endpoint.protocol import Asked, Endpoint, Said, ToolCall

__all__ = ["Asked", "Endpoint", "HttpEndpoint", "Said", "ToolCall", "open_endpoint"]
