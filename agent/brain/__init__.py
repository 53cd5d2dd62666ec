"""Who fills the typed decisions of an investigation: `protocol.py` says which, `playbook/` is the embedded default,
`model/` asks a language model through `endpoint/`, `failover.py` keeps both going, `building.py` puts them together."""

from agent.brain.entry import build_brain

__all__ = ["build_brain"]
