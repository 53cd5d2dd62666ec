"""Reading a question without a model: fold its text, find what it names, when, and which intent it fits."""

from agent.conversation.protocol import Understanding
from agent.conversation.understanding.aspects import load_aspects
from agent.conversation.understanding.reader import Reader
from agent.conversation.understanding.table import load_table
from agent.conversation.understanding.words import load_words

__all__ = ["build_understanding"]


def build_understanding() -> Understanding:
    """The understanding over the shipped tables."""
    return Reader(load_table(), load_words(), load_aspects())
