"""Putting the parts together: servers, host, stores and analyst, for one home and one world.

This is the one place where agent and servers meet, and they meet over MCP: the analyst gets transports, not servers.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.brain.playbook.loader import load_playbooks
from agent.cases import CaseStore
from agent.host import Connection, Host, PinStore
from agent.models import World, utc_now
from agent.settings import Settings as AgentSettings
from knowledge.trust.audit import AuditLog
from servers.bundle import bundled
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings
from ui.home import Home
