"""What the doctor looks at, gathered once at the edge so that a check can be pointed at anything."""

import os
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

from agent.models import utc_now
from ui.cli.catalogue import Catalogue
from ui.cli.setting_up import read_env
from ui.home import Home


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One machine and one home, as the checks see them."""

    t: Catalogue
    home: Home
    environment: Mapping[str, str]
    """Settings in force: MCPSOC_*, where the model is (OPENAI_*), and the proxy."""
    now: datetime
    python: tuple[int, int]
    sqlite: tuple[int, ...]
    requirements: tuple[str, ...]
    """What the installed project says it needs, as requirement strings."""
    encoding: str
    """Of stdout."""
    user_id: int
    least_free_mb: int = 500
    """Free space below which the disk counts as nearly full."""


def look_around(t: Catalogue) -> Surroundings:
    """This machine, this home."""
    root = Path(os.environ.get("MCPSOC_HOME") or "~/.mcpsoc").expanduser()
    ours = {name: value for name, value in os.environ.items() if name.startswith(("MCPSOC_", "OPENAI_", "HTTPS_PROXY"))}
    return Surroundings(
        t=t,
        home=Home(root),
        environment={**read_env(root / ".env"), **ours},
        now=utc_now(),
        python=sys.version_info[:2],
        sqlite=sqlite3.sqlite_version_info,
        requirements=tuple(metadata.requires("mcpsoc") or ()),
        encoding=sys.stdout.encoding or "",
        user_id=os.getuid(),
    )
