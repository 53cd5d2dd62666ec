"""What a verdict rests on: the ledger keeps answers, claims re-run statements on them, provenance says who wrote what.

Read `ledger.py`, `claims.py`, `provenance.py`, then `gates.py`; `verification.py` does it all again on an export.
"""
