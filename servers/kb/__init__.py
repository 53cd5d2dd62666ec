"""Search over the runbooks and procedures of the knowledge base."""
