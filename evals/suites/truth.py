"""The lab's ground truth, read from its file. Only evals may: no server, no agent and no brain ever sees it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from agent.models import Model


class Truth(Model, extra="ignore"):
    """What the lab knows about one story."""

    family: str
    kind: str
    expected: tuple[str, ...]
    """Dispositions that are right."""
    required: tuple[str, ...] = ()
    """Tools or sensors whose evidence has to be found."""
    techniques: tuple[str, ...] = ()


def truths(lab: Path) -> dict[str, Truth]:
    """Alert id to the truth of its story."""
    query = (
        "SELECT a.id, s.family, s.kind, s.truth FROM alerts a JOIN stories s ON s.id = a.story ORDER BY a.time, a.id"
    )
    with closing(sqlite3.connect(f"file:{lab}?mode=ro", uri=True)) as rows:
        return {
            alert: Truth.model_validate({**json.loads(truth), "family": family, "kind": kind})
            for alert, family, kind, truth in rows.execute(query)
        }
