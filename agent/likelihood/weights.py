"""The tables of `weights.yaml` and `known_good.yaml` as types, read once."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import AfterValidator, Field

from agent.models import AlertFormat, Model, Outcome, Priority, Severity

TextKind: TypeAlias = Literal["command", "name", "file", "registry", "url", "agent", "domain", "signature"]
"""Which texts of an alert a sign is looked for in; `texts.py` says what each is."""


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _checked(pattern: str) -> str:
    try:
        _compiled(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}: {pattern[:80]}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_checked)]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled once."""
    return _compiled(pattern)


class Weight(Model):
    """How much one sign counts, and why."""

    weight: float = Field(ge=-2, le=2)
    because: str


class Threshold(Weight):
    """A sign that needs to be seen this often."""

    at_least: int


class Sign(Weight):
    """Something to find in a text; in text an attacker can write it only ever raises."""

    weight: float = Field(gt=0, le=2)
    id: str
    text: TextKind
    all_of: tuple[Pattern, ...]
    at_least: int = 1
    """How many different matches the first pattern needs."""
    unless_trusted: bool = False
    """Whether the sign says nothing when an attested trusted program did it."""


class Scale(Model):
    """A vendor's scale of levels: the level that says nothing, and the distance from it that says most."""

    neutral: float
    widest: float


class RuleClass(Weight):
    """A class of rules by what the vendor itself declares; every condition given has to hold."""

    id: str
    groups: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    formats: tuple[AlertFormat, ...] = ()
    no_groups: tuple[str, ...] = ()
    no_techniques: bool = False


class RuleWeights(Model):
    level_share: float
    levels: Mapping[AlertFormat, Scale]
    technique_weight: float
    late_tactics: frozenset[str]
    late_weight: float
    classes: tuple[RuleClass, ...]


class Programs(Model):
    shells: frozenset[str]
    tools: frozenset[str]
    system_hosts: frozenset[str]
    office: frozenset[str]
    carriers: frozenset[str]
    browsers: frozenset[str]
    web_servers: frozenset[str]
    databases: frozenset[str]
    script_hosts: frozenset[str]
    service_parents: frozenset[str]


class Marked(Weight):
    pattern: Pattern


class ProcessWeights(Model):
    signs: tuple[Sign, ...]
    lsass_access: Weight
    remote_thread: Weight
    layers_exhausted: Weight
    shell_writes_program: Marked
    shell_writes_script: Marked
    shell_changes_registry: Weight
    scratch_image: Marked
    inert: Weight
    machine_task: Weight
    trusted_program: Weight
    machine_child: Weight
    trusted_service: Weight


class LineageWeights(Model):
    office_parent: Weight
    browser_parent: Weight
    web_server_parent: Weight
    database_parent: Weight
    script_host_parent: Weight
    remote_management_parent: Weight
    service_control_parent: Weight
    system_name_elsewhere: Weight
    renamed_tool: Weight
    shell_from_shell: Weight
    service_account_interactive: Weight


class AuthenticationWeights(Model):
    failures_then_success: Weight
    many_accounts: Threshold
    many_failures: Threshold
    fired_often: Threshold
    unknown_account: Weight
    locked_account: Weight
    single_failure: Weight


class Category(Weight):
    names: frozenset[str]


class Signatures(Threshold):
    within_minutes: int


class NetworkWeights(Model):
    categories: tuple[Category, ...]
    internal_source: Weight
    many_signatures: Signatures
    signs: tuple[Sign, ...]


class FileWeights(Model):
    signature: Weight
    reputation: Threshold
    single_reputation: Weight


class StrongNeighbour(Weight):
    strong_at: float


class NeighbourWeights(Model):
    strong: StrongNeighbour
    tactics: Threshold


class Base(Model):
    base: int
    because: str


class Step(Model):
    step: int
    because: str


class PriorityTable(Model):
    bands: tuple[float, ...]
    rows: Mapping[Severity, tuple[Priority, ...]]


class SeverityTables(Model):
    stages: Mapping[str, Base]
    unknown_stage: Base
    informational_classes: frozenset[str]
    criticality: Mapping[str, Step]
    privileged: Step
    outcome: Mapping[Outcome, Step]
    priority: PriorityTable


class Weights(Model):
    """All of `weights.yaml`."""

    cap: float
    rule: RuleWeights
    programs: Programs
    process_intent: ProcessWeights
    lineage: LineageWeights
    authentication: AuthenticationWeights
    network: NetworkWeights
    file: FileWeights
    neighbours: NeighbourWeights
    severity: SeverityTables


class Template(Weight):
    """A whole event known to be harmless: its program, its parent and every text it has."""

    weight: float = Field(ge=-2, lt=0)
    id: str
    image: Pattern | None = None
    parent: Pattern | None = None
    machine: bool = False
    """Whether the event has to be SYSTEM's own, in session 0."""
    texts: Mapping[str, Pattern]


class Inert(Model):
    """Tokens that compute, show or wait and do nothing else."""

    words: frozenset[str]
    switches: frozenset[str]
    script_extensions: tuple[str, ...]
    scripts_that_run_others: frozenset[str]
    keywords: frozenset[str]
    operators: frozenset[str]
    commands: frozenset[str]
    parameters: frozenset[str]
    types: frozenset[str]
    members: frozenset[str]


class KnownGood(Model):
    """All of `known_good.yaml`."""

    templates: tuple[Template, ...]
    inert: Inert


@cache
def weights() -> Weights:
    """The weights, read once."""
    return Weights.model_validate(_read("weights.yaml"))


@cache
def known_good() -> KnownGood:
    """The known-good templates and the inert list, read once."""
    return KnownGood.model_validate(_read("known_good.yaml"))


def _read(name: str) -> object:
    text = files("agent.likelihood").joinpath(name).read_text(encoding="utf-8")
    loaded: object = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded
