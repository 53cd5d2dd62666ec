"""The lab: a simulated enterprise in one SQLite file, with its own clock.

Reading goes through `Lab.db` and `servers.lab.queries`; only the methods below change anything, each in one
transaction, so that any number of processes may share the file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from servers.errors import ConfigurationError
from servers.lab import register, store
from servers.lab.background import calendar
from servers.lab.messages import message_id
from servers.lab.population import DAY_MS, EPOCH_MS, build
from servers.lab.queries.network import contained
from servers.lab.reaction import Controls
from servers.lab.records import Containment, ContainmentKind, Event, Outcome, encode, from_ms, iso, to_ms
from servers.lab.schema import INDEXES, TABLES, VERSION
from servers.lab.stories.engine import KINDS, Player, State
from servers.lab.stories.families import FAMILIES, Story, kind_of, tell

BUSY_MS = 20_000
SLOT_MS = 15 * 60_000
"""Being cut off once costs a person the quarter of an hour it happens in."""


class Lab:
    """A lab on disk. `db` is a read-only connection that threads may share."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self.db = db
        self.seed = int(_meta(db, "seed"))
        self._stories: dict[str, Story] | None = None

    @classmethod
    def create(cls, path: Path, seed: int, stories: Iterable[tuple[str, str]] | None = None) -> "Lab":
        """A new lab of 7 days of history: all 50 stories, or those (family, kind) given.

        Raises: FileExistsError when there is a file already, ValueError for an unknown family or kind."""
        enterprise = build(seed)
        wanted = ((family, kind) for family in FAMILIES for kind in KINDS) if stories is None else stories
        told = [tell(enterprise, family, kind_of(kind)) for family, kind in dict.fromkeys(wanted)]
        if path.exists():
            raise FileExistsError(f"{path} is there already; a lab is never overwritten")
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None)
        try:
            db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + TABLES)
            db.execute("BEGIN IMMEDIATE")
            _fill(db, seed, told)
            db.execute("COMMIT")
            db.executescript(INDEXES + "ANALYZE; PRAGMA journal_mode = WAL;")
        except BaseException:
            db.close()
            path.unlink()
            raise
        db.close()
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Lab":
        """An existing lab. Raises: ConfigurationError for a file that is none or of another schema."""
        if not path.is_file():
            raise ConfigurationError(f"there is no lab at {path}")
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            db.execute("PRAGMA query_only = ON")
            version = _meta(db, "schema")
        except sqlite3.DatabaseError as error:
            db.close()
            raise ConfigurationError(f"{path} is not a lab: {error}") from error
        if version != VERSION:
            db.close()
            raise ConfigurationError(f"{path} is a lab of schema {version}, this version reads {VERSION}")
        return cls(path, db)

    def close(self) -> None:
        """Close the file; also done by `with Lab.open(path) as lab:`."""
        self.db.close()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def now(self) -> datetime:
        """The lab's clock, aware, UTC."""
        return from_ms(int(_meta(self.db, "now")))

    def advance(self, by: timedelta) -> datetime:
        """Let time pass: people work, stories go on as far as containment lets them. Returns the new now.

        Raises: ValueError for a negative time: the clock never goes back."""
        if by < timedelta(0):
            raise ValueError("a lab's clock never goes back")
        with self._change() as db:
            before = int(_meta(db, "now"))
            until = before + by // timedelta(milliseconds=1)
            controls = Controls(build(self.seed), store.read_measures(db))
            happened = [*self._ordinary(db, controls, before, until), *self._told(db, controls, until)]
            gaps = store.read_gaps(db)
            store.write_events(db, (pair for pair in happened if store.seen(gaps, pair[1])))
            db.execute(
                """UPDATE containment SET active = 0 WHERE kind IN ('block_address', 'sinkhole_domain')
                   AND until IS NOT NULL AND until <= ?""",
                (until,),
            )
            db.execute("UPDATE meta SET value = ? WHERE key = 'now'", (str(until),))
        return from_ms(until)

    def export(self) -> Iterator[bytes]:
        """Every record but the ground truth as JSON lines, each saying that it is synthetic; equal for equal labs."""
        return store.export(self.db)

    def contain(self, kind: ContainmentKind, target: str, until: datetime | None, by: str) -> Containment:
        """Contain an address, account name, host name, file sha256 or domain from now on. Asking again moves its end.

        Raises: ValueError for an end that is not after now."""
        stories = self._all_stories().values()
        wrong = not any((kind, target) in _right(story) for story in stories)
        with self._change() as db:
            now = int(_meta(db, "now"))
            if until is not None and to_ms(until) <= now:
                raise ValueError(f"containment until {iso(to_ms(until))} would be over at once: it is {iso(now)}")
            end = None if until is None else to_ms(until)
            found = contained(db, kind=kind, target=target, at=from_ms(now))
            if found is None:
                sql = """INSERT INTO containment (kind, target, from_time, until, active, "by", wrong)
                         VALUES (?, ?, ?, ?, 1, ?, ?)"""
                db.execute(sql, (kind, target, now, end, by, wrong))
            else:
                db.execute("UPDATE containment SET until = ? WHERE id = ?", (end, found.id))
            if kind == "disable_account":
                db.execute("UPDATE accounts SET enabled = 0 WHERE name = ?", (target,))
            measure = contained(db, kind=kind, target=target, at=from_ms(now))
        if measure is None:
            raise ValueError(f"{kind} of {target!r} did not take effect")
        return measure

    def release(self, kind: ContainmentKind, target: str, by: str) -> bool:
        """End a measure now, in the name of `by`; False when none was in force."""
        with self._change() as db:
            now = int(_meta(db, "now"))
            found = contained(db, kind=kind, target=target, at=from_ms(now))
            if found is None:
                return False
            sql = """UPDATE containment SET active = 0, until = ?, "by" = ? WHERE id = ?"""
            db.execute(sql, (now, f"{found.by}; released by {by}", found.id))
            if kind == "disable_account":
                db.execute("UPDATE accounts SET enabled = 1 WHERE name = ?", (target,))
        return True

    def outcome(self, story_id: str) -> Outcome:
        """How far a story has come and where containment stopped it. Raises: KeyError for an unknown story."""
        row = self.db.execute("SELECT state FROM stories WHERE id = ?", (story_id,)).fetchone()
        if row is None:
            raise KeyError(f"this lab plays no story {story_id!r}")
        state, story = State.load(row[0]), self._all_stories()[story_id]
        total = len(story.plot.script.steps)
        return Outcome(story_id, tuple(state.done), total, state.stopped_at, state.stalled)

    def collateral(self) -> int:
        """Minutes of work that containing the wrong things has cost people so far."""
        sql = "SELECT coalesce(sum(minutes), 0) FROM collateral JOIN containment ON id = containment WHERE wrong = 1"
        return int(self.db.execute(sql).fetchone()[0])

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own: it waits for other writers, and all of it happens or nothing."""
        db = sqlite3.connect(self.path, isolation_level=None)
        try:
            db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        finally:
            db.close()

    def _all_stories(self) -> dict[str, Story]:
        if self._stories is None:
            enterprise = build(self.seed)
            rows = self.db.execute("SELECT family, kind FROM stories ORDER BY id").fetchall()
            told = [tell(enterprise, family, kind_of(kind)) for family, kind in rows]
            self._stories = {story.id: story for story in told}
        return self._stories

    def _ordinary(
        self, db: sqlite3.Connection, controls: Controls, before: int, until: int
    ) -> Iterator[tuple[str, Event]]:
        for event_id, event in calendar.between(self.seed, before, until):
            measure = controls.against(event) if controls.measures else None
            if measure is None:
                yield event_id, event
                continue
            _charge(db, measure.id, controls.hurt(event), event.at)
            if (recorded := controls.instead(event, measure)) is not None:
                yield event_id, recorded

    def _told(self, db: sqlite3.Connection, controls: Controls, until: int) -> Iterator[tuple[str, Event]]:
        rows = db.execute("SELECT id, state FROM stories ORDER BY id").fetchall()
        for story_id, text in rows:
            story, state = self._all_stories()[story_id], State.load(text)
            for happened in Player(story_id, story.plot.script, state, controls).play(until):
                if happened.measure is not None and not story.plot.script.hostile:
                    _charge(db, happened.measure.id, controls.hurt(happened.wanted), happened.wanted.at)
                if happened.event is not None:
                    yield happened.id, happened.event
            db.execute("UPDATE stories SET state = ? WHERE id = ?", (state.dump(), story_id))


def _fill(db: sqlite3.Connection, seed: int, stories: list[Story]) -> None:
    """Everything a new lab holds."""
    enterprise = build(seed)
    now = EPOCH_MS + 7 * DAY_MS
    meta = {"seed": seed, "start": EPOCH_MS, "now": now, "schema": VERSION, "synthetic": "true"}
    db.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in meta.items()])
    store.write_enterprise(db, enterprise, EPOCH_MS)
    plots = [story.plot for story in stories]
    store.write_registers(
        db,
        [*register.ordinary_work(enterprise), *(entry for plot in plots for entry in plot.work)],
        [*register.ordinary_files(enterprise), *(file for plot in plots for file in plot.files)],
        [*register.ordinary_domains(enterprise), *(domain for plot in plots for domain in plot.domains)],
        [*register.ordinary_intel(enterprise), *(item for plot in plots for item in plot.intel)],
    )
    store.write_gaps(db, (gap for plot in plots for gap in plot.gaps))
    controls = Controls(enterprise, ())
    happened = list(calendar.between(seed, EPOCH_MS - 1, now))
    for story in stories:
        state = State()
        played = Player(story.id, story.plot.script, state, controls).play(now)
        happened.extend((item.id, item.event) for item in played if item.event is not None)
        row = (story.id, story.family.name, story.kind, state.dump(), story.truth())
        db.execute("INSERT INTO stories VALUES (?, ?, ?, ?, ?)", row)
        document = encode(story.alert_document())
        alert = (story.alert_id, story.alert_at, story.family.title, "new", story.id, document)
        db.execute("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?)", alert)
    gaps = store.read_gaps(db)
    store.write_events(db, (pair for pair in happened if store.seen(gaps, pair[1])))


def _right(story: Story) -> set[tuple[str, str]]:
    if not story.plot.script.hostile:
        return set()
    script = story.plot.script
    needs = {(need.kind, need.target) for step in script.steps for need in step.needs}
    sinkholes = {need for need in needs if need[0] == "sinkhole_domain"}
    delivered = [event for step in script.steps for event in step.emit(step.begins) if event.category == "email"]
    messages = {("quarantine_message", message_id(event.at, event.fields)) for event in delivered}
    return sinkholes | messages | {(need.kind, need.target) for need in story.plot.indicators}


def _charge(db: sqlite3.Connection, measure: int, person: str | None, at: int) -> None:
    if person is not None:
        sql = "INSERT OR IGNORE INTO collateral VALUES (?, ?, ?, ?)"
        db.execute(sql, (measure, person, at // SLOT_MS, SLOT_MS // 60_000))


def _meta(db: sqlite3.Connection, key: str) -> str:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return "" if row is None else str(row[0])
