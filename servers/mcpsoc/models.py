"""What we answer about a case, each field with who wrote it. Titles, sentences and names may be an attacker's words."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, JsonValue

from servers.kit import T0, T1, T2, Output

Status: TypeAlias = Literal["new", "investigating", "open", "taken", "closed"]
Priority: TypeAlias = Literal["P1", "P2", "P3", "P4"]
Disposition: TypeAlias = Literal[
    "true_positive", "benign_true_positive", "false_positive", "needs_human", "not_evaluable"
]
EntityKind: TypeAlias = Literal["host", "account", "address", "domain", "url", "sha256", "process"]
Language: TypeAlias = Literal["en", "zh"]
ClaimStatus: TypeAlias = Literal["unchecked", "verified", "struck"]


class CaseHead(Output):
    """What the queue shows of a case."""

    id: Annotated[str, T1]
    title: Annotated[str, T2]
    status: Annotated[Status, T1]
    priority: Annotated[Priority | None, T1] = None
    severity: Annotated[str | None, T1] = None
    disposition: Annotated[Disposition | None, T1] = None
    """What code concluded; missing while the investigation runs."""
    human_disposition: Annotated[Disposition | None, T0] = None
    """What a person closed it with."""
    likelihood: Annotated[float | None, T1] = None
    """Of malice, 0 to 1."""
    outcome: Annotated[str | None, T1] = None
    due_at: Annotated[str | None, T1] = None
    overdue: Annotated[bool, T1] = False
    created_at: Annotated[str, T1]
    updated_at: Annotated[str, T1]
    owner: Annotated[str | None, T0] = None
    techniques: Annotated[list[str], T1]


class CaseLine(CaseHead):
    """One line of the queue."""

    alerts: Annotated[int, T1]
    """How many came in, repeats included."""


class ByStatus(Output):
    """Cases by status."""

    new: Annotated[int, T1] = 0
    investigating: Annotated[int, T1] = 0
    open: Annotated[int, T1] = 0
    taken: Annotated[int, T1] = 0
    closed: Annotated[int, T1] = 0


class ByPriority(Output):
    """Cases by priority; those without one are still being investigated."""

    P1: Annotated[int, T1] = 0
    P2: Annotated[int, T1] = 0
    P3: Annotated[int, T1] = 0
    P4: Annotated[int, T1] = 0


class CaseLines(Output):
    """Cases that fit, the most urgent first, and how many fit by status and priority."""

    rows: ClassVar[str | None] = "cases"
    cases: list[CaseLine]
    by_status: ByStatus
    by_priority: ByPriority


class OpeningLines(Output):
    """The five lines a case opens with."""

    what_happened: Annotated[str, T2]
    did_it_work: Annotated[str, T2]
    who_and_where: Annotated[str, T2]
    still_going_on: Annotated[str, T2]
    what_to_do_now: Annotated[str, T2]


class HypothesisLine(Output):
    """One explanation, and what the evidence gives it."""

    id: Annotated[str, T0]
    kind: Annotated[str, T0]
    text: Annotated[str, T0]
    score: Annotated[float, T1]


class GateLine(Output):
    """What one gate said."""

    gate: Annotated[str, T1]
    passed: Annotated[bool, T1]
    reason: Annotated[str, T2]


class GapLine(Output):
    """What could not be looked at, and the query that would settle it."""

    sensor: Annotated[str, T1]
    reason: Annotated[str, T2]
    query: Annotated[str | None, T2] = None
    required: Annotated[bool, T1]


class ContributionLine(Output):
    """One part of the likelihood."""

    group: Annotated[str, T1]
    weight: Annotated[float, T1]
    reason: Annotated[str, T2]
    field: Annotated[str | None, T1] = None


class AlertLine(Output):
    """One alert of a case, and whom it names."""

    id: Annotated[str, T2]
    title: Annotated[str, T2]
    time: Annotated[str, T1]
    rule: Annotated[str, T2]
    """Id of the rule."""
    rule_name: Annotated[str, T2]
    format: Annotated[str, T1]
    product: Annotated[str, T2]
    evidence: Annotated[str | None, T1] = None
    """Evidence id of the alert itself."""
    repeats: Annotated[int, T1] = 0
    host: Annotated[str | None, T2] = None
    user: Annotated[str | None, T2] = None
    source: Annotated[str | None, T2] = None
    destination: Annotated[str | None, T2] = None
    sha256: Annotated[str | None, T2] = None


class NoteLine(Output):
    """A person's words."""

    at: Annotated[str, T1]
    author: Annotated[str, T0]
    text: Annotated[str, T2]


class HumanLine(Output):
    """How a person closed the case."""

    at: Annotated[str, T1]
    author: Annotated[str, T0]
    disposition: Annotated[Disposition, T0]
    reason_code: Annotated[str, T0]
    note: Annotated[str, T2]


class ClaimCounts(Output):
    """Claims of the report."""

    total: Annotated[int, T1]
    verified: Annotated[int, T1]
    struck: Annotated[int, T1]


class CaseFile(CaseHead):
    """One case with its conclusions; claims and evidence have tools of their own."""

    basis: Annotated[str | None, T1] = None
    reason: Annotated[str | None, T2] = None
    alert_class: Annotated[str | None, T1] = None
    playbook: Annotated[str | None, T1] = None
    opening: OpeningLines | None = None
    hypotheses: list[HypothesisLine]
    gates: list[GateLine]
    gaps: list[GapLine]
    contributions: list[ContributionLine]
    authorisation: Annotated[str | None, T0] = None
    """Register entry that covers a benign true positive."""
    alerts: list[AlertLine]
    """The first 20 alerts."""
    alert_count: Annotated[int, T1]
    """How many came in, repeats included."""
    notes: list[NoteLine]
    """The last 10 notes."""
    human: HumanLine | None = None
    linked: Annotated[list[str], T1]
    claims: ClaimCounts | None = None
    evidence: Annotated[int, T1]
    """Pieces of evidence: E0 to this number less one."""


class OneCase(Output):
    """One case."""

    case: CaseFile


class WeightLine(Output):
    """What a claim says about one hypothesis."""

    hypothesis: Annotated[str, T0]
    weight: Annotated[float, T1]


class ClaimLine(Output):
    """One statement of the report, read from evidence by code."""

    id: Annotated[str, T1]
    text: Annotated[str, T2]
    status: Annotated[ClaimStatus, T1]
    kind: Annotated[str, T1]
    evidence: Annotated[list[str], T1]
    question: Annotated[str | None, T1] = None
    provenance: Annotated[str | None, T1] = None
    """Class of the least trusted value it rests on."""
    shows: Annotated[str | None, T1] = None
    """Class of the least trusted value that its text shows; the words around the values are ours."""
    weights: list[WeightLine]
    decisive_for: Annotated[str | None, T0] = None
    struck_because: Annotated[str | None, T2] = None


class ClaimLines(Output):
    """Claims in the order of the report."""

    rows: ClassVar[str | None] = "claims"
    claims: list[ClaimLine]


class Attested(Output):
    """A number, a truth value or a text of a tool's answer that no outsider wrote, as it was kept."""

    path: Annotated[str, T1]
    """JSONPath in the data."""
    value: Annotated[str | float | int | bool, T1]
    by: Annotated[Literal["T0", "T1"], T1]


class EvidenceFile(Output):
    """One answer of one tool as it was kept."""

    id: Annotated[str, T1]
    server: Annotated[str, T1]
    tool: Annotated[str, T1]
    arguments: Annotated[JsonValue, T2]
    asked_at: Annotated[str, T1]
    status: Annotated[str, T1]
    summary: Annotated[str, T2]
    backend: Annotated[str, T1]
    sensor: Annotated[str | None, T2] = None
    error: Annotated[str | None, T2] = None
    hint: Annotated[str | None, T2] = None
    sha256: Annotated[str, T1]
    """Of the data as it is stored, whole."""
    truncated: Annotated[bool, T1]
    """Whether the answer was cut when it came, or is cut here."""
    data: Annotated[JsonValue, T2]
    """Whole, whoever wrote it."""
    attested: list[Attested]
    """Those values of `data` that an operator or a sensor wrote, the first ones; the same values, with their class."""


class OneEvidence(Output):
    """One piece of evidence."""

    evidence: EvidenceFile


class WhyLine(Output):
    """One thing two cases share."""

    kind: Annotated[Literal["entity", "technique", "rule", "sequence", "class"], T1]
    value: Annotated[str, T2]


class FoundCase(CaseLine):
    """A case whose alerts name what was looked for, or one that is like another case."""

    named_as: Annotated[list[str] | None, T1] = Field(default=None, alias="as")
    """ECS names of the fields that hold it."""
    values: Annotated[list[str] | None, T2] = None
    """What those fields say."""
    exact: Annotated[bool | None, T1] = None
    """False when only a part of a value fits."""
    score: Annotated[float | None, T1] = None
    """How much it is like the case asked about, 0 to 1."""
    why: list[WhyLine] | None = None
    """What the two share."""
    closed_at: Annotated[str | None, T1] = None
    """Of a case like another one."""


class FoundCases(Output):
    """Cases that name it, exact ones first, then the newest; or cases like one, most alike first."""

    rows: ClassVar[str | None] = "cases"
    cases: list[FoundCase]


class ChangeLine(Output):
    """One thing that would change the verdict, or was looked at as such and would not."""

    kind: Annotated[Literal["gap", "gate", "claim", "authorisation"], T1]
    subject: Annotated[str, T1]
    """Sensor, gate, claim id or register entry."""
    what: Annotated[str, T2]
    query: Annotated[str | None, T2] = None
    would_be: Annotated[Disposition | None, T1] = None
    """The disposition then; missing where that depends on what would be found."""


class WouldChange(Output):
    """What the verdict hangs on."""

    rows: ClassVar[str | None] = "changes"
    verdict: Annotated[Disposition | None, T1] = None
    changes: list[ChangeLine]


class FailedCheck(Output):
    """Something of a case that does not hold."""

    what: Annotated[Literal["hash", "alert", "claim", "verdict"], T1]
    """`hash`: the evidence is not what was stored. `alert`: it is not the one that came. `claim`: its evidence says
    otherwise. `verdict`: it does not follow from its gates, or rests on claims that are not there."""
    subject: Annotated[str | None, T1] = None
    """Evidence id or claim id."""
    detail: Annotated[str, T2]


class Verified(Output):
    """A report checked again from the evidence that was stored."""

    rows: ClassVar[str | None] = "failed"
    case_id: Annotated[str, T1]
    passed: Annotated[bool, T1]
    checks: Annotated[int, T1]
    """One for each piece of evidence, one for each claim, one for the alerts, one for the verdict."""
    evidence: Annotated[int, T1]
    claims: Annotated[int, T1]
    reproduced: Annotated[int, T1]
    """Claims that come out exactly as they are written, struck ones as struck."""
    struck: Annotated[int, T1]
    """Claims that were struck when the report was written."""
    failed: list[FailedCheck]


class TimelineLine(Output):
    """One event of a case."""

    time: Annotated[str, T1]
    what: Annotated[str, T2]
    evidence: Annotated[str, T1]
    sensor: Annotated[str, T2]


class Timeline(Output):
    """Events of a case, oldest first."""

    rows: ClassVar[str | None] = "events"
    events: list[TimelineLine]


class CaseChange(Output):
    """Something that happened to a case."""

    seq: Annotated[int, T1]
    at: Annotated[str, T1]
    case_id: Annotated[str, T1]
    kind: Annotated[str, T1]
    """opened, saved, duplicate, taken, noted, closed or reopened."""
    title: Annotated[str, T2]


class CaseChanges(Output):
    """Changes, oldest first."""

    rows: ClassVar[str | None] = "changes"
    changes: list[CaseChange]
