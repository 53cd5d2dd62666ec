"""The embedded brain: deterministic, in process, no key."""

from agent.brain.playbook.brain import PlaybookBrain

__all__ = ["PlaybookBrain"]
