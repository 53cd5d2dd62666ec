"""What is kept of a decision: enough to read it, and to play it again."""

from typing import Literal, TypeAlias

from agent.brain.protocol import Choice, Taken
from agent.models import Decision, JsonObject

DecisionStep: TypeAlias = Literal["plan", "assess", "challenge", "conclude"]


def recorded(step: DecisionStep, by: str, choice: Choice, failed: str | None = None) -> Decision:
    """The decision as it was taken; `by` took it where the choice does not say, `failed`: why nobody else did."""
    taken = choice.taken or Taken(by=by)
    return Decision(
        step=step,
        by=taken.by,
        prompt=taken.prompt,
        answer=_answer(choice),
        messages=taken.messages,
        problems=taken.problems,
        fell_back=taken.fell_back or failed,
        usage=taken.usage,
    )


def _answer(choice: Choice) -> JsonObject:
    """What was decided, without what was left at its default."""
    told = {name for name, field in type(choice).model_fields.items() if getattr(choice, name) != field.default}
    answer: JsonObject = choice.model_dump(mode="json", include=told)
    return answer
