"""Answering with a language model, when one is switched on. Start at chat.py; its words are in prompts/.

A model chooses what to look at and phrases sentences; checking.py decides which of them stand.
"""

from agent.conversation.model.chat import ModelChat, build_model_chat
from agent.conversation.model.checking import checked_writing
from agent.conversation.model.writing import Writing

__all__ = ["ModelChat", "Writing", "build_model_chat", "checked_writing"]
