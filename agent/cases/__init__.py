"""Cases: kept in a database (`store.py`), decided by people (`lifecycle.py`), shown and handed on (`report/`)."""

from agent.cases.store import CaseStore

__all__ = ["CaseStore"]
