"""Ourselves as a server: the cases, read-only. `records.py` is what it reads through; who has cases implements it."""
