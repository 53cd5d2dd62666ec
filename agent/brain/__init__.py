"""Who fills the typed decisions of an investigation: `protocol.py` says which, `playbook/` is the embedded default."""
