"""The MCP host: the only place of the analyst that touches a tool, and the only one that imports mcp.

Start at host.py. read.py and act.py are the two doors; switchboard.py stands behind both. connections.py and link.py
reach servers, registry.py and pins.py say which tools may be used, answers.py reads what comes back.
"""

from agent.host.connections import Connection, RemoteConnection, from_mcp_servers
from agent.host.host import Host
from agent.host.pins import PinStore

__all__ = ["Connection", "Host", "PinStore", "RemoteConnection", "from_mcp_servers"]
