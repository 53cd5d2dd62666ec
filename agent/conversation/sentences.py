"""What an intent wants to say, held against the evidence: only what code can show to be so is said.

    Fact          its claim is run again; no value and no words come from anywhere but the evidence
    CouldNotLook  the evidence it names brought no answer, and says itself why
    Quote         the text stands in the evidence, word for word
    Speech        one of our own sentences, filled from the question alone: it says nothing about the world

Everything else is struck, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from agent.conversation.errors import UnborneError
from agent.conversation.models import Sentence, SentenceKind, moment_text
from agent.conversation.protocol import CouldNotLook, Draft, Fact, Quote, Said, Speech, Understood
from agent.evidence.claims import SLOT, check, render
from agent.evidence.errors import ClaimError, PathError
from agent.evidence.paths import select
from agent.evidence.provenance import classes, existence
from agent.evidence.text import inert
from agent.models import Absent, Before, Claim, Count, Evidence, Provenance, Ref, SameEntity, least_trusted
from agent.wording import Language, localised
from agent.wording.retelling import retold

QUOTED: Final = 1_500
"""Characters of one quoted text."""
_MOST_QUOTED: Final = 5
"""Texts that one quote may bring."""
_UNANSWERED: Final = ("error", "refused", "stale")


def checked(
    draft: Draft, evidence: Mapping[str, Evidence], language: Language, asked: Understood | None = None
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The sentences that hold, and those that were struck. It never raises: whatever is wrong is a reason to strike.

    `asked`: the question; with it, a speech that shows a word the question does not have is struck."""
    kept: dict[str, Sentence] = {}
    struck: list[Sentence] = []
    for said in draft.said:
        sentence = _sentence(said, evidence, language, asked)
        if sentence.struck_because is not None:
            struck.append(sentence)
        else:
            kept.setdefault(sentence.text, sentence)
    return tuple(kept.values()), tuple(struck)


def _sentence(said: Said, evidence: Mapping[str, Evidence], language: Language, asked: Understood | None) -> Sentence:
    try:
        match said:
            case Fact():
                return _fact(said.claim, evidence, language)
            case CouldNotLook():
                return _could_not_look(said, evidence, language)
            case Quote():
                return _quote(said, evidence, language)
            case Speech():
                return _speech(said, language, asked)
    except (UnborneError, ClaimError, PathError) as error:
        return _struck(said, language, inert(str(error)))


def _fact(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> Sentence:
    again = check(claim, evidence, language)
    if again.struck_because is not None:
        raise UnborneError(again.struck_because)
    refs = tuple(dict.fromkeys(refs_of(claim)))
    return Sentence(
        kind=kind_of(claim),
        text=again.text,
        claim=again,
        cites=refs,
        provenance=least_trusted(*(_class_of(ref, claim, evidence) for ref in refs)),
    )


def kind_of(claim: Claim) -> SentenceKind:
    """A claim that nothing is there tells what was not found; every other one a fact."""
    empty = isinstance(claim, Absent) or (isinstance(claim, Count) and claim.value == 0)
    return "nothing_found" if empty else "fact"


def refs_of(claim: Claim) -> Iterator[Ref]:
    """Every place in the evidence that the claim reads."""
    if isinstance(claim, Before | SameEntity):
        yield from (claim.first, claim.second)
    else:
        yield claim.ref
    used = set(SLOT.findall(claim.template))
    yield from (ref for name, ref in claim.slots.items() if name in used)


def _class_of(ref: Ref, claim: Claim, evidence: Mapping[str, Evidence]) -> Provenance:
    """Of a place whose number of things is all that is said: who attests that; else who wrote what stands there."""
    if isinstance(claim, Absent | Count) and ref == claim.ref:
        return existence(ref.path, evidence[ref.evidence])
    return classes(ref.path, evidence[ref.evidence])


def _could_not_look(said: CouldNotLook, evidence: Mapping[str, Evidence], language: Language) -> Sentence:
    answer = _known(said.evidence, evidence)
    blind = tuple(blind_rows(answer))
    if answer.status not in _UNANSWERED and not blind:
        raise UnborneError(f"{answer.id} is {answer.status}: it did look")
    shown = {
        "reason": retold(inert(answer.error or ""), language) or _blindness(answer, blind) or answer.status,
        "hint": inert(answer.hint or "") or localised("no hint was given", language),
    }
    text = render(localised(said.template, language), shown)
    cites = tuple(Ref(evidence=answer.id, path=f"$.coverage[{index}]") for index, _ in blind)
    return Sentence(
        kind="could_not_look",
        text=text,
        cites=cites or (Ref(evidence=answer.id, path="$"),),
        provenance=least_trusted(*(classes(ref.path, answer) for ref in cites)) if cites else Provenance.SENSOR,
    )


def blind_rows(answer: Evidence) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """Index and row of every sensor that a coverage answer says did not cover what was asked."""
    rows = answer.data.get("coverage") if isinstance(answer.data, dict) and answer.status == "success" else None
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict) and row.get("covered") is False:
            yield index, row


def _blindness(answer: Evidence, blind: Iterable[tuple[int, Mapping[str, JsonValue]]]) -> str:
    """What the rows say, in the server's own words."""
    said = (f"{row.get('sensor')}: {row.get('state')}" for _, row in blind)
    return inert(", ".join(said)) or (inert(answer.summary) if answer.status == "stale" else "")


def _quote(said: Quote, evidence: Mapping[str, Evidence], language: Language) -> Sentence:
    answer = _known(said.ref.evidence, evidence)
    texts = [value for value in select(said.ref.path, answer.data) if isinstance(value, str) and value.strip()]
    if not 1 <= len(texts) <= _MOST_QUOTED:
        raise UnborneError(f"{answer.id} {said.ref.path} selects {len(texts)} texts that could be quoted")
    lead = render(localised(said.lead, language), {})
    return Sentence(
        kind="quote",
        text=f"{lead} {quoted(texts, language)}".strip(),
        cites=(said.ref,),
        provenance=classes(said.ref.path, answer),
    )


def quoted(texts: Iterable[str], language: Language) -> str:
    """Texts as somebody's words: inert line by line, in quotation marks."""
    shape = localised("“{quoted}”", language)
    return " ".join(shape.replace("{quoted}", by_line(text)) for text in texts)


def by_line(text: str) -> str:
    """A text of several lines, each made inert; only the line breaks themselves stay, the empty lines go."""
    rest = max(0, len(text) - QUOTED)
    kept = (line.rstrip() for line in text[:QUOTED].split("\n"))
    shown = "\n".join(inert(line, None) for line in kept if line)
    return f"{shown}… (+{rest} characters)" if rest else shown


def _speech(said: Speech, language: Language, asked: Understood | None) -> Sentence:
    if asked is not None:
        known = _asked_words(asked)
        if strange := [value for value in said.values.values() if not _is_asked(value, known)]:
            raise UnborneError(f"{strange[0]!r} is neither in the question nor read from evidence")
    shown = {name: inert(value) for name, value in said.values.items()}
    return Sentence(
        kind="speech", text=render(localised(said.template, language), shown), provenance=Provenance.OPERATOR
    )


def _asked_words(asked: Understood) -> str:
    """Everything the question says, as it was typed and as it was read."""
    entities = [word for entity in asked.entities for word in (entity.value, entity.said)]
    window = [asked.window.said, moment_text(asked.window.start), moment_text(asked.window.end)] if asked.window else []
    filters = [str(word) for item in asked.filters.items() for word in item]
    intent = (asked.intent or "").replace("_", " ")
    return "\n".join([asked.text, asked.plain, *entities, *window, *filters, intent]).casefold()


def _is_asked(value: str, known: str) -> bool:
    """Whether every part of a list of words was asked."""
    return all(part.strip().casefold() in known for part in value.replace("、", ",").split(","))


def _known(evidence_id: str, evidence: Mapping[str, Evidence]) -> Evidence:
    if (answer := evidence.get(evidence_id)) is None:
        raise UnborneError(f"{evidence_id} is not evidence of this thread")
    return answer


def _struck(said: Said, language: Language, reason: str) -> Sentence:
    kinds: dict[type[Said], SentenceKind] = {CouldNotLook: "could_not_look", Quote: "quote", Speech: "speech"}
    kind = kind_of(said.claim) if isinstance(said, Fact) else kinds[type(said)]
    template = (
        said.claim.template if isinstance(said, Fact) else said.lead if isinstance(said, Quote) else said.template
    )
    return Sentence(kind=kind, text=inert(localised(template, language)), struck_because=reason)
