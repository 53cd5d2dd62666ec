"""`mcpsoc`: start at `app.py`; one file per group of commands, each with `add(app, t)`."""

from ui.cli.app import main

__all__ = ["main"]
