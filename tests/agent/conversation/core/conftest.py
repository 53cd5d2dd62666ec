"""Conversations as one process after the other has them."""

from tests.agent.conversation.chats import chats, follow, host, lab_path

__all__ = ["chats", "follow", "host", "lab_path"]
