"""The demo: a fresh lab, its new alerts taken through the siem, each investigated and written up."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Protocol

from agent.evidence.ledger import Ledger
from agent.host.read import Budget
from agent.intake.parsing import parse
from agent.investigation.state import Step
from agent.models import Case, Evidence, JsonObject, Report
from ui.compose import Desk, open_desk
from ui.errors import CheckFailedError
from ui.exporting import export_case
from ui.home import Home
from ui.lab import advance_lab, create_lab
from ui.rows import SCHEMA_VERSION, investigated_row

STORIES: tuple[tuple[str, str], ...] = (
    ("password_spray", "attack"),
    ("phishing_macro", "attack"),
    ("web_shell", "benign_twin"),
    ("malware_workstation", "attack"),
    ("ransomware_precursor", "attack_killed_sensor"),
    ("dns_exfiltration", "benign_twin"),
    ("admin_share", "attack_beside_authorised"),
    ("admin_share", "benign_twin"),
    ("impossible_travel", "attack"),
    ("mass_download", "sensor_blind"),
    ("cloud_key", "benign_twin"),
    ("web_shell", "attack"),
)
"""Family and kind of each: every family once at least, every kind once at least."""
PAGE = 200
PER_ALERT = timedelta(minutes=1)
"""Lab time that passes while one alert is investigated: people work on, and attacks go on."""


class Show(Protocol):
    """Who watches the demo."""

    def begin(self, alerts: int) -> None: ...

    def alert(self, number: int, of: int, title: str) -> None: ...

    def step(self, step: Step) -> None: ...

    def verdict(self, case: Case, report: Report) -> None: ...

    def end(self, summary: JsonObject, reports: list[Path]) -> None: ...


async def run_demo(home: Home, show: Show, *, seed: int, keep: bool, language: str = "en") -> None:
    """Everything `mcpsoc demo` does, in the demo's own home."""
    started = perf_counter()
    _prepare(home, seed, keep=keep)
    async with open_desk(home, "lab") as desk:
        raws = await new_alerts(desk)
        show.begin(len(raws))
        cases: dict[str, Case] = {}
        for number, raw in enumerate(raws, start=1):
            case = await _investigate(desk, raw, number, len(raws), show)
            cases[case.id] = case
            await asyncio.to_thread(advance_lab, home, PER_ALERT)
    rows = [investigated_row(case, case.report) for case in cases.values() if case.report is not None]
    reports = [_write_report(case, home, language) for case in cases.values()]
    show.end(
        {
            "schema_version": SCHEMA_VERSION,
            "brain": desk.analyst.brain.name,
            "alerts": len(raws),
            "seconds": round(perf_counter() - started, 3),
            "cases": [dict(row) for row in rows],
        },
        reports,
    )


async def new_alerts(desk: Desk) -> list[JsonObject]:
    """Every new alert of the siem's queue, read over MCP like anybody would.

    Raises: CheckFailedError when the siem cannot answer."""
    budget = Budget(calls=10_000, seconds=600.0)
    door = desk.host.read_door(world="lab", ledger=Ledger(), clock=desk.clock, budget=budget)
    queue = _data(await door.read("siem__siem_list_alerts", {"status": "new", "limit": PAGE}))
    rows = queue.get("alerts")
    ids = [row["id"] for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    answers = await door.read_many([("siem__siem_get_alert", {"alert_id": alert}) for alert in ids])
    found = [_data(answer).get("alert") for answer in answers]
    return [raw for raw in found if isinstance(raw, dict)]


async def _investigate(desk: Desk, raw: JsonObject, number: int, of: int, show: Show) -> Case:
    alert = parse(raw, world="lab", ordinal=number)
    show.alert(number, of, alert.title)
    handled = await desk.analyst.handle(alert, on_step=show.step)
    if handled.report is not None:
        show.verdict(handled.case, handled.report)
    return handled.case


def _prepare(home: Home, seed: int, *, keep: bool) -> None:
    """A fresh home with a fresh lab, unless there is one and it shall be kept."""
    if keep and home.lab.exists():
        return
    if home.root.exists():
        shutil.rmtree(home.root)
    create_lab(home.make(), seed, STORIES)


def _write_report(case: Case, home: Home, language: str) -> Path:
    home.reports.mkdir(mode=0o700, exist_ok=True)
    path = home.reports / f"{case.id}.html"
    path.write_bytes(export_case(case, home, "html", language))
    return path


def _data(answer: Evidence) -> JsonObject:
    if answer.status not in ("success", "no_data") or not isinstance(answer.data, dict):
        raise CheckFailedError(
            "{tool} did not answer: {reason}", tool=answer.tool, reason=answer.error or answer.status
        )
    return answer.data
