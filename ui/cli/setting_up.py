"""The process edge: the `.env` of MCPSOC_HOME, and log lines on stderr."""

import logging
import os
import sys
from pathlib import Path

QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}
"""Libraries that send usage statistics or traces unless told not to; a person who sets these keeps their own value."""

ADDRESSES = ("httpx", "httpcore", "urllib3")
"""Loggers that write the address of each request: that of a chat's webhook is its credential."""


def set_up() -> None:
    """Take MCPSOC_* settings from the `.env` in MCPSOC_HOME; the environment wins over the file.

    A `.env` of the current folder is not read: whoever wrote that folder could name commands to start. What is written
    from here on is for its owner alone, also in a folder that others may look into."""
    os.umask(0o077)
    home = Path(os.environ.get("MCPSOC_HOME") or "~/.mcpsoc").expanduser()
    for name, value in {**read_env(home / ".env"), **QUIET}.items():
        os.environ.setdefault(name, value)
    level = os.environ.get("MCPSOC_LOG_LEVEL", "warning").upper()
    known = logging.getLevelNamesMapping().get(level, logging.WARNING)
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(known)
    logging.basicConfig(handlers=[handler], level=known, format="%(levelname)s %(name)s %(message)s")
    for name in ADDRESSES:
        logging.getLogger(name).setLevel(max(known, logging.WARNING))


def read_env(path: Path) -> dict[str, str]:
    """The MCPSOC_* settings of an env file; empty when there is none."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(path).items() if name.startswith("MCPSOC_") and value}
