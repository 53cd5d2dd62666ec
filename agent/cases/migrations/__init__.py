"""How the case database came to its present form; run by `agent.cases.database`."""
