"""The demo on a terminal: every step of every investigation as it happens, then the cases and what to try next."""

from pathlib import Path
from typing import cast

from rich.rule import Rule
from rich.text import Text

from agent.cases.telling import told
from agent.investigation.state import Step
from agent.models import Case, Disposition, JsonObject, Report
from agent.wording import Language
from ui.cli.catalogue import Catalogue
from ui.cli.output import console, say, write_json, write_table
from ui.cli.terms import inert, term
from ui.demo import Show

COLOURS: dict[Disposition, str] = {
    "true_positive": "red",
    "benign_true_positive": "green",
    "false_positive": "green",
    "needs_human": "yellow",
    "not_evaluable": "magenta",
}


def show_demo(t: Catalogue, *, as_json: bool) -> Show:
    """The show that was asked for."""
    return JsonShow() if as_json else TerminalShow(t)


class JsonShow:
    """One JSON document at the end; the paths of the reports on stderr."""

    def begin(self, alerts: int) -> None:
        """Nothing to tell yet."""

    def alert(self, number: int, of: int, title: str) -> None:
        """Nothing to tell yet."""

    def step(self, step: Step) -> None:
        """Nothing to tell yet."""

    def verdict(self, case: Case, report: Report) -> None:
        """Nothing to tell yet."""

    def end(self, summary: JsonObject, reports: list[Path]) -> None:
        """Everything at once."""
        write_json(summary)
        for path in reports:
            say(str(path))


class TerminalShow:
    """Lines as they come."""

    def __init__(self, t: Catalogue) -> None:
        self._t = t
        self._console = console()

    def begin(self, alerts: int) -> None:
        """Say what is about to be seen."""
        self._line(self._t("A simulated enterprise has {n} new alerts. Everything about it is synthetic.", n=alerts))
        self._line(self._t("Brain: playbook (deterministic, in this process). Nothing leaves this machine."))

    def alert(self, number: int, of: int, title: str) -> None:
        """One more alert is taken from the queue."""
        self._console.print()
        self._console.print(Rule(Text(f"{number}/{of}  {inert(title)}"), align="left", style="dim"))

    def step(self, step: Step) -> None:
        """One step, call or finding."""
        marks = {"call": "   → ", "finding": "   • "}
        style = {"call": "dim", "finding": ""}.get(step.step, "cyan")
        mark = marks.get(step.step, f" {step.step:9} ")
        self._line(f"{mark}{inert(step.text)}", style)

    def verdict(self, case: Case, report: Report) -> None:
        """How it ended."""
        verdict = report.verdict
        parts = [term(self._t, verdict.disposition), verdict.priority, term(self._t, verdict.severity)]
        self._line(f" = {case.id}  {'  '.join(parts)}  {verdict.likelihood:.2f}", COLOURS[verdict.disposition])
        said = told(case.model_copy(update={"report": report}), cast(Language, self._t.language)).report
        self._line(f"   {inert(said.verdict.reason if said else verdict.reason)}")

    def end(self, summary: JsonObject, reports: list[Path]) -> None:
        """The cases as a table, the reports, and what to try next."""
        t = self._t
        self._console.print()
        rows = summary["cases"] if isinstance(summary["cases"], list) else []
        headings = (t("case"), t("prio"), t("verdict"), t("severity"), t("claims"), t("calls"), t("title"))
        write_table(headings, [self._row(row) for row in rows if isinstance(row, dict)])
        count, seconds = len(rows), f"{summary['seconds']:.1f}"
        self._line(
            t("{alerts} alerts, {cases} cases, {seconds} s", alerts=summary["alerts"], cases=count, seconds=seconds)
        )
        self._line(t("Reports:"))
        for path in reports:
            self._line(f"  {path}")
        self._line(t("Next:"))
        for command, why in (
            ("mcpsoc verify last --demo", t("run every claim of the newest case again")),
            ("mcpsoc cases show last --demo", t("see what speaks for which explanation, and what was not seen")),
            ("mcpsoc triage examples/alerts.jsonl", t("judge alerts of real products")),
        ):
            self._line(f"  {command:38} {why}")

    def _row(self, row: JsonObject) -> tuple[str, ...]:
        claims = row["claims"] if isinstance(row["claims"], dict) else {}
        proven = f"{claims.get('verified')}/{claims.get('total')}"
        verdict, severity = term(self._t, str(row["disposition"])), term(self._t, str(row["severity"]))
        return (str(row["id"]), str(row["priority"]), verdict, severity, proven, str(row["calls"]), str(row["title"]))

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)
