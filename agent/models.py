"""The pipeline's vocabulary: what passes from intake to verdict, one frozen type per idea.

    Alert -> Evidence -> Claim -> Finding -> Verdict -> Case        (Action, Grant: how the world is changed)

Every type is a border type: frozen, unknown fields refused, times aware and in UTC.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

World: TypeAlias = Literal["lab", "site"]
"""Where a case lives. A site case never calls or cites the lab; a lab case never enters a site's recall or metrics."""

Disposition: TypeAlias = Literal[
    "true_positive", "benign_true_positive", "false_positive", "needs_human", "not_evaluable"
]
Severity: TypeAlias = Literal["informational", "low", "medium", "high", "critical"]
Priority: TypeAlias = Literal["P1", "P2", "P3", "P4"]
Outcome: TypeAlias = Literal["attempted", "blocked", "succeeded", "unknown"]
Basis: TypeAlias = Literal["full", "partial", "single_source", "alert_only"]
EvidenceStatus: TypeAlias = Literal["success", "no_data", "error", "stale", "refused"]
Backend: TypeAlias = Literal["real", "embedded"]
HypothesisKind: TypeAlias = Literal["malicious", "authorised", "benign"]
CaseStatus: TypeAlias = Literal["new", "investigating", "open", "taken", "closed"]
AlertFormat: TypeAlias = Literal["wazuh", "suricata", "defender", "elastic", "ocsf", "generic"]
JsonObject: TypeAlias = dict[str, JsonValue]
Scalar: TypeAlias = str | int | float | bool

UtcTime = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""An aware time, normalised to UTC when it crosses a border."""

SEVERITIES: tuple[Severity, ...] = ("informational", "low", "medium", "high", "critical")
"""Lowest first; compare severities by their index here."""

CLOSING: frozenset[Disposition] = frozenset({"benign_true_positive", "false_positive"})
"""Dispositions that tell a person there is nothing to do: each has to be earned at the gates."""


class Model(BaseModel):
    """Base of every border type: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(StrEnum):
    """Who wrote a value. Order matters: a later class is trusted less."""

    OPERATOR = "T0"
    SENSOR = "T1"
    UNTRUSTED = "T2"
    MODEL = "T3"

    @property
    def trusted(self) -> bool:
        """Whether a value of this class may lower a verdict or name a target."""
        return self in (Provenance.OPERATOR, Provenance.SENSOR)


def least_trusted(*classes: Provenance) -> Provenance:
    """The class of something made of several values; of nothing at all, untrusted."""
    return max(classes, default=Provenance.UNTRUSTED)


class AlertField(Model):
    """One normalised field of an alert, with who wrote it and where it stood in the raw alert."""

    name: str
    """Elastic Common Schema name, for instance `source.ip` or `process.command_line`."""
    value: Scalar | tuple[Scalar, ...]
    provenance: Provenance
    path: str
    """JSONPath of the value in `Alert.raw`."""


class Rule(Model):
    """The detection that raised the alert, in the vendor's words."""

    id: str
    name: str
    level: float | None = None
    """The vendor's own level, on the vendor's own scale; None when the alert carries none."""
    groups: tuple[str, ...] = ()
    """Classes the vendor puts the rule in: Wazuh groups, Suricata category, ECS event.category, Defender category."""


class Alert(Model):
    """One alert as the pipeline sees it: what a product claims, field by field, and who wrote each field."""

    alert_id: str
    """The source's own id; `line-N` when it has none."""
    format: AlertFormat
    product: str
    title: str
    time: UtcTime
    rule: Rule
    techniques: tuple[str, ...] = ()
    """ATT&CK ids, revoked ones already mapped to their successors."""
    vendor_severity: str | None = None
    fields: tuple[AlertField, ...]
    decoded: tuple[AlertField, ...] = ()
    """Texts uncovered by decoding command lines and the like; same name as the field they came from, always T2."""
    raw: JsonObject
    unplaced: tuple[str, ...] = ()
    """Top-level keys of the raw alert that no field was made of."""
    fingerprint: str
    """Equal for alerts that say the same thing: rule, host, actor, target and decoded content."""
    world: World
    synthetic: bool = False

    def field(self, name: str) -> AlertField | None:
        """The first field of that ECS name, or None."""
        return next((item for item in self.fields if item.name == name), None)

    def text(self, name: str) -> str | None:
        """The field's value as text; of several values the first; None when the alert does not have it."""
        if (found := self.field(name)) is None:
            return None
        value = found.value[0] if isinstance(found.value, tuple) else found.value
        return str(value)


class Observable(Model):
    """Something that can be looked up: an address, account, host, file hash, domain or URL."""

    type: Literal["address", "account", "host", "sha256", "domain", "url", "process", "access_key"]
    value: str
    provenance: Provenance


class Evidence(Model):
    """One answer of one tool, kept as it came. `E0` is the alert itself."""

    id: str
    server: str
    tool: str
    arguments: JsonObject
    asked_at: UtcTime
    """The case's clock: lab time for the lab, wall time for a site."""
    status: EvidenceStatus
    summary: str
    data: JsonValue = None
    sha256: str
    """Of the canonical JSON of `data`."""
    provenance: dict[str, Provenance] = {}
    """Class per field, keyed by its path with every array index as `*`: `$.events[*]['source.ip']`."""
    sensor: str | None = None
    backend: Backend
    synthetic: bool = False
    truncated: bool = False
    error: str | None = None
    hint: str | None = None
    cost_ms: float = 0.0
    size_bytes: int = 0


class Ref(Model):
    """A place in a piece of evidence."""

    evidence: str
    path: str
    """JSONPath (RFC 9535) into `Evidence.data`."""


class BaseClaim(Model):
    """A statement that code can run again. `text` is `template` filled from the evidence, never written by hand."""

    id: str
    template: str
    """Sentence with slots: `{value}`, `{first}`, `{second}` of the claim itself, and any name in `slots`."""
    slots: dict[str, Ref] = {}
    """Further values the sentence shows, each read from evidence."""
    elapsed: dict[str, tuple[str, str]] = {}
    """Slot name to two of `slots` that are times: it shows how long the second came after the first."""
    text: str = ""
    status: Literal["unchecked", "verified", "struck"] = "unchecked"
    struck_because: str | None = None


class Equals(BaseClaim):
    """The one value at `ref` is `value`."""

    kind: Literal["equals"] = "equals"
    ref: Ref
    value: Scalar


class Count(BaseClaim):
    """`ref` selects exactly `value` nodes."""

    kind: Literal["count"] = "count"
    ref: Ref
    value: int


class Before(BaseClaim):
    """The earliest time at `first` is not later than the earliest time at `second`."""

    kind: Literal["before"] = "before"
    first: Ref
    second: Ref


class Absent(BaseClaim):
    """`ref` selects nothing, in an answer that looked: an error, a refusal or a stale answer never proves absence."""

    kind: Literal["absent"] = "absent"
    ref: Ref


class SameEntity(BaseClaim):
    """Some value at `first` names the same entity as some value at `second` (case, domain prefix and suffix aside)."""

    kind: Literal["same_entity"] = "same_entity"
    first: Ref
    second: Ref


class Contains(BaseClaim):
    """Some text or list at `ref` contains `value`."""

    kind: Literal["contains"] = "contains"
    ref: Ref
    value: Scalar


Claim: TypeAlias = Annotated[Equals | Count | Before | Absent | SameEntity | Contains, Field(discriminator="kind")]


class Hypothesis(Model):
    """One explanation of the alert."""

    id: str
    kind: HypothesisKind
    text: str


class Finding(Model):
    """What one claim says about each hypothesis: a row of the analysis of competing hypotheses."""

    claim: str
    """Claim id."""
    question: str
    """Question id in the playbook; `context` for the questions asked of every alert, `brain` for a brain's own."""
    reading: str = ""
    """Reading id in the playbook: what proofs are made of."""
    weights: dict[str, float]
    """Hypothesis id to weight: positive speaks for, negative against; |weight| <= 3."""
    decisive_for: str | None = None
    """Hypothesis that this finding, with the others of its proof, settles."""
    provenance: Provenance
    sensors: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    outcome: Outcome | None = None
    """What the finding says about whether it worked."""
    ongoing: bool = False
    """Whether the finding says that it is still going on."""


class Contribution(Model):
    """One group's part of the likelihood, with the field and the reason, so that the sum can be checked by eye."""

    group: str
    weight: float
    reason: str
    field: str | None = None


class Gap(Model):
    """Something that could not be looked at, and the one query that would settle it."""

    sensor: str
    reason: str
    query: str | None = None
    required: bool = False
    """Whether the telemetry contract of the alert's class asks for it."""


class GateResult(Model):
    """What one gate decided about the draft verdict."""

    gate: str
    passed: bool
    reason: str
    before: Disposition
    after: Disposition


class Verdict(Model):
    """What code concluded, after the gates. Nothing in it is a model's own number."""

    disposition: Disposition
    severity: Severity
    priority: Priority
    likelihood: float = Field(ge=0, le=1)
    outcome: Outcome
    basis: Basis
    techniques: tuple[str, ...] = ()
    reason: str
    """One sentence for the queue; names the field or finding that decided."""
    contributions: tuple[Contribution, ...] = ()
    gates: tuple[GateResult, ...] = ()
    gaps: tuple[Gap, ...] = ()
    authorisation: str | None = None
    """Id of the register entry that covers a benign true positive."""


class Opening(Model):
    """The five lines a case opens with."""

    what_happened: str
    did_it_work: str
    who_and_where: str
    still_going_on: str
    what_to_do_now: str


class Action(Model):
    """A change proposed by name and handle: `arguments` point at evidence (`E12.$.path`), they hold no values."""

    id: str
    tool: str
    arguments: dict[str, Ref]
    rationale: str


class Grant(Model):
    """Permission for one exact call. `signature` is Ed25519 over the canonical JSON of all the other fields."""

    tool: str
    schema_sha256: str
    arguments_sha256: str
    tenant: str
    nonce: str
    expires_at: UtcTime
    signature: str = ""


class Usage(Model):
    """What asking models cost: one call, one decision, or a whole case."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens, those that the endpoint says it had seen before."""
    output_tokens: int = 0
    seconds: float = 0.0
    """Time spent waiting for models."""
    money: float | None = 0.0
    """In the currency of the price table; None as soon as one call's price is not known."""
    estimated: bool = False
    """Whether some tokens were counted by us because the endpoint did not say."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=round(self.seconds + other.seconds, 3),
            money=None if self.money is None or other.money is None else round(self.money + other.money, 6),
            estimated=self.estimated or other.estimated,
        )


class Decision(Model):
    """One decision of an investigation as it was taken: enough to read it, and to play it again."""

    step: Literal["plan", "assess", "challenge", "conclude"]
    by: str
    """Who took it: `playbook`, or `model:` and the model's name."""
    prompt: str = ""
    """Name and version of the prompt; empty where no model was asked."""
    answer: JsonObject
    """What was decided, in the form of that step."""
    messages: tuple[JsonObject, ...] = ()
    """What this decision added to the conversation with the model, in Chat Completions form, as it was sent."""
    problems: tuple[str, ...] = ()
    """What of the model's answer was refused, struck or mended, each in words."""
    fell_back: str | None = None
    """Why the embedded brain decided in the model's place."""
    usage: Usage = Usage()


class Disagreement(Model):
    """Where the model and the evidence say different things. It is shown; it never lowers anything."""

    about: Literal["hypothesis", "disposition", "second_look"]
    model_says: str
    evidence_says: str


class Variation(Model):
    """One more run of a case on the same evidence, with something changed that should change nothing."""

    changed: str
    """What was changed: `nothing`, `entities renamed`, `times shifted`, ..."""
    disposition: Disposition
    severity: Severity
    likelihood: float = Field(ge=0, le=1)
    concluded: Disposition
    """What the brain itself concluded, before the gates."""


class Stability(Model):
    """Whether a case ends the same way every time."""

    variations: tuple[Variation, ...]
    stable: bool


class Report(Model):
    """All that an investigation leaves behind."""

    opening: Opening
    alert_class: str
    playbook: str
    hypotheses: tuple[Hypothesis, ...]
    findings: tuple[Finding, ...]
    claims: tuple[Claim, ...]
    verdict: Verdict
    brain: str
    calls: int
    rounds: int
    seconds: float
    proposed: tuple[Action, ...] = ()
    decisions: tuple[Decision, ...] = ()
    """Every decision in the order it was taken."""
    usage: Usage = Usage()
    """What the models of this case cost altogether; one alert's investigation is one report."""
    cut: tuple[str, ...] = ()
    """What was left out because a budget was spent, each in words."""
    disagreements: tuple[Disagreement, ...] = ()
    stability: Stability | None = None
    """How the case ended when it was run again with changes; None when it was run once."""


class Note(Model):
    """A person's words on a case; append-only."""

    at: UtcTime
    author: str
    text: str


class HumanVerdict(Model):
    """How a person closed a case; stands beside the machine's verdict, never in its place."""

    at: UtcTime
    author: str
    disposition: Disposition
    reason_code: Literal[
        "rule_logic", "bad_data", "bad_intel", "authorised_test", "admin_work", "business_software", "confirmed_attack"
    ]
    note: str = ""


class Case(Model):
    """An incident under investigation: one or more alerts, all evidence, and what was concluded."""

    id: str
    tenant: str
    world: World
    title: str
    status: CaseStatus
    created_at: UtcTime
    updated_at: UtcTime
    due_at: UtcTime | None = None
    owner: str | None = None
    alerts: tuple[Alert, ...]
    duplicates: dict[str, int] = {}
    """Fingerprint to how often it came again."""
    evidence: tuple[Evidence, ...] = ()
    report: Report | None = None
    notes: tuple[Note, ...] = ()
    human: HumanVerdict | None = None
    linked: tuple[str, ...] = ()
    synthetic: bool = False
    version: int = 0
    """How often it was saved; a save that is based on an older version is refused."""


def utc_now() -> datetime:
    """Wall time, aware, UTC."""
    return datetime.now(UTC)
