"""A language model takes the decisions of an investigation. Start at brain.py.

CaseView -> document.py (what is new, in lines) -> conversation.py (the messages) -> endpoint (decide)
         -> schema.py, parsing.py (frozen types, what does not exist struck) -> Plan, Assessment, Challenge, Conclusion
"""

from agent.brain.model.brain import ModelBrain
from agent.brain.model.prompts import prompt_version

__all__ = ["ModelBrain", "prompt_version"]
