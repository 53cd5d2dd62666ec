"""The playbook format: hypotheses, telemetry contract, questions with their readings, proofs, authorisation, actions.

A *question* is one tool call with argument templates. A *reading* is a condition on its answer; when it holds it
becomes a typed claim with a weight for each hypothesis. A *proof* names readings that together settle a hypothesis.

Templates: `{source.ip}` is a field of the alert, `{window.start}` / `{window.end}` the question's time window,
`{alert.time}` the alert's time, `{name}` a value bound from an earlier answer (`bind`). A question whose template has
no value is not asked. In a JSONPath a template stands for a quoted literal, so that no alert text can become syntax.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from agent.evidence.errors import PathError
from agent.evidence.paths import compile_path
from agent.evidence.patterns import compile_pattern
from agent.models import HypothesisKind, Model, Outcome, Scalar

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
"""A template slot; JSONPath itself never has braces."""

CONDITIONS = ("count", "number", "equals", "contains", "absent", "before", "same_entity")
"""The forms a reading's condition can have."""

_DURATION = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _duration(text: object) -> object:
    if isinstance(text, str) and (match := _DURATION.fullmatch(text)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""`30m`, `6h` or `7d`."""


_PATTERN = re.compile(r"""(?:search|match)\([^'"]*(?:\['[^']*'\])?[^'"]*'((?:[^'\\]|\\.)*)'\)""")


def check_path(path: str) -> None:
    """Whether a path compiles with its slots filled, and its patterns cost no more than the length of the text.

    Raises: ValueError saying what is wrong with it."""
    try:
        compile_path(PLACEHOLDER.sub("'x'", path))
        for pattern in _PATTERN.findall(path):
            if compile_pattern(pattern).degree:
                raise ValueError(f"the pattern {pattern!r} repeats without a bound; hostile text could stall it")
    except PathError as error:
        raise ValueError(str(error)) from error


class PlaybookError(ValueError):
    """A playbook that cannot be used; the message starts with `file:line:`."""


class Window(Model):
    """Time around the alert that a question asks about."""

    before: Duration = timedelta(hours=1)
    after: Duration = timedelta(hours=1)


class PlaybookHypothesis(Model):
    """One explanation; every playbook needs a malicious one and one that is not."""

    id: str
    kind: HypothesisKind
    text: str


class Sensor(Model):
    """One sensor of the telemetry contract: without its cover of the event's hour, nothing is closed."""

    sensor: str
    per_host: bool = False
    """Whether cover is asked of the affected host's own agent, not of the log source as a whole."""


class Bind(Model):
    """A value taken from an earlier answer: the first that `path` selects in the answer to `question`."""

    question: str
    path: str


class Reading(Model):
    """A condition on an answer. Exactly one of count, number, equals, absent, contains, before, same_entity."""

    id: str
    count: str | None = None
    """How many nodes the path selects, held against at_least and at_most."""
    number: str | None = None
    """The one number at the path, held against at_least and at_most."""
    at_least: float | None = None
    at_most: float | None = None
    equals: str | None = None
    contains: str | None = None
    value: Scalar | None = None
    absent: str | None = None
    before: tuple[str, str] | None = None
    same_entity: tuple[str, str] | None = None
    sentence: str
    plainer: tuple[str, ...] = ()
    """Sentences that show less, in order: the first is said whose values are all there."""
    show: dict[str, str] = {}
    """Slot name to the JSONPath of the value the sentence shows."""
    elapsed: dict[str, tuple[str, str]] = {}
    """Slot name to two slots that are times: it shows how long the second came after the first."""
    weights: dict[str, float] = {}
    """Hypothesis id to weight; in context questions also a kind, for all hypotheses of that kind."""
    techniques: tuple[str, ...] = ()
    outcome: Outcome | None = None
    ongoing: bool = False
    """Whether it says that the activity is still going on."""

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        given = [name for name in CONDITIONS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"reading {self.id!r} needs exactly one condition, has {given or 'none'}")
        if given[0] in ("count", "number") and self.at_least is None and self.at_most is None:
            raise ValueError(f"reading {self.id!r}: {given[0]} needs at_least or at_most")
        if given[0] in ("equals", "contains") and self.value is None:
            raise ValueError(f"reading {self.id!r}: {given[0]} needs a value")
        return self

    @model_validator(mode="after")
    def _paths_compile(self) -> Self:
        for path in (*self.paths(), *self.show.values()):
            check_path(path)
        return self

    @property
    def counts(self) -> bool:
        """Whether only the number of selected nodes matters, not what they hold."""
        return bool(self.count or self.absent)

    @property
    def is_absence(self) -> bool:
        """Whether it says that something is not there, or no more than so much: only who looked can say that."""
        nothing = self.equals is not None and self.value in (0, False)
        return self.absent is not None or self.at_most is not None or nothing

    @property
    def sentences(self) -> tuple[str, ...]:
        """Its sentence and the plainer ones, the fullest first."""
        return (self.sentence, *self.plainer)

    def paths(self) -> Iterator[str]:
        """Every JSONPath of the reading's condition."""
        yield from filter(None, (self.count, self.number, self.equals, self.contains, self.absent))
        yield from self.before or self.same_entity or ()


class Question(Model):
    """One tool call and how its answer is read."""

    id: str
    asks: str
    """The question in an analyst's words."""
    tool: str
    arguments: dict[str, Scalar | list[str] | dict[str, str]]
    window: Window = Window()
    bind: dict[str, Bind] = {}
    required: bool = False
    """Asked whatever a brain plans; every question that can settle a hypothesis is required."""
    sensor: str | None = None
    ranked: bool = False
    """Whether the answer lists the largest first and its readings look for large ones: what is cut off is none."""
    readings: tuple[Reading, ...] = ()


def could_raise(question: Question, hypothesis: str) -> bool:
    """Whether some answer to the question would speak for the hypothesis (or for its kind)."""
    return any(reading.weights.get(hypothesis, 0) > 0 for reading in question.readings)


class Authorisation(Model):
    """Which alert field each dimension of a register entry must name. Dimensions left out do not apply to the class."""

    actor: str | None = None
    source: str | None = None
    target: str | None = None
    techniques: tuple[str, ...]
    """The entry must name one of these or its parent."""


class Proof(Model):
    """Readings that together settle a hypothesis."""

    hypothesis: str
    readings: tuple[str, ...] = Field(min_length=1)


class PermittedAction(Model):
    """A change this class of alert may ever propose, and the alert field its target is read from."""

    tool: str
    target: str
    argument: str
    why: str


class Playbook(Model):
    """How alerts of one or more classes are investigated."""

    name: str
    version: int
    classes: tuple[str, ...]
    title: str
    hypotheses: tuple[PlaybookHypothesis, ...]
    contract: tuple[Sensor, ...]
    authorisation: Authorisation | None = None
    alert: tuple[Reading, ...] = ()
    """What the alert itself says, read from it like an answer: claims that weigh nothing (`agent/likelihood` does)."""
    questions: tuple[Question, ...]
    beside: tuple[Question, ...] = ()
    """Asked where a server for them is connected, and nowhere missed: what they find can raise and prove, and never
    counts as having looked."""
    proofs: tuple[Proof, ...] = ()
    actions: tuple[PermittedAction, ...] = ()
    covers: Window | None = None
    """The time that cover is asked for, around that of the alert; without it, an hour before and an hour after."""
    own_reads: int = Field(default=4, ge=0, le=8)
    """How many reads of its own a brain has in one investigation."""

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        hypotheses = {hypothesis.id for hypothesis in self.hypotheses}
        kinds = {hypothesis.kind for hypothesis in self.hypotheses}
        if "malicious" not in kinds or kinds == {"malicious"}:
            raise ValueError("needs a malicious hypothesis and one that is not")
        every = (*self.questions, *self.beside)
        questions = [question.id for question in every]
        asked = [reading.id for question in every for reading in question.readings]
        readings = [*asked, *(reading.id for reading in self.alert)]
        for what, names in (("question", questions), ("reading", readings)):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{what} ids used twice: {sorted(twice)}")
        for question in every:
            if unknown := {bind.question for bind in question.bind.values()} - set(questions):
                raise ValueError(f"question {question.id!r} binds from unknown questions {sorted(unknown)}")
            for reading in question.readings:
                if unknown := set(reading.weights) - hypotheses:
                    raise ValueError(f"reading {reading.id!r} weighs unknown hypotheses {sorted(unknown)}")
                if any(abs(weight) > 3 for weight in reading.weights.values()):
                    raise ValueError(f"reading {reading.id!r}: a weight lies between -3 and 3")
        if weighing := [reading.id for reading in self.alert if reading.weights]:
            raise ValueError(f"what the alert itself says weighs nothing, but {weighing} have weights")
        for proof in self.proofs:
            if unknown := (set(proof.readings) - set(asked)) | ({proof.hypothesis} - hypotheses):
                raise ValueError(f"proof of {proof.hypothesis!r} names unknown {sorted(unknown)}")
        return self

    def joined(self, offered: Callable[[str], bool]) -> "Playbook":
        """The playbook whose questions are also those beside it whose tool `offered` says, by full name, is there."""
        beside = tuple(question for question in self.beside if offered(question.tool))
        return self.model_copy(update={"questions": (*self.questions, *beside), "beside": beside})

    def question(self, question_id: str) -> Question:
        """The question of that id. Raises: KeyError when the playbook has none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


def load_playbook(path: Path) -> Playbook:
    """One playbook from one YAML file. Raises: PlaybookError with file and line of the first fault."""
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlaybookError(f"{path}:{line}: {error.problem}") from error
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line_of(yaml.compose(text, Loader=yaml.SafeLoader), first["loc"])
        where = ".".join(str(part) for part in first["loc"]) or "playbook"
        raise PlaybookError(f"{path}:{line}: {where}: {first['msg']}") from error


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Line of the deepest YAML node that lies on `location`."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        node, line = child, child.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        found = node.value[part]
        return found if isinstance(found, yaml.Node) else None
    return None


def load_playbooks(folder: Path | None = None) -> dict[str, Playbook]:
    """Alert class to playbook, from every YAML file of `folder` (the shipped ones by default), in name order.

    The shipped ones are read once in a process.

    Raises: PlaybookError when a file is faulty or two files claim one class."""
    return dict(_shipped()) if folder is None else _loaded(folder)


@cache
def _shipped() -> Mapping[str, Playbook]:
    return _loaded(Path(__file__).parent)


def _loaded(folder: Path) -> dict[str, Playbook]:
    by_class: dict[str, Playbook] = {}
    for path in sorted(folder.glob("*.yaml")):
        playbook = load_playbook(path)
        for alert_class in playbook.classes:
            if alert_class in by_class:
                raise PlaybookError(
                    f"{path}:1: class {alert_class!r} already belongs to {by_class[alert_class].name!r}"
                )
            by_class[alert_class] = playbook
    return by_class
