"""Closed cases as evals: `freezing.py` makes one of a case, `format.py` is what lies in the folder."""
