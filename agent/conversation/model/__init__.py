"""Answering with a language model, when one is switched on: `ModelChat` here, its words in prompts/.

A model chooses what to look at and phrases sentences; agent/conversation/sentences.py decides which of them stand.
"""

from agent.conversation.model.chat import ModelChat, build_model_chat
from agent.conversation.model.settings import ModelSettings

__all__ = ["ModelChat", "ModelSettings", "build_model_chat"]
