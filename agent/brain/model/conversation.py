"""The conversation of one case, rebuilt from its decisions: a brain keeps nothing between two of them.

    system message (the same for ever) + what every earlier decision added + what is new, and what is wanted

So each request begins with all bytes of the one before, and a case can go on in another process.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.brain.endpoint.names import Names
from agent.brain.model.document import ids, news, told_in
from agent.brain.model.expanding import expanded, expansions_left, placed
from agent.brain.model.prompts import system_prompt
from agent.brain.model.rows import known_of
from agent.brain.model.schema import ExpandSaid, Step
from agent.brain.model.writing import Pen
from agent.brain.protocol import Assessment, CaseView
from agent.evidence.ledger import Ledger
from agent.models import Evidence, JsonObject


@dataclass(frozen=True, slots=True)
class Talk:
    """One case as a model knows it so far."""

    view: CaseView
    evidence: dict[str, Evidence]
    """Every answer by its id, the alert itself among them."""
    names: Names
    pen: Pen
    messages: tuple[JsonObject, ...]
    """The system message, and what every earlier decision added."""
    told: frozenset[str]
    """Keys of what it was told."""

    def message(self, step: Step) -> JsonObject:
        """What is new, and the decision that is wanted."""
        blocks = news(self.view, self.pen, self.told)
        return user("\n".join([*self.promised(), *(block.lines for block in blocks), self._wanted(step)]))

    def promised(self) -> tuple[str, ...]:
        """What it asked to see together with what it asked for, where that has not been shown."""
        last = next((decision for decision in reversed(self.view.decisions) if decision.messages), None)
        if last is None or last.step != "assess" or not expansions_left(self.view.decisions):
            return ()
        wanted = Assessment.model_validate(last.answer).expand
        text = self.expanded([placed(item) for item in wanted]) if wanted else ""
        return (text,) if text else ()

    def expanded(self, wanted: Sequence[ExpandSaid]) -> str:
        """Parts of answers, as the beginning of a message; empty when none of them is there."""
        return expanded(wanted, self.evidence, known_of(self.view.alert), self.pen)

    def _wanted(self, step: Step) -> str:
        """The last line: what is to be decided, and what there is to choose from."""
        told = [f"Decide: {step}."]
        if step in ("assess", "challenge"):
            told.append(f"Open: {ids(self.view.open_questions)}.")
        if step == "assess":
            told.append(f"Reads left: {self.view.reads_left}. Rounds of expand left: {self.rounds_left()}.")
        return " ".join(told)

    def rounds_left(self) -> int:
        """Rounds that are left once this message is sent."""
        return expansions_left(self.view.decisions) - len(self.promised())


def resume(view: CaseView, *, hidden: bool) -> Talk:
    """The conversation of a case up to now; `hidden`: whether names of hosts and accounts stay here."""
    evidence = {view.subject: _subject(view), **{item.id: item for item in view.evidence}}
    names = Names(hidden=hidden)
    names.learn_alert(view.alert)
    for item in evidence.values():
        names.learn(item)
    added = tuple(message for decision in view.decisions for message in decision.messages)
    told = frozenset(key for message in added for key in _keys(message))
    return Talk(view, evidence, names, Pen(names), (system(), *added), told)


def system() -> JsonObject:
    """The first message of every request."""
    return {"role": "system", "content": system_prompt()}


def user(text: str) -> JsonObject:
    """A message of ours."""
    return {"role": "user", "content": text}


def _keys(message: JsonObject) -> Sequence[str]:
    content = message.get("content")
    return tuple(told_in(content)) if message.get("role") == "user" and isinstance(content, str) else ()


def _subject(view: CaseView) -> Evidence:
    """The alert as evidence, as the ledger of the case has it."""
    item = Ledger().from_alert(view.alert)
    return item if item.id == view.subject else item.model_copy(update={"id": view.subject})
