"""The framework of the servers: typed methods in, an MCP server out.

server.py     build_server and SecurityServer: start here     protocol.py, access.py    the wire, and who is let in
answer.py     what a method returns, its argument types       envelope.py, provenance.py   bounds, who wrote what
changes.py    what a change declares     life.py, actions.py  how it lives     gate.py, guards.py   what it needs
settings.py, http.py, programs.py, cache.py                   what the backends are made with
"""

from servers.errors import NotFoundError, ToolError
from servers.kit.answer import Cursor, Limit, Output, Paged, Problem, Reply, Time, paged
from servers.kit.changes import Change, Plan, Rate, Read, Undo
from servers.kit.conditions import Conditions
from servers.kit.gate import Gate
from servers.kit.guards import Hit, Protected
from servers.kit.provenance import PROTECTED_PATH, T0, T1, T2
from servers.kit.server import SecurityServer, build_server

__all__ = [
    "PROTECTED_PATH",
    "T0",
    "T1",
    "T2",
    "Change",
    "Conditions",
    "Cursor",
    "Gate",
    "Hit",
    "Limit",
    "NotFoundError",
    "Output",
    "Paged",
    "Plan",
    "Problem",
    "Protected",
    "Rate",
    "Read",
    "Reply",
    "SecurityServer",
    "Time",
    "ToolError",
    "Undo",
    "build_server",
    "paged",
]
