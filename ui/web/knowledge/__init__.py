"""Drawing the knowledge base: what a search found, the documents there are, and one section to read."""
