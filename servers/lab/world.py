"""The lab: a simulated enterprise in one SQLite file, with its own clock.

Reading goes through `Lab.db` and `servers.lab.queries`; only the methods below change anything, each in one
transaction, so that any number of processes may share the file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from servers.lab.records import Containment, ContainmentKind, Outcome


class Lab:
    """A lab on disk. `db` is a read-only connection that threads may share."""

    path: Path
    db: sqlite3.Connection

    @classmethod
    def create(cls, path: Path, seed: int, stories: Iterable[tuple[str, str]] | None = None) -> "Lab":
        """A new lab of 7 days of history: all 50 stories, or those (family, kind) given.

        Raises: FileExistsError when there is a file already, ValueError for an unknown family or kind."""
        raise NotImplementedError

    @classmethod
    def open(cls, path: Path) -> "Lab":
        """An existing lab. Raises: LabError for a file that is none or of another schema."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file; also done by `with Lab.open(path) as lab:`."""

    def now(self) -> datetime:
        """The lab's clock, aware, UTC."""
        raise NotImplementedError

    def advance(self, by: timedelta) -> datetime:
        """Let time pass: people work, stories go on as far as containment lets them. Returns the new now."""
        raise NotImplementedError

    def export(self) -> Iterator[bytes]:
        """Every record but the ground truth as JSON lines, each saying that it is synthetic; equal for equal labs."""
        raise NotImplementedError

    def contain(self, kind: ContainmentKind, target: str, until: datetime | None, by: str) -> Containment:
        """Contain an address, account name, host name or file sha256 from now on. Asking again changes nothing."""
        raise NotImplementedError

    def release(self, kind: ContainmentKind, target: str, by: str) -> bool:
        """End a measure now; False when none was in force."""
        raise NotImplementedError

    def outcome(self, story_id: str) -> Outcome:
        """How far a story has come and where containment stopped it. Raises: KeyError for an unknown story."""
        raise NotImplementedError

    def collateral(self) -> int:
        """Minutes of work that containing the wrong things has cost people so far."""
        raise NotImplementedError
