"""What a model was found fit for, as it is kept: the result of `mcpsoc model probe`."""

from typing import Literal, TypeAlias

from agent.models import Model, Scalar, Usage, UtcTime
from agent.wording import Language, localised

Mode: TypeAlias = Literal["json_schema", "tool", "json"]
"""How an answer of a fixed form is asked for: by a schema, by the arguments of a tool, or in words alone."""

CheckName: TypeAlias = Literal[
    "structured", "tools", "context", "refusal", "injection", "judgement", "chinese", "determinism"
]
CHECKS: tuple[CheckName, ...] = (
    "structured",
    "tools",
    "judgement",
    "refusal",
    "chinese",
    "injection",
    "determinism",
    "context",
)
"""In the order they are made: what decides about triage first, what costs most tokens last."""


class Remark(Model):
    """A sentence of ours: an English template and what fills its slots, so that it can be told in any language."""

    template: str
    values: dict[str, Scalar] = {}

    def told(self, language: Language = "en") -> str:
        """The sentence in that language."""
        return localised(self.template, language).format(**self.values)


class Miss(Model):
    """One answer that was not what was asked for."""

    task: str
    """Short name of what was asked."""
    wanted: Remark
    got: str
    """Beginning of what came instead: inert, secrets masked."""


class Check(Model):
    """What one kind of question brought."""

    name: CheckName
    passed: int
    total: int
    """Answers that were judged."""
    planned: int
    """Answers that were meant to be judged; more than `total` where the probe was cut short."""
    misses: tuple[Miss, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that was planned was judged."""
        return self.total >= self.planned

    @property
    def rate(self) -> float | None:
        """Share of the answers that passed; None where nothing was judged."""
        return self.passed / self.total if self.total else None


class Structured(Model):
    """How well answers of our decision form came in one mode."""

    mode: Mode
    passed: int
    total: int
    mended: int = 0
    """Of those that passed, the ones that came right only when the mistake was named."""
    refused: int = 0
    """Of those that did not pass, the ones that the model declined."""

    @property
    def declined(self) -> bool:
        """Whether nothing but declining kept it from passing."""
        return 0 < self.refused == self.total - self.passed


class Context(Model):
    """How much a model can read and still find a fact in, in tokens of four characters."""

    held: int | None
    """Longest document in which the fact was found at every depth; None where it was found in none."""
    failed: int | None
    """Shortest document in which it was missed; None where it was missed in none."""


class Speed(Model):
    """How fast answers came. Of an endpoint shared with others, it says how it was then."""

    first_token_s: float | None
    """Median time to the first piece of an answer; None where answers do not come in pieces."""
    answer_s: float
    """Median time of a whole answer."""
    slowest_s: float
    tokens_per_s: float | None
    """Output tokens a second while an answer came; None where too few were counted."""


class Price(Model):
    """What one case would cost, estimated from the tokens of the probe's own cases."""

    input_tokens: int
    """Of one case."""
    output_tokens: int
    money: float | None
    """In the currency of the price table; None where the price table does not know the model."""


class Use(Model):
    """Whether the model may be used for something."""

    allowed: bool | None
    """None where too little was measured to say."""
    reasons: tuple[Remark, ...]
    """Why; never empty."""

    def why(self, language: Language = "en") -> str:
        """The reasons as one line."""
        return "; ".join(reason.told(language) for reason in self.reasons)


class Fitness(Model):
    """What a probe of one model at one endpoint found."""

    endpoint: str
    """URL without user, password and query."""
    model: str
    at: UtcTime
    prompt: str = ""
    """Version of the decision prompts that were tried."""
    quick: bool = False
    """Whether the short form of the probe was run."""
    mode: Mode | None
    """The mode that decisions are asked in from now on; None where none worked."""
    structured: tuple[Structured, ...] = ()
    checks: tuple[Check, ...] = ()
    context: Context | None = None
    speed: Speed | None = None
    price: Price | None = None
    usage: Usage = Usage()
    """What the probe itself cost."""
    stopped: Remark | None = None
    """Why the probe ended before it was done; None where it is complete."""
    chat: Use
    triage: Use

    @property
    def complete(self) -> bool:
        """Whether everything was measured."""
        return self.stopped is None

    def check(self, name: CheckName) -> Check | None:
        """The check of that name, where it was made."""
        return next((check for check in self.checks if check.name == name), None)
