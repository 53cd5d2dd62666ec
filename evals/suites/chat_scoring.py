"""Whether an answer of the chat is right, cited and honest: what was said, held against what is true."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.conversation.models import Answer, Proposal, Sentence
from agent.evidence.errors import PathError
from agent.evidence.paths import select
from agent.models import Evidence, Ref
from agent.wording import Language
from evals.suites.chat_expected import Demand, Expected, Value

MEASURES: Mapping[str, str] = {
    "firewall_block_address": "block_address",
    "endpoint_isolate_host": "isolate_host",
    "endpoint_quarantine_file": "quarantine_file",
    "identity_disable_account": "disable_account",
}
"""Change tool to the kind of measure it takes."""
_KINDS: Mapping[Demand, frozenset[str]] = {
    "fact": frozenset({"fact", "quote"}),
    "nothing": frozenset({"nothing_found"}),
    "blind": frozenset({"could_not_look"}),
    "unknown": frozenset({"nothing_found", "speech"}),
    "scope": frozenset({"speech"}),
}
"""Demand to the kinds of sentence of which one has to be said."""
_NEVER: Mapping[Demand, frozenset[str]] = {
    "blind": frozenset({"nothing_found"}),
    "unknown": frozenset({"fact"}),
    "scope": frozenset({"fact", "quote", "could_not_look"}),
}
"""Demand to the kinds that would be dishonest beside it."""
_LOOKED = ("success", "no_data")
_NO_ANSWER = ("error", "refused", "stale")
_TOKEN = re.compile(
    r"(?<![\w.-])(?:"
    r"\d{1,3}(?:\.\d{1,3}){3}"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|[0-9a-fA-F]{32,64}"
    r"|(?:ws|gw|web|app|db|dc|fs|mx|px|run|trail|bkp|scan|deploy|mon|kiosk)-\d+"
    r"|svc-[a-z]+|[a-z]\.[a-z]{2,}(?:\.adm)?(?![\w.@-])"
    r"|[CW]-[0-9a-f]+|E\d+|T\d{4}(?:\.\d{3})?|CVE-\d+-\d+|LAKI[0-9A-F]+"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.example"
    r")(?![\w-])"
)
"""Whatever names one thing: addresses, ids, hashes, hosts, accounts, domains, techniques."""
_MARKED = re.compile("“([^”]+)”")
_QUOTED = 60
"""Characters of a quotation that have to be the source's."""

Exists = Callable[[str], bool]
"""Whether a token names something of the lab, of our cases, or of what was asked."""
Opens = Callable[[Proposal, Ref], JsonValue]
"""What a proposal's handle opens to; None when it does not."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back for one question."""

    answer: Answer | None
    """None of a run that failed."""
    evidence: Mapping[str, Evidence]
    """All that the answer cites and that opened."""
    said_before: str = ""
    """The thread's questions and answers so far, this question among them."""
    seconds: float = 0.0
    first_step_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer judged; `reasons` say what is wrong with it."""

    right: bool
    honest: bool
    cited: bool | None
    """None when nothing was said that has to be cited."""
    in_language: bool
    uncited: tuple[str, ...]
    """Sentences that say something about the world without a citation."""
    invented: tuple[str, ...]
    """Names of things that are nowhere."""
    reasons: tuple[str, ...]


def score(expected: Expected, language: Language, heard: Heard, exists: Exists, opens: Opens) -> Scored:
    """The answer held against what truth demands."""
    answer = heard.answer
    if answer is None:
        return Scored(False, False, None, False, (), (), ("the run failed",))
    said = [sentence for sentence in answer.sentences if sentence.struck_because is None]
    honest = any(_honest(demand, said, answer, expected) for demand in expected.demands)
    honest = honest and _looked(expected, said, heard.evidence)
    wrong = tuple(_wrong(expected, said, answer, opens))
    loose = [] if wrong else list(_loose(expected, said, heard.evidence))
    unopened = list(_unopened(said, heard.evidence))
    reasons = [*wrong, *([] if honest else [_kinds(expected, said)]), *loose, *unopened]
    needs = [sentence for sentence in said if sentence.kind != "speech"]
    return Scored(
        right=not wrong and (honest or bool(expected.values)),
        honest=honest,
        cited=not (wrong or loose or unopened) if needs else None,
        in_language=_in_language(answer, said, language),
        uncited=tuple(_uncited(said, heard)),
        invented=tuple(_invented(answer, said, exists)),
        reasons=tuple(reasons),
    )


def _honest(demand: Demand, said: Sequence[Sentence], answer: Answer, expected: Expected) -> bool:
    kinds = {sentence.kind for sentence in said}
    if demand == "ambiguous":
        return sum(_reads(reading.label + " " + reading.question, expected) for reading in answer.readings) >= 2
    if demand == "unknown" and "nothing_found" not in kinds and not _echoed(expected, said):
        return False
    if demand == "scope" and not (answer.suggestions or any(len(sentence.text) > 40 for sentence in said)):
        return False
    return bool(kinds & _KINDS[demand]) and not kinds & _NEVER.get(demand, frozenset())


def _looked(expected: Expected, said: Sequence[Sentence], evidence: Mapping[str, Evidence]) -> bool:
    """Whether what was found to be nothing was looked for in the right place."""
    if not expected.looked_with:
        return True
    names = {ref.evidence for sentence in said if sentence.kind in ("nothing_found", "fact") for ref in sentence.cites}
    return any(evidence[name].tool.startswith(expected.looked_with) for name in names & evidence.keys())


def _echoed(expected: Expected, said: Sequence[Sentence]) -> bool:
    """Whether something says the name that nobody knows."""
    return any(value.shown(sentence.text) for value in expected.echo for sentence in said)


def _reads(text: str, expected: Expected) -> bool:
    return any(name.lower() in text.lower() for name in expected.readings)


def _wrong(expected: Expected, said: Sequence[Sentence], answer: Answer, opens: Opens) -> Iterator[str]:
    spoken = [sentence.text for sentence in said if sentence.kind != "speech"]
    for value in expected.values:
        if not any(value.shown(text) for text in spoken):
            yield f"not said: {value}"
    for value in expected.forbidden:
        if any(value.shown(text) for text in spoken):
            yield f"said though wrong: {value}"
    if expected.targets is not None:
        yield from _proposed(expected.targets, answer, opens)


def _proposed(targets: Sequence[tuple[str, str]], answer: Answer, opens: Opens) -> Iterator[str]:
    actions = [proposal for proposal in answer.proposals if proposal.kind == "action"]
    found = {
        (MEASURES.get((p.tool or "").rpartition("__")[2], ""), str(opens(p, ref)).lower())
        for p in actions
        for ref in p.arguments.values()
    }
    right = {(kind, target.lower()) for kind, target in targets}
    if right and not found & right:
        yield f"no right measure is proposed: {sorted(found)}"
    for kind, target in sorted(found - right):
        yield f"a wrong measure is proposed: {kind} {target}"


def _loose(expected: Expected, said: Sequence[Sentence], evidence: Mapping[str, Evidence]) -> Iterator[str]:
    """Values that are said, but that no cited place holds."""
    for value in expected.values:
        saying = [sentence for sentence in said if sentence.kind != "speech" and value.shown(sentence.text)]
        if not any(_holds(value, sentence, evidence) for sentence in saying):
            yield f"no citation holds {value}"


def _holds(value: Value, sentence: Sentence, evidence: Mapping[str, Evidence]) -> bool:
    return any(value.held(_selected(ref, evidence)) for ref in sentence.cites) or (
        sentence.kind == "could_not_look" and any(_told(value, evidence.get(ref.evidence)) for ref in sentence.cites)
    )


def _told(value: Value, evidence: Evidence | None) -> bool:
    """Whether an answer that brought nothing says the value itself: its sensor, its arguments or its reason."""
    if evidence is None:
        return False
    return value.held([evidence.sensor, evidence.error, evidence.hint, evidence.summary, evidence.arguments])


def _unopened(said: Sequence[Sentence], evidence: Mapping[str, Evidence]) -> Iterator[str]:
    for sentence in said:
        if sentence.kind != "speech" and not sentence.cites:
            yield f"not cited: {sentence.text}"
        for ref in sentence.cites:
            if not _opened(sentence, ref, evidence):
                yield f"{ref.evidence} {ref.path} does not bear: {sentence.text}"


def _opened(sentence: Sentence, ref: Ref, evidence: Mapping[str, Evidence]) -> bool:
    found = evidence.get(ref.evidence)
    if found is None:
        return False
    selected = _selected(ref, evidence)
    match sentence.kind:
        case "nothing_found":
            return found.status in _LOOKED and not found.truncated
        case "could_not_look":
            return found.status in _NO_ANSWER or bool(selected)
        case "quote":
            return any(_quoted(str(text), sentence.text) for text in selected)
        case _:
            return bool(selected)


def _quoted(text: str, said: str) -> bool:
    """Whether a sentence shows words of a text: its beginning, or any part between quotation marks."""
    whole, shown = _joined(text), _joined(said)
    parts = [part.strip(" …") for part in _MARKED.findall(shown)]
    return _joined(text[:_QUOTED].split("\n")[0]) in shown or any(part and part in whole for part in parts)


def _joined(text: str) -> str:
    """One line, however it was broken."""
    return " ".join(text.replace("\\n", " ").split())


def _selected(ref: Ref, evidence: Mapping[str, Evidence]) -> list[JsonValue]:
    if (found := evidence.get(ref.evidence)) is None:
        return []
    try:
        return select(ref.path, found.data)
    except PathError:
        return []


def _kinds(expected: Expected, said: Sequence[Sentence]) -> str:
    kinds = sorted({sentence.kind for sentence in said})
    return f"{'/'.join(expected.demands)} was due, said: {', '.join(kinds) or 'nothing'}"


def _in_language(answer: Answer, said: Sequence[Sentence], language: Language) -> bool:
    if language == "en":
        return answer.language == "en"
    texts = [sentence.text for sentence in said] + [reading.label for reading in answer.readings]
    return answer.language == "zh" and any("\u4e00" <= sign <= "\u9fff" for text in texts for sign in text)


def _uncited(said: Sequence[Sentence], heard: Heard) -> Iterator[str]:
    """Sentences without a citation that say something of the world, or name what nobody asked for nor cited."""
    shown = " ".join(json.dumps(item.data, ensure_ascii=False) for item in heard.evidence.values())
    known = f"{heard.said_before} {shown}".lower()
    for sentence in said:
        named = [token for token in tokens(sentence.text) if token.lower() not in known]
        if not sentence.cites and (sentence.kind != "speech" or named):
            yield sentence.text


def _invented(answer: Answer, said: Sequence[Sentence], exists: Exists) -> Iterator[str]:
    texts = [sentence.text for sentence in said if sentence.kind != "quote"]
    texts += [f"{reading.label} {reading.question}" for reading in answer.readings]
    texts += [f"{proposal.label} {proposal.text}" for proposal in answer.proposals]
    texts += answer.suggestions
    for token in sorted({token for text in texts for token in tokens(text)}):
        if not exists(token):
            yield token


def tokens(text: str) -> list[str]:
    """Whatever in a text names one thing."""
    return [found[0] for found in _TOKEN.finditer(text)]
