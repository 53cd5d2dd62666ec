"""The framework of the servers: typed methods in, an MCP server out.

answer.py      what a method returns, and the argument types it uses      provenance.py  who wrote a value
tool.py        a method becomes a tool: schemas, argument check, call     envelope.py    status, bounds, untrusted paths
gate.py        grants for changes     secrets.py, inert.py                what never travels, what never acts
server.py      build_server and SecurityServer: start here                protocol.py    the only import of mcp
"""

from servers.errors import NotFoundError, ToolError
from servers.kit.answer import Cursor, Limit, Output, Paged, Problem, Reply, Time, paged
from servers.kit.gate import Gate
from servers.kit.provenance import PROTECTED_PATH, T0, T1, T2
from servers.kit.server import SecurityServer, build_server

__all__ = [
    "PROTECTED_PATH",
    "T0",
    "T1",
    "T2",
    "Cursor",
    "Gate",
    "Limit",
    "NotFoundError",
    "Output",
    "Paged",
    "Problem",
    "Reply",
    "SecurityServer",
    "Time",
    "ToolError",
    "build_server",
    "paged",
]
