"""What the SOC knows: documents, retrieval, synchronisation and trust. Imports none of its sibling packages."""
