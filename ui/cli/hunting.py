"""What `mcpsoc hunt` does once its arguments are known: what it looks for, every look as it is made, the result."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from agent.cases.telling import told
from agent.hunting.hunter import Hunted, Hunter, Plan
from agent.hunting.judging import HuntResult
from agent.investigation.state import Step
from agent.models import JsonObject, World
from agent.wording import Language, localised
from ui.cli.catalogue import Catalogue
from ui.cli.output import console, write_json, write_line
from ui.cli.terms import inert
from ui.compose import open_desk
from ui.errors import UsageError
from ui.home import Home
from ui.rows import SCHEMA_VERSION, claim_counts, verdict_fields

_SPAN: Final = re.compile(r"(\d{1,4})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_COLOURS: Final[dict[HuntResult, str]] = {
    "found": "red",
    "to_judge": "yellow",
    "not_found": "green",
    "could_not_look": "magenta",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of a hunt."""

    hypothesis: str
    since: str | None = None
    until: str | None = None
    as_json: bool = False


async def hunt_once(t: Catalogue, home: Home, asked: Asked) -> int:
    """One hunt from its words to its result; the exit code."""
    world: World = "lab" if home.root.name == "demo" else "site"
    if world == "lab" and not home.lab.exists():
        raise UsageError("there is no simulated enterprise yet; make one with: {command}", command="mcpsoc demo")
    async with open_desk(home, world) as desk:
        hunter, now = Hunter(desk.analyst, world), desk.clock()
        since, until = _moment(asked.since, now), _moment(asked.until, now)
        plan = await hunter.plan(asked.hypothesis, since=since, until=until)
        if asked.as_json:
            hunted = await hunter.go(plan)
            write_json(hunt_row(hunted))
        else:
            _print_plan(t, plan)
            hunted = await hunter.go(plan, Teller().step)
            _print_result(t, hunted)
    return 1 if hunted.result == "could_not_look" else 0


def hunt_row(hunted: Hunted) -> JsonObject:
    """A hunt for programs."""
    hunt, report = hunted.plan.hunt, hunted.report
    texts = {claim.id: claim.text for claim in report.claims if claim.status == "verified"}
    return {
        "schema_version": SCHEMA_VERSION,
        "hypothesis": hunt.hypothesis,
        "result": hunted.result,
        "case_id": hunted.case.id,
        "start": hunt.start.isoformat(),
        "end": hunt.end.isoformat(),
        "trails": [trail.id for trail in hunted.plan.trails],
        "idle": [trail.id for trail in hunted.plan.idle],
        "named": {name.removeprefix("hunt."): list(values) for name, values in hunt.slots().items()},
        "unread": list(hunt.unread),
        **verdict_fields(report),
        "reason": report.verdict.reason,
        "findings": [texts[item.claim] for item in report.findings if item.claim in texts],
        "gaps": [{"sensor": gap.sensor, "reason": gap.reason} for gap in report.verdict.gaps],
        "claims": claim_counts(report),
        "brain": report.brain,
        "calls": report.calls,
        "seconds": round(report.seconds, 3),
    }


def result_word(t: Catalogue, result: HuntResult) -> str:
    """The result as a person reads it."""
    words: dict[HuntResult, str] = {
        "found": t("found"),
        "to_judge": t("seen, for a person to judge"),
        "not_found": t("not found"),
        "could_not_look": t("could not look"),
    }
    return words[result]


def _moment(text: str | None, now: datetime) -> datetime | None:
    """A time as it was typed. Raises: UsageError when it is none."""
    if text is None:
        return None
    if (span := _SPAN.fullmatch(text)) is not None:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "not a time: {text}; write it as 2026-03-08T14:00 or as a span such as 12h", text=text
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print_plan(t: Catalogue, plan: Plan) -> None:
    """What will be looked for, where and why, and what of the words was not understood."""
    hunt, language = plan.hunt, cast(Language, t.language)
    write_line(t("looking at {start} to {end} (UTC)", start=f"{hunt.start:%Y-%m-%d %H:%M}",
                 end=f"{hunt.end:%Y-%m-%d %H:%M}"))  # fmt: skip
    named = [value for name, values in hunt.slots().items() if name != "hunt.place" for value in values]
    if named:
        write_line(t("named: {names}", names=inert(", ".join(named))))
    for trail in plan.trails:
        write_line(f"  {trail.id}: {localised(trail.because, language)}")
    for trail in plan.idle:
        write_line(t("not followed, {trail}: it needs a host to be named", trail=trail.id))
    if hunt.unread:
        write_line(t("not translated: {words}", words=inert(", ".join(hunt.unread))))
    if not plan.trails:
        write_line(t("Without a word of a trail, only what the brain asks by itself is looked for."))


class Teller:
    """Calls and findings as they come; what was said once is not said again."""

    def __init__(self) -> None:
        self._console = console()
        self._said: set[str] = set()

    def step(self, step: Step) -> None:
        """One step of the investigation."""
        marks = {"call": "   → ", "finding": "   • "}
        if step.step in marks and step.text not in self._said:
            self._said.add(step.text)
            style = "dim" if step.step == "call" else ""
            self._console.print(f"{marks[step.step]}{inert(step.text)}", style=style)


def _print_result(t: Catalogue, hunted: Hunted) -> None:
    """The word, the case, and what a person does with it."""
    case = told(hunted.case.model_copy(update={"report": hunted.report}), cast(Language, t.language))
    report = case.report or hunted.report
    console().print(f" = {result_word(t, hunted.result)}  {case.id}", style=_COLOURS[hunted.result])
    write_line(f"   {inert(report.opening.did_it_work)}")
    write_line(f"   {inert(report.verdict.reason)}")
    for gap in report.verdict.gaps:
        write_line("   " + t("gap, {sensor}: {reason}", sensor=inert(gap.sensor), reason=inert(gap.reason)))
    write_line(f"   {inert(report.opening.what_to_do_now)}")
