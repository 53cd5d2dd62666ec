"""Attacks and their twins: `engine.py` plays a script against containment, `scene.py` is what scripts are written with,
`families.py` the table of families, one file per family beside it."""
