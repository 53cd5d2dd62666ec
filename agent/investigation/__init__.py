"""One investigation, read-only and repeatable: `graph.py` shows nodes and edges, `steps/` holds one file per node."""
