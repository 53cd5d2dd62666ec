"""Answers without a model: one intent per file, and this table of all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agent.conversation.intents.affected import Affected
from agent.conversation.intents.authorised_work import AuthorisedWork
from agent.conversation.intents.capabilities import Capabilities
from agent.conversation.intents.case_change import CaseChange
from agent.conversation.intents.case_summary import CaseSummary
from agent.conversation.intents.case_timeline import CaseTimeline
from agent.conversation.intents.changes import Changes
from agent.conversation.intents.claim_evidence import ClaimEvidence
from agent.conversation.intents.containment import Containment
from agent.conversation.intents.entity_activity import EntityActivity
from agent.conversation.intents.entity_profile import EntityProfile
from agent.conversation.intents.find_cases import FindCases
from agent.conversation.intents.find_events import FindEvents
from agent.conversation.intents.group_members import GroupMembers
from agent.conversation.intents.knowledge import Knowledge
from agent.conversation.intents.open_alerts import OpenAlerts
from agent.conversation.intents.sensor_fresh import SensorFresh
from agent.conversation.intents.similar_cases import SimilarCases
from agent.conversation.intents.technique import Technique
from agent.conversation.intents.what_would_change import WhatWouldChange
from agent.conversation.intents.why_open import WhyOpen
from agent.conversation.protocol import Intent

__all__ = ["INTENTS"]

_ALL: Final[tuple[Intent, ...]] = (
    CaseSummary(),
    CaseTimeline(),
    ClaimEvidence(),
    EntityProfile(),
    EntityActivity(),
    Affected(),
    SimilarCases(),
    FindCases(),
    Technique(),
    Containment(),
    OpenAlerts(),
    Changes(),
    WhyOpen(),
    WhatWouldChange(),
    SensorFresh(),
    FindEvents(),
    AuthorisedWork(),
    GroupMembers(),
    CaseChange(),
    Knowledge(),
    Capabilities(),
)
INTENTS: Final[Mapping[str, Intent]] = MappingProxyType({intent.name: intent for intent in _ALL})
"""Intent by name; the names are those of the understanding's table."""
