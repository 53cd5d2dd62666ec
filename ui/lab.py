"""The lab as the command line handles it."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from agent.models import JsonObject
from servers.lab.records import from_ms
from servers.lab.world import Lab
from ui.home import Home

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
FILES = ("", "-wal", "-shm")
"""A database in WAL mode is up to three files."""


def duration(text: str) -> timedelta | None:
    """`90s`, `30m`, `2h`, `1d` or several of them in a row; None for anything else."""
    parts = re.findall(r"(\d{1,6})([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def create_lab(home: Home, seed: int, stories: tuple[tuple[str, str], ...] | None = None) -> None:
    """A new lab in the place of any other. It is built beside and moved there, so that Ctrl-C leaves none by halves."""
    building = home.lab.with_name("lab.building.db")
    _remove(building)
    with closing(Lab.create(building, seed, stories)) as lab:
        lab.now()
    _remove(home.lab)
    for ending in FILES:
        part = building.with_name(building.name + ending)
        if part.exists():
            part.rename(home.lab.with_name(home.lab.name + ending))


def advance_lab(home: Home, by: timedelta) -> None:
    """Let time pass."""
    with closing(Lab.open(home.lab)) as lab:
        lab.advance(by)


def export_lab(home: Home) -> Iterator[bytes]:
    """Every record as a JSON line."""
    with closing(Lab.open(home.lab)) as lab:
        yield from lab.export()


def status(home: Home) -> JsonObject:
    """What the lab holds."""
    with closing(Lab.open(home.lab)) as lab:
        meta = dict(lab.db.execute("SELECT key, value FROM meta").fetchall())
        new = "SELECT count(*) FROM alerts WHERE status = 'new'"
        return {
            "path": str(home.lab),
            "seed": int(meta["seed"]),
            "start": from_ms(int(meta["start"])).isoformat(),
            "now": lab.now().isoformat(),
            **{table: _count(lab, table) for table in ("events", "alerts", "hosts", "people")},
            "new_alerts": int(lab.db.execute(new).fetchone()[0]),
            "synthetic": True,
        }


def _count(lab: Lab, table: str) -> int:
    counts = {
        "events": "SELECT count(*) FROM events",
        "alerts": "SELECT count(*) FROM alerts",
        "hosts": "SELECT count(*) FROM hosts",
        "people": "SELECT count(*) FROM people",
    }
    return int(lab.db.execute(counts[table]).fetchone()[0])


def _remove(database: Path) -> None:
    for ending in FILES:
        database.with_name(database.name + ending).unlink(missing_ok=True)
