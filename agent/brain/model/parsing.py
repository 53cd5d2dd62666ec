"""From what a model says to what the graph takes: ids that do not exist are struck, each with a word about it.

A member that is missing altogether, or a hypothesis that there is none of, is told to the model once (ValueError);
everything else is mended here and noted. Numbers that a model offers are never read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from agent.brain.endpoint.reading import object_of
from agent.brain.model.claims import PointError, finding_of
from agent.brain.model.schema import (
    STEPS,
    AssessSaid,
    ChallengeSaid,
    ConcludeSaid,
    ExpandSaid,
    PlanSaid,
    ReadSaid,
    Said,
    Step,
)
from agent.brain.model.tools import full_name
from agent.brain.model.writing import Pen
from agent.brain.protocol import Assessment, CaseView, Challenge, Conclusion, ExtraFinding, OwnRead, Plan, Weighed
from agent.evidence.text import inert
from agent.models import Evidence, JsonObject

T = TypeVar("T")
S = TypeVar("S", bound=Said)
MOST_WEIGHED: Final = 12
MOST_POINTS: Final = 4
MOST_READS: Final = 4
MOST_HIGHLIGHTS: Final = 6
MOST_ARGUMENTS: Final = 12
MOST_EXPANDED: Final = 2
MOST_FIRST: Final = 2
"""Optional questions that are asked together with the required ones."""
_LONGEST: Final = 240
"""Characters of a gap or a reason, which a person may read."""


@dataclass(slots=True)
class Notes:
    """What had to be struck or mended, each in words."""

    told: list[str] = field(default_factory=list)

    def __call__(self, text: str) -> None:
        self.told.append(inert(text, 200))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A decision that could be read."""

    value: T
    problems: tuple[str, ...]
    expand: tuple[ExpandSaid, ...] = ()


def said(answer: JsonObject, step: Step, form: type[S], notes: Notes) -> S:
    """The wanted part of an answer. Raises: ValueError, in words a model can mend."""
    part = answer.get(step)
    if not isinstance(part, dict):
        raise ValueError(f"the decision wanted is {step}: fill `{step}` with an object, and set the others to null")
    if answer.get("decision") != step:
        notes(f"`decision` said {inert(str(answer.get('decision')), 40)} beside a filled {step}")
    for name in {*answer} - {"decision", *STEPS} | {*part} - {*form.model_fields}:
        notes(f"ignored: {name}")
    try:
        return form.model_validate(part)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(item) for item in (step, *first["loc"]))
        raise ValueError(f"{place}: {first['msg']}") from error


def parse_plan(answer: JsonObject, view: CaseView, pen: Pen) -> Parsed[Plan]:
    """Which questions first, and reads of its own. Raises: ValueError."""
    notes = Notes()
    wanted = said(answer, "plan", PlanSaid, notes)
    questions = {question.id for question in (*view.open_questions, *view.playbook.questions)}
    order = _existing(wanted.order, questions, "question", notes)
    optional = {question.id for question in view.open_questions if not question.required}
    first = tuple(name for name in order if name in optional)[:MOST_FIRST]
    return Parsed(Plan(order=order, first=first, reads=_reads(wanted.reads, view, pen, notes)), tuple(notes.told))


def parse_assessment(
    answer: JsonObject, view: CaseView, evidence: Mapping[str, Evidence], pen: Pen
) -> Parsed[Assessment]:
    """What it makes of the evidence. Raises: ValueError."""
    notes = Notes()
    wanted = said(answer, "assess", AssessSaid, notes)
    gap = pen.text(wanted.gap, _LONGEST).strip() if wanted.gap else ""
    asked = _existing(wanted.ask, {question.id for question in view.open_questions}, "open question", notes)
    reads = _reads(wanted.reads, view, pen, notes)
    if (asked or reads) and not gap:
        notes("it asks without naming a gap: not asked")
    assessment = Assessment(
        gap=gap or None,
        ask=asked if gap else (),
        reads=reads if gap else (),
        extra=_points(wanted, evidence, pen, notes),
        weighed=_weighed(wanted, view, notes),
        expand=_beside(wanted) if gap and (asked or reads) else (),
    )
    return Parsed(assessment, tuple(notes.told), () if assessment.expand else wanted.expand)


def _beside(wanted: AssessSaid) -> tuple[str, ...]:
    """What it wants to see together with the answers to what it asks."""
    return tuple(f"{inert(item.evidence, 20)} {inert(item.at, 200)}" for item in wanted.expand[:MOST_EXPANDED])


def parse_challenge(answer: JsonObject, view: CaseView, pen: Pen) -> Parsed[Challenge]:
    """The other side's case. Raises: ValueError."""
    notes = Notes()
    wanted = said(answer, "challenge", ChallengeSaid, notes)
    rival = _hypothesis(wanted.rival, view)
    challenge = Challenge(
        against=_leader(view, rival),
        rival=rival,
        ask=_existing(wanted.ask, {question.id for question in view.open_questions}, "open question", notes),
        argument=_existing(wanted.argument, _claims(view), "claim", notes)[:MOST_ARGUMENTS],
    )
    return Parsed(challenge, tuple(notes.told))


def parse_conclusion(answer: JsonObject, view: CaseView, pen: Pen) -> Parsed[Conclusion]:
    """Its word on the outcome. Raises: ValueError."""
    notes = Notes()
    wanted = said(answer, "conclude", ConcludeSaid, notes)
    conclusion = Conclusion(
        disposition=wanted.disposition,
        hypothesis=_hypothesis(wanted.hypothesis, view),
        highlights=_existing(wanted.highlights, _claims(view), "claim", notes)[:MOST_HIGHLIGHTS],
        overturn=pen.text(wanted.overturn, _LONGEST).strip() or None if wanted.overturn else None,
    )
    return Parsed(conclusion, tuple(notes.told))


def _existing(names: Sequence[str], known: Collection[str], what: str, notes: Notes) -> tuple[str, ...]:
    """The names that exist, each once, in the order they were given; a mark that a line bears may be written along."""
    kept: dict[str, None] = {}
    for name in names:
        plain = name.strip().removesuffix("*").removeprefix("C ").removeprefix("Q ")
        if plain in known:
            kept[plain] = None
        else:
            notes(f"struck: there is no {what} {plain!r}")
    return tuple(kept)


def _claims(view: CaseView) -> frozenset[str]:
    return frozenset(claim.id for claim in view.claims if claim.status == "verified")


def _hypothesis(name: str, view: CaseView) -> str:
    """Raises: ValueError when there is no such hypothesis."""
    known = [hypothesis.id for hypothesis in view.hypotheses]
    plain = name.strip().removeprefix("H ")
    if plain not in known:
        raise ValueError(f"there is no hypothesis {inert(plain, 40)!r}; there are {', '.join(known)}")
    return plain


def _leader(view: CaseView, rival: str) -> str:
    """The hypothesis that the evidence supports best; where the rival is it, the best one of another kind."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    ranked = sorted(view.scores, key=lambda name: -view.scores[name]) or list(kinds)
    return ranked[0] if ranked[0] != rival else next(name for name in ranked if kinds[name] != kinds[rival])


def _weighed(wanted: AssessSaid, view: CaseView, notes: Notes) -> tuple[Weighed, ...]:
    claims, hypotheses = _claims(view), {hypothesis.id for hypothesis in view.hypotheses}
    kept = []
    for item in wanted.weighed:
        claim, hypothesis = item.claim.strip().removeprefix("C "), item.hypothesis.strip().removeprefix("H ")
        if claim in claims and hypothesis in hypotheses:
            kept.append(Weighed(claim=claim, hypothesis=hypothesis, bearing=item.bearing))
        else:
            notes(f"struck: {claim!r} weighed for {hypothesis!r}, one of which there is not")
    return tuple(kept[:MOST_WEIGHED])


def _points(wanted: AssessSaid, evidence: Mapping[str, Evidence], pen: Pen, notes: Notes) -> tuple[ExtraFinding, ...]:
    kept: list[ExtraFinding] = []
    for point in wanted.points[:MOST_POINTS]:
        try:
            kept.append(finding_of(point, evidence, pen))
        except PointError as error:
            notes(f"struck: the point at {point.evidence} {point.path}: {error}")
    return tuple(kept)


def _reads(wanted: Sequence[ReadSaid], view: CaseView, pen: Pen, notes: Notes) -> tuple[OwnRead, ...]:
    kept: list[OwnRead] = []
    if len(wanted) > (most := min(MOST_READS, view.reads_left)):
        notes(f"struck: {len(wanted) - most} reads more than there are left")
    for read in wanted[:most]:
        tool, arguments = full_name(read.tool), _arguments(read.arguments)
        if tool is None:
            notes(f"struck: {read.tool!r} is no tool that reads")
        elif arguments is None:
            notes(f"struck: the arguments of {read.tool!r} are no JSON object")
        else:
            kept.append(OwnRead(tool=tool, arguments=_as_text(arguments), why=pen.text(read.why, _LONGEST)))
    return tuple(kept)


def _as_text(arguments: JsonObject) -> JsonObject:
    """The arguments with numbers among the filters as text, which is how every filter is held."""
    filters = arguments.get("filters")
    if not isinstance(filters, dict):
        return arguments
    numbers = {name: str(value) for name, value in filters.items() if type(value) in (int, float)}
    return {**arguments, "filters": {**filters, **numbers}}


def _arguments(said: str | JsonObject) -> JsonObject | None:
    return said if isinstance(said, dict) else object_of(said or "{}")
