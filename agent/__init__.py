"""The analyst: an alert goes in, a case with a proven verdict comes out. Start at `investigation/graph.py`."""
