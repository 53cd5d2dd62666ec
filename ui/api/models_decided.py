"""How a case was decided, as the API tells it: each decision in words, its cost, where model and evidence differ."""

from typing import Literal, TypeAlias

from agent.models import Decision, JsonObject, Model, Usage

DecisionStep: TypeAlias = Literal["plan", "assess", "challenge", "conclude"]


class DecisionView(Model):
    """One decision without the conversation that led to it."""

    step: DecisionStep
    title: str
    """What was decided, in the language that was asked for."""
    by: str
    """`playbook`, or `model:` and the model's name."""
    prompt: str
    lines: tuple[str, ...]
    """What came out of it, in words. What a model wrote itself stands in quotation marks."""
    notes: tuple[str, ...]
    """What was struck, mended or refused of it, and why the embedded brain decided, in words."""
    answer: JsonObject
    problems: tuple[str, ...]
    """As they are kept, in English."""
    fell_back: str | None
    usage: Usage


class DisagreementView(Model):
    """Where the model and the evidence say different things. It lowers nothing."""

    about: Literal["hypothesis", "disposition", "second_look"]
    model_says: str
    """Id of a hypothesis, or a disposition."""
    evidence_says: str
    text: str


class DecisionList(Model):
    """Every decision of a case as it is kept, with what was said to the model and what it said."""

    decisions: tuple[Decision, ...]
