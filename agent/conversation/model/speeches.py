"""The few sentences that a model may say without citing anything, by the names that it says them with.

They say nothing about the world, whoever chose them, so nothing an attacker wrote can make them say more.
"""

from collections.abc import Mapping
from typing import Final

SPEECHES: Final[Mapping[str, str]] = {
    "greeting": "I am here to look things up in your security tools; ask about a case, a host, an account or an event.",
    "which_one": "Please say which one you mean.",
    "which_time": "Please say which time you mean.",
    "no_answer": "What could be looked up does not answer the question.",
    "partly": "This is only a part of what was asked.",
    "cannot_change": "I only read: changes are proposed here and made by a person.",
    "out_of_scope": "That cannot be looked up here.",
}
