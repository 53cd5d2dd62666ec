"""What `mcpsoc triage` does once its arguments are known."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from agent.intake.errors import IntakeError, NotAnAlert
from agent.intake.parsing import parse
from agent.models import JsonObject
from ui.alerts import Read, read_alerts, read_line
from ui.cli.catalogue import Catalogue
from ui.cli.output import say, write_json_line, write_line
from ui.cli.terms import inert
from ui.compose import Desk, open_desk
from ui.follow import Followed, Follower, Positions
from ui.home import Home
from ui.rows import triage_row

IDLE_S = 0.5
"""How long `--watch` waits before it looks again at a file that had nothing new."""


class Printer:
    """Result lines on stdout, broken lines on stderr."""

    def __init__(self, t: Catalogue, *, as_json: bool) -> None:
        self._t = t
        self._as_json = as_json
        self.broken = 0
        self.passed_over = 0

    def result(self, row: JsonObject) -> None:
        """One judged alert."""
        if self._as_json:
            write_json_line(row)
        else:
            write_line(_text(row))

    def broken_line(self, name: str, ordinal: int, reason: str) -> None:
        """One line that is no alert anybody can read."""
        self.broken += 1
        say(f"{name}:{ordinal}: {inert(reason)}")

    def end(self) -> None:
        """What a person wants to know at the end of a file."""
        if self.passed_over:
            say(self._t("{n} records are context, not alerts; they were passed over", n=self.passed_over))


async def judge_file(file: str, home: Home, printer: Printer) -> None:
    """Every alert of a file (`-` is stdin), in order."""
    name = "stdin" if file == "-" else file
    with _opened(file) as stream:
        reads = read_alerts(stream)
        async with open_desk(home, "site") as desk:
            while (read := _next(reads)) is not None:
                await _judge(read, name, desk, printer)
    printer.end()


async def judge_watched(path: Path, home: Home, printer: Printer) -> None:
    """Every alert of a growing file, for ever."""
    home.make()
    follower = Follower(path, Positions(home.positions))
    try:
        async with open_desk(home, "site") as desk:
            while True:
                for line in follower.poll():
                    await _judge_followed(line, path, follower, desk, printer)
                await asyncio.sleep(IDLE_S)
    finally:
        follower.close()


async def _judge_followed(line: Followed, path: Path, follower: Follower, desk: Desk, printer: Printer) -> None:
    """One line of a followed file: noted before and after, so that a killed reader neither loses nor repeats it."""
    if line.data.strip():
        follower.begin(line)
        await _judge(read_line(line.number, line.data), str(path), desk, printer)
    follower.done(line)


async def _judge(read: Read, name: str, desk: Desk, printer: Printer) -> None:
    """One alert to its verdict, or one broken line to its reason."""
    if read.raw is None:
        printer.broken_line(name, read.ordinal, read.reason or "")
        return
    started = perf_counter()
    try:
        alert = parse(read.raw, world="site", ordinal=read.ordinal)
    except NotAnAlert:
        printer.passed_over += 1
        return
    except IntakeError as error:
        printer.broken_line(name, read.ordinal, str(error))
        return
    handled = await desk.analyst.handle(alert)
    if (report := handled.report or handled.case.report) is not None:
        seconds = perf_counter() - started
        printer.result(triage_row(alert.alert_id, handled.case, report, handled.duplicate_of, seconds))


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    """The stream of a file, to be closed after; stdin is nobody's to close."""
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def _next(reads: Iterator[Read]) -> Read | None:
    """The next alert. While this waits for a slow stream, Ctrl-C interrupts it at once instead of at its next line."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return next(reads, None)
    finally:
        signal.signal(signal.SIGINT, previous)


def _text(row: JsonObject) -> str:
    """One judged alert for a person's eye."""
    likelihood = f"{row['likelihood']:.2f}"
    place = f"{row['alert_id']} -> {row['case_id']}"
    repeated = " (=)" if row["duplicate_of"] else ""
    head = f"{row['priority']}  {row['disposition']!s:22}{row['severity']!s:14}{likelihood}  "
    return inert(f"{head}{place}{repeated}  {row['reason']}")
