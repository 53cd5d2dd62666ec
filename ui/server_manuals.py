"""A bundled server as a document: its tools with arguments, risk and undo, and its settings."""

from dataclasses import asdict

from agent.models import JsonObject
from servers.kit import SecurityServer
from servers.pages.manual import ToolManual, manual_of
from servers.pages.options import Group, groups_of
from ui.server_reads import closed_by
from ui.serving import bundled_server, describe, health_of, home_to_look_at


async def manual(name: str) -> JsonObject:
    """Everything about a bundled server, its health included; of its settings the defaults, never what is set.

    Raises: UsageError when there is none of that name."""
    with home_to_look_at() as home:
        server = bundled_server(name, home)
        health = await health_of(server)
    tools = [_tool(server, tool) for tool in manual_of(server).tools]
    groups = groups_of(name)
    return {
        **describe(server),
        "health": health,
        "instructions": server.instructions,
        "tools": [dict(tool) for tool in tools],
        "closed": {settings: [*names] for settings, names in closed_by(server).items()},
        "settings": [dict(setting) for group in groups for setting in _settings(group)],
        "needs": {
            f"{group.package}{f':{product}' if product else ''}": text
            for group in groups
            for product, text in group.needs.items()
        },
    }


def _tool(server: SecurityServer, tool: ToolManual) -> JsonObject:
    return {
        "name": tool.name,
        "description": tool.description,
        "changes": tool.changes,
        "arguments": [{**asdict(argument)} for argument in tool.arguments],
        "outputs": {by: [*paths] for by, paths in tool.outputs.items()},
        "risk": tool.risk or None,
        "undo": tool.undo or None,
        "expiry": tool.expiry or None,
        "rate": tool.rate or None,
        "sha256": server.schema_sha256(tool.name),
    }


def _settings(group: Group) -> list[JsonObject]:
    return [{**asdict(setting)} for setting in group.settings]
