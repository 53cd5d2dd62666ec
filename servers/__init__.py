"""Security servers, each one an MCP server usable from any MCP client. None of them imports the agent."""
