"""What `mcpsoc triage` does once its arguments are known."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from agent.cases.telling import told
from agent.intake.errors import IntakeError, NotAnAlert
from agent.intake.parsing import parse
from agent.models import Case, Gap, JsonObject
from agent.worker import handled_before
from ui.alerts import Read, read_alerts, read_line
from ui.cli.catalogue import Catalogue, spoken
from ui.cli.output import say, write_json_line, write_line
from ui.cli.terms import inert
from ui.compose import Desk, open_desk
from ui.errors import CheckFailedError
from ui.follow import Followed, Follower, Positions
from ui.home import Home
from ui.rows import triage_row

log = logging.getLogger(__name__)

IDLE_S = 0.5
"""How long `--watch` waits before it looks again at a file that had nothing new."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one line: a result, or a reason why it is no alert, or neither for a record of context."""

    row: JsonObject | None = None
    reason: str | None = None
    case: Case | None = None
    """With the report that the row is of."""


class Printer:
    """Result lines on stdout; broken lines, and once each product that fails, on stderr."""

    def __init__(self, t: Catalogue, *, as_json: bool) -> None:
        self._t = t
        self._as_json = as_json
        self.broken = 0
        self.passed_over = 0
        self._failing: set[str] = set()

    def tell(self, name: str, ordinal: int, judged: Judged) -> None:
        """What became of one line."""
        if judged.row is not None and judged.case is not None:
            self._result(judged.row, judged.case)
        elif judged.reason is not None:
            self.broken += 1
            say(f"{name}:{ordinal}: {inert(judged.reason)}")
        else:
            self.passed_over += 1

    def _result(self, row: JsonObject, case: Case) -> None:
        if self._as_json:
            write_json_line(row)
            return
        report = told(case, spoken(self._t)).report
        if report is None:
            raise CheckFailedError("case {id} was handled and has no report", id=case.id)
        write_line(_text(row, report.verdict.reason))
        self._say_failing(report.verdict.gaps)

    def _say_failing(self, gaps: Sequence[Gap]) -> None:
        """Why a product gave no answer, and what to do: once, however many cases it is missing from."""
        for gap in gaps:
            if not gap.required and gap.reason not in self._failing:
                self._failing.add(gap.reason)
                say(f"  {inert(gap.sensor)}: {inert(gap.reason)}")

    def end(self) -> None:
        """What a person wants to know at the end of a file."""
        if self.passed_over:
            say(self._t("{n} records are context, not alerts; they were passed over", n=self.passed_over))


async def judge_file(file: str, home: Home, printer: Printer, repeat: int = 1) -> None:
    """Every alert of a file (`-` is stdin), in order, each judged `repeat` times."""
    name = "stdin" if file == "-" else file
    with _opened(file) as stream, _interruptible():
        async with open_desk(home, "site") as opened:
            desk = repeating(opened, repeat)
            for read in read_alerts(stream):
                printer.tell(name, read.ordinal, await judge(read, desk))
    printer.end()


async def judge_watched(path: Path, home: Home, printer: Printer, repeat: int = 1) -> None:
    """Every alert of a growing file, for ever."""
    home.make()
    with closing(Follower(path, Positions(home.positions))) as follower:
        async with open_desk(home, "site") as opened:
            desk = repeating(opened, repeat)
            while True:
                for line in follower.poll():
                    await judge_followed(line, path, follower, desk, printer)
                await asyncio.sleep(IDLE_S)


def repeating(desk: Desk, repeat: int) -> Desk:
    """The desk with an analyst that runs every case so many times."""
    return replace(desk, analyst=replace(desk.analyst, repeat=repeat))


async def judge_followed(line: Followed, path: Path, follower: Follower, desk: Desk, printer: Printer) -> None:
    """One line of a followed file, noted before and after: a killed reader loses no line and judges none twice.

    It is noted as done after it was printed: a reader killed between the two prints the same result once more."""
    if not line.data.strip():
        follower.done(line)
        return
    follower.begin(line)
    judged = await judge(read_line(line.number, line.data), desk, again=line.started_before)
    printer.tell(str(path), line.number, judged)
    follower.done(line)


async def judge(read: Read, desk: Desk, *, again: bool = False) -> Judged:
    """One alert to its verdict, or one broken line to its reason; `again`: it may have been handled before."""
    if read.raw is None:
        return Judged(reason=read.reason or "")
    started = perf_counter()
    try:
        alert = parse(read.raw, world="site", ordinal=read.ordinal)
    except NotAnAlert:
        return Judged()
    except IntakeError as error:
        return Judged(reason=str(error))
    handled = handled_before(desk.analyst, alert) if again else None
    if handled is None:
        try:
            handled = await desk.analyst.handle(alert)
        except Exception as error:
            log.exception("%r", alert.alert_id)
            return Judged(reason=f"{type(error).__name__}: {error}")
    report = handled.report or handled.case.report
    if report is None:
        raise CheckFailedError("case {id} was handled and has no report", id=handled.case.id)
    seconds = perf_counter() - started
    row = triage_row(alert.alert_id, handled.case, report, handled.duplicate_of, seconds)
    return Judged(row, case=handled.case.model_copy(update={"report": report}))


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    """The stream of a file, to be closed after; stdin is nobody's to close."""
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C interrupts at once, also a read that waits for a slow stream.

    asyncio's own handler only marks the task, which a blocked read would notice at its next line."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _text(row: JsonObject, reason: str) -> str:
    """One judged alert for a person's eye."""
    likelihood = f"{row['likelihood']:.2f}"
    place = f"{row['alert_id']} -> {row['case_id']}"
    repeated = " (=)" if row["duplicate_of"] else ""
    head = f"{row['priority']}  {row['disposition']!s:22}{row['severity']!s:14}{likelihood}  "
    unstable = "" if row.get("stable", True) else " (~)"
    return inert(f"{head}{place}{repeated}{unstable}  {reason}")
