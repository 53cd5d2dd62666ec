"""A model's sentences held against the evidence they cite. What stands is marked as a model's words all the same.

fact            cites values that are there; every number, name, indicator and quotation in it stands in them
nothing_found   cites an answer that looked in full and has nothing there; code says what was looked at
could_not_look  cites an answer that brought nothing; code says why
quote           stands word for word in what it cites, and is shown as somebody's words
speech          one of our own few sentences, by its name: a model says nothing else without citing
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.conversation.errors import UnborneError
from agent.conversation.model.bearing import Bearing, leaves, outside_quotes, tokens_of, without_citations, words_of
from agent.conversation.model.facts import rows_of
from agent.conversation.model.speeches import SPEECHES
from agent.conversation.model.voice import check_acquittal, check_voice, folded
from agent.conversation.model.wholes import Place, check_no_wholes, check_wholes
from agent.conversation.model.writing import Writing, WrittenSentence
from agent.conversation.models import Sentence
from agent.conversation.protocol import Understood
from agent.conversation.sentences import QUOTED, blind_rows, quoted
from agent.evidence.claims import check
from agent.evidence.errors import PathError
from agent.evidence.paths import ANY, compile_path, select
from agent.evidence.provenance import classes
from agent.evidence.text import inert
from agent.models import Absent, Evidence, Provenance, Ref
from agent.wording import Language, localised

LONGEST: Final = 600
"""Characters of one sentence."""
MOST_CITES: Final = 12
COVERAGE: Final = "siem_check_coverage"
_EVENTS: Final = ("siem_search_events", "siem_count_events", "siem_timeline", "siem_related_events")
"""Answers whose emptiness counts only where the sensors are known to have covered the time."""
_DOCUMENTS: Final = ("kb",)
"""Servers whose answers are documents: quoted like an outsider's words, and no observation of anything."""
_CLAIMS: Final = ("mcpsoc", "mcpsoc_list_claims")
"""Server and tool whose answers are statements that our own code made and checked."""
_TRUSTED: Final = tuple(kind.value for kind in Provenance if kind.trusted)
_HOLDS_NOTHING: Final = ("false", "0", "0.0", "", "no", "none")
_UNANSWERED: Final = ("error", "refused", "stale")
_BREAK: Final = re.compile(r"(?:\s|\\n|\\r|\\t)+")
"""Between two words of a quotation: spaces and line breaks, written out or not."""
_SAID_OF_A_LOOK: Final = 120
"""Characters of what code adds about one look."""
_UNTOLD: Final = ("limit", "cursor", "fields")
_LONG: Final = 28
"""Characters from which one word is a text."""
_NAME_KEYS: Final = re.compile(r"(?:^|[._])(?:host|hostname|user|username|account|owner|name|domain|email|manager)$")


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every sentence of one answer is held against."""

    evidence: Mapping[str, Evidence]
    language: Language
    asked: Understood
    names: frozenset[str]
    """Single words that name something anywhere in the thread, in lower case."""
    outside: tuple[str, ...]
    """Folded texts that an outsider may have written."""
    own: tuple[str, ...]
    """Folded claims of ours that hold and show no outsider's value."""


@dataclass(frozen=True, slots=True)
class _Cited:
    """One citation that leads to evidence of the thread."""

    ref: Ref
    answer: Evidence

    def values(self) -> list[JsonValue]:
        """What stands there. Raises: UnborneError when nothing does."""
        if self.answer.status in ("error", "refused"):
            raise UnborneError(f"{self.answer.id} is {self.answer.status}: it says nothing")
        if not (found := select(self.ref.path, self.answer.data)):
            raise UnborneError(f"{self.answer.id} has nothing at {self.ref.path}")
        return found

    def texts(self) -> list[str]:
        """The plain values of it."""
        return [leaf for value in self.values() for leaf in leaves(value)]

    def said(self) -> list[str]:
        """The plain values, without the names of their fields."""
        return [text for _, text in _spoken("", self.values())]

    def fields(self) -> list[str]:
        """Names of the fields that hold something: a name whose value is false, nought or nothing says nothing."""
        last = next(reversed([part for part in compile_path(self.ref.path).location if part != ANY]), "")
        return [name for name, text in _spoken(last, self.values()) if text not in _HOLDS_NOTHING]

    def place(self, bench: "_Bench") -> Place:
        """As the words that speak of whole lists are tried on it."""
        own = self.answer.server not in _DOCUMENTS and self.trusted
        return Place(self.ref, self.answer, own or all(folded(text) in bench.own for text in self.texts()))

    @property
    def trusted(self) -> bool:
        """Whether no outsider wrote any of it."""
        return classes(self.ref.path, self.answer).trusted


def checked_writing(
    writing: Writing, evidence: Mapping[str, Evidence], language: Language, asked: Understood
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The sentences that stand, and those that were struck: in quotation marks, with the reason. It never raises."""
    bench = _Bench(evidence, language, asked, _names(evidence), tuple(_outside(evidence)), tuple(_own(evidence)))
    kept: dict[str, Sentence] = {}
    struck: list[Sentence] = []
    for written in writing.sentences:
        try:
            sentence = _sentence(written, bench)
        except (UnborneError, PathError) as error:
            text = quoted([inert(written.text, LONGEST)], language)
            struck.append(Sentence(kind=written.kind, text=text, struck_because=inert(str(error), LONGEST)))
        else:
            kept.setdefault(sentence.text, sentence)
    return tuple(kept.values()), tuple(struck)


def _sentence(written: WrittenSentence, bench: _Bench) -> Sentence:
    if written.kind == "speech":
        return _speech(written, bench.language)
    if not written.cites:
        raise UnborneError("it cites nothing")
    text = inert(without_citations(written.text), LONGEST if written.kind != "quote" else QUOTED)
    cited = [_cited(ref, bench.evidence) for ref in written.cites[:MOST_CITES]]
    match written.kind:
        case "quote":
            return _quote(text, cited, bench.language)
        case "could_not_look":
            return _could_not_look(text, cited, bench)
        case "nothing_found":
            return _nothing_found(text, cited, bench)
        case "fact":
            return _fact(text, cited, bench)


def _speech(written: WrittenSentence, language: Language) -> Sentence:
    if (template := SPEECHES.get(written.text.strip())) is None:
        raise UnborneError("it says something and cites nothing")
    return Sentence(kind="speech", text=localised(template, language), provenance=Provenance.OPERATOR)


def _fact(text: str, cited: list[_Cited], bench: _Bench) -> Sentence:
    if folded(text) not in bench.own and any(_is_all_of(text, item) for item in cited):
        return _quote(text, cited, bench.language)
    values = [value for item in cited for value in item.values()]
    counts = [len(item.values()) for item in cited] + [len(value) for value in values if isinstance(value, list)]
    bearing = Bearing(tuple(leaf for value in values for leaf in leaves(value)), tuple(counts), _repeated(cited, bench))
    tokens = tokens_of(text, bench.names)
    observed = [item for item in cited if item.answer.server not in _DOCUMENTS and item.trusted]
    trusted = [leaf for item in observed for leaf in item.said()]
    fields = [name for item in observed for name in item.fields()]
    _all_hold(
        lambda: _check_tokens(tokens, bearing),
        lambda: _check_shows(text, tokens, bearing),
        lambda: check_voice(text, bench.asked.text, bench.outside, (*bench.own, *map(folded, trusted))),
        lambda: check_acquittal(text, trusted, fields),
        lambda: check_wholes(text, tokens, [item.place(bench) for item in cited]),
    )
    return Sentence(kind="fact", text=text, cites=tuple(item.ref for item in cited))


def _nothing_found(text: str, cited: list[_Cited], bench: _Bench) -> Sentence:
    empty = [item for item in cited if item.answer.tool != COVERAGE]
    if not empty:
        raise UnborneError("it cites no answer that looked")
    for item in empty:
        again = check(Absent(id="nothing", template="nothing", ref=item.ref), bench.evidence)
        if again.struck_because is not None:
            raise UnborneError(again.struck_because)
    if any(item.answer.tool in _EVENTS for item in empty):
        _check_coverage([item.answer for item in cited if item.answer.tool == COVERAGE])
    asked_for = [leaf for item in empty for leaf in (item.answer.tool, *leaves(item.answer.arguments))]
    _all_hold(
        lambda: _check_tokens(tokens_of(text, bench.names), Bearing((), (), _repeated(cited, bench))),
        lambda: check_voice(text, bench.asked.text, bench.outside),
        lambda: check_acquittal(text, asked_for),
        lambda: check_no_wholes(text),
    )
    looked = "; ".join(dict.fromkeys(_looked(item.answer) for item in empty))
    told = _with(text, localised("{sentence} (looked at: {what})", bench.language), looked)
    return Sentence(kind="nothing_found", text=told, cites=tuple(item.ref for item in cited))


def _could_not_look(text: str, cited: list[_Cited], bench: _Bench) -> Sentence:
    answers = list({item.answer.id: item.answer for item in cited}.values())
    if looked := [answer for answer in answers if answer.status not in _UNANSWERED and not any(blind_rows(answer))]:
        raise UnborneError(f"{looked[0].id} is {looked[0].status}: it did look")
    said = [leaf for answer in answers for leaf in leaves([answer.summary, answer.error, answer.hint, answer.data])]
    _all_hold(
        lambda: _check_tokens(tokens_of(text, bench.names), Bearing((), (), (*_repeated(cited, bench), *said))),
        lambda: check_voice(text, bench.asked.text, bench.outside),
        lambda: check_acquittal(text, ()),
        lambda: check_no_wholes(text),
    )
    why = "; ".join(dict.fromkeys(map(_why, answers)))
    told = (
        text
        if folded(why) in folded(text)
        else _with(text, localised("{sentence} (reason: {what})", bench.language), why)
    )
    return Sentence(kind="could_not_look", text=told, cites=tuple(Ref(evidence=item.id, path="$") for item in answers))


def _quote(text: str, cited: list[_Cited], language: Language) -> Sentence:
    words = text.strip("\"“”'‘’「」『』` ")
    for item in cited:
        standing = next((found for leaf in item.texts() if (found := _standing(words, leaf))), None)
        if standing is not None:
            kind = classes(item.ref.path, item.answer)
            return Sentence(kind="quote", text=quoted([standing], language), cites=(item.ref,), provenance=kind)
    raise UnborneError("these words do not stand in what it cites")


def _cited(ref: Ref, evidence: Mapping[str, Evidence]) -> _Cited:
    if (answer := evidence.get(ref.evidence)) is None:
        raise UnborneError(f"{ref.evidence} is not evidence of this thread")
    return _Cited(ref, answer)


def _all_hold(*checks: Callable[[], None]) -> None:
    """Raises: UnborneError with everything that is wrong, so that one more word of the model can mend it."""
    problems: list[str] = []
    for hold in checks:
        try:
            hold()
        except UnborneError as error:
            problems.append(str(error))
    if problems:
        raise UnborneError("; ".join(problems))


def _check_shows(text: str, tokens: tuple[str, ...], bearing: Bearing) -> None:
    if not any(bearing.proves(token) for token in tokens) and not _says_a_value(text, bearing):
        raise UnborneError("it shows none of the values that it cites")


def _check_tokens(tokens: tuple[str, ...], bearing: Bearing) -> None:
    if strange := [token for token in tokens if not bearing.bears(token)]:
        verb = "is" if len(strange) == 1 else "are"
        raise UnborneError(f"{', '.join(map(repr, strange))} {verb} not in what it cites")


def _check_coverage(answers: list[Evidence]) -> None:
    """Nothing in the events means nothing when nobody knows that the sensors were watching."""
    if not answers:
        raise UnborneError(f"it cites no answer of {COVERAGE}: nobody knows whether the sensors were watching")
    for answer in answers:
        if answer.status != "success" or any(blind_rows(answer)):
            raise UnborneError(f"{answer.id} does not say that the sensors covered it")


def _repeated(cited: list[_Cited], bench: _Bench) -> tuple[str, ...]:
    """What a sentence may say again without proving it: the question, and what was asked of the cited tools."""
    asked = bench.asked
    entities = (word for entity in asked.entities for word in (entity.value, entity.said))
    answers = (item.answer for item in cited)
    of_tools = (leaf for item in answers for leaf in (item.id, item.server, item.tool, *leaves(item.arguments)))
    fields = (word for item in cited for word in words_of(item.ref.path))
    return (asked.text, asked.plain, *entities, *of_tools, *fields)


def _says_a_value(text: str, bearing: Bearing) -> bool:
    """Whether one of the cited values is in the sentence as an ordinary word, such as a state."""
    own = outside_quotes(text).replace("_", " ")
    values = (value.replace("_", " ") for value in bearing.values if len(value) > 2 and not value.isdigit())
    return any(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", own, re.IGNORECASE) for value in values)


def _is_all_of(text: str, item: _Cited) -> bool:
    """Whether the sentence is nothing but a text that an outsider may have written."""
    texts = (leaf for leaf in item.texts() if " " in leaf or len(leaf) > _LONG)
    return (not item.trusted or item.answer.server in _DOCUMENTS) and any(
        folded(text) in folded(leaf) for leaf in texts
    )


def _names(evidence: Mapping[str, Evidence]) -> frozenset[str]:
    values = (
        value
        for answer in evidence.values()
        for row in rows_of(answer)
        for key, value in row.values.items()
        if isinstance(value, str) and _NAME_KEYS.search(key)
    )
    return frozenset(value.lower() for value in values if 2 < len(value) < 64 and " " not in value)


def _outside(evidence: Mapping[str, Evidence]) -> Iterator[str]:
    for answer in evidence.values():
        for row in rows_of(answer):
            for name in row.values if answer.server in _DOCUMENTS else row.untrusted:
                yield from map(folded, leaves(row.values[name]))


def _own(evidence: Mapping[str, Evidence]) -> Iterator[str]:
    for answer in evidence.values():
        for row in rows_of(answer) if (answer.server, answer.tool) == _CLAIMS else ():
            shown, text = row.values.get("shows"), row.values.get("text")
            sure = row.values.get("status") == "verified" and not {"shows", "status"} & set(row.untrusted)
            if sure and shown in _TRUSTED and isinstance(text, str):
                yield folded(text)


def _spoken(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    """Every plain value below a value as text, with the name of the field it stands in."""
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from _spoken(inner, item)
    elif isinstance(value, list):
        for item in value:
            yield from _spoken(name, item)
    else:
        yield from ((name, text) for text in leaves(value))


def _with(sentence: str, shape: str, what: str) -> str:
    return shape.replace("{what}", what).replace("{sentence}", sentence.rstrip(".。 "))


def _looked(answer: Evidence) -> str:
    asked = {name: value for name, value in answer.arguments.items() if name not in _UNTOLD and value is not None}
    said = ", ".join(f"{name} {' '.join(map(_short, leaves(value)))}" for name, value in asked.items())
    return inert(f"{answer.tool} {said}".strip(), _SAID_OF_A_LOOK)


def _short(value: str) -> str:
    """A hash by its first characters."""
    return f"{value[:12]}…" if re.fullmatch(r"[0-9a-fA-F]{32,}", value) else value


def _why(answer: Evidence) -> str:
    blind = ", ".join(f"{row.get('sensor')} {row.get('state')}" for _, row in blind_rows(answer))
    return inert(answer.error or blind or answer.status, _SAID_OF_A_LOOK)


def _standing(words: str, leaf: str) -> str | None:
    """The words as they stand in the text, with its line breaks; None when they do not."""
    parts = [re.escape(part) for part in _BREAK.split(words) if part]
    lines = "\n".join(inert(line, None) for line in leaf.split("\n"))
    found = re.search(_BREAK.pattern.join(parts), lines) if parts else None
    return None if found is None else found[0]
