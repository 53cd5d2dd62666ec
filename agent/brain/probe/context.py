"""How long a text can it read and still find a fact at the beginning, in the middle and at the end?"""

from dataclasses import dataclass
from typing import Final

from agent.brain.endpoint.errors import ModelError
from agent.brain.fitness import Context, Remark
from agent.brain.probe.bench import Bench
from agent.brain.probe.errors import silent
from agent.brain.probe.session import CHARS_PER_TOKEN
from agent.brain.probe.tally import Tally, told_error
from agent.models import Scalar

PLACES: Final = {"north": 0.1, "middle": 0.5, "south": 0.9}
"""Cabinet to how far into the document its note stands."""
FOUND: Final = "the ledger of the {cabinet} cabinet, {place} % into {size} tokens: {ledger}"
ASKS: Final = (
    "Above are the notes of many shifts. Which ledger does the north cabinet hold, which the middle one, which the "
    "south one? Answer with the three numbers in that order."
)
_WHO: Final = ("The early shift", "The late shift", "The night shift", "The officer on duty", "A visiting auditor")
_DID: Final = ("checked", "restarted", "cleaned", "labelled", "replaced", "inspected", "moved")
_WHAT: Final = ("the badge reader", "a spare switch", "the cooling unit", "the door camera", "a console cable")
_WHERE: Final = ("beside the stairs", "on the second floor", "near the loading bay", "in the archive", "at reception")
_THEN: Final = ("found nothing unusual", "ordered a new part", "closed the request", "told the building manager")


@dataclass(frozen=True, slots=True)
class Document:
    """A long document with a fact at every place."""

    text: str
    ledgers: dict[str, str]
    """Cabinet to the number it holds."""


def document(size: int) -> Document:
    """The document of about that many tokens of four characters: the same one every time."""
    ledgers = {cabinet: str(1000 + (size * 37 + 2741 * turn + 617) % 9000) for turn, cabinet in enumerate(PLACES)}
    most, length = size * CHARS_PER_TOKEN, 0
    due = [(round(share * most), cabinet) for cabinet, share in PLACES.items()]
    lines: list[str] = []
    while length < most:
        cabinet = due.pop(0)[1] if due and length >= due[0][0] else None
        line = f"The {cabinet} cabinet holds ledger {ledgers[cabinet]}." if cabinet else _note(len(lines))
        lines.append(line)
        length += len(line) + 1
    return Document("\n".join(lines), ledgers)


def _note(turn: int) -> str:
    """A sentence about nothing, which holds no number."""
    who, did, what = _WHO[turn % 5], _DID[turn % 7], _WHAT[turn // 3 % 5]
    return f"{who} {did} {what} {_WHERE[turn // 5 % 5]} and {_THEN[turn // 7 % 4]}."


async def check_context(bench: Bench, tally: Tally) -> None:
    """Ever longer documents, until one is too long."""
    sizes = bench.scope.sizes
    tally.planned = len(PLACES) * len(sizes)
    for done, size in enumerate(sizes, 1):
        found = await _found(bench, tally, document(size), size)
        if found is None:
            return
        if not found:
            bench.context = Context(held=bench.context.held if bench.context else None, failed=size)
            tally.planned = len(PLACES) * done
            return
        bench.context = Context(held=size, failed=None)


async def _found(bench: Bench, tally: Tally, made: Document, size: int) -> bool | None:
    """Whether the facts of every place are in the answer; None where the endpoint gave none."""
    try:
        text = (await bench.session.ask(f"{made.text}\n\n{ASKS}")).text
    except ModelError as error:
        if silent(error):
            return None
        text = told_error(error)
    for cabinet, ledger in made.ledgers.items():
        place = round(PLACES[cabinet] * 100)
        values: dict[str, Scalar] = {"cabinet": cabinet, "place": place, "size": size, "ledger": ledger}
        tally.judge(ledger in text, f"{size} {cabinet}", Remark(template=FOUND, values=values), text)
    return all(ledger in text for ledger in made.ledgers.values())
