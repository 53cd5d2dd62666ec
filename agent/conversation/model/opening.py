"""The messages that a conversation with a model opens with: rules that never change, then what this question brings."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import JsonValue

from agent.conversation.model.facts import shown
from agent.conversation.model.speeches import SPEECHES
from agent.conversation.models import Answer, Sentence, moment_text
from agent.conversation.protocol import Looker, Understood
from agent.evidence.text import inert
from agent.models import Evidence, JsonObject
from agent.wording import Language, localised
from knowledge.trust.masking import mask_value

_LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "zh": "Simplified Chinese"}
_SENTENCES: Final = 12
"""Sentences of one earlier answer that are shown again."""
_EVIDENCE: Final = 30
_ARGUMENTS: Final = 200
"""Characters of what one earlier answer was asked."""
_BEFORE: Final = 3
_EARLIER: Final = 1_500
"""Characters of rows of one answer behind the last question's sentences, of which that many are shown."""
DEAD_ENDS: Final = (
    "I do not know how to answer that.",
    "This can be meant in several ways.",
)
"""Speeches of ours that tell a model nothing."""
_CITED: Final = 6
"""Answers behind what is known already that are shown with their rows."""


@cache
def prompt(name: str) -> str:
    """A text of prompts/."""
    return (files("agent.conversation.model") / "prompts" / f"{name}.md").read_text("utf-8").strip()


def rules(catalogue: str) -> str:
    """The system message: the same for every question in a world, so that endpoints can keep it."""
    speeches = "; ".join(f"{name} ({text})" for name, text in SPEECHES.items())
    return prompt("system").replace("{speeches}", speeches).replace("{catalogue}", catalogue or "(none)")


def question_document(
    asked: Understood,
    known: Sequence[Sentence],
    history: Sequence[Answer],
    looker: Looker,
    evidence: Mapping[str, Evidence],
) -> JsonObject:
    """Everything about this question, as JSON: what it is, what is known, what was said before."""
    told = [sentence for sentence in known if not _is_dead_end(sentence, asked.language)]
    answers = _cited(told, evidence, _CITED)
    before = [
        item for item in _cited(history[-1].sentences if history else (), evidence, _CITED) if item not in answers
    ]
    window = asked.window
    return {
        "earlier": [_earlier(answer) for answer in history],
        "evidence_of_the_thread": [_line(item) for item in list(evidence.values())[-_EVIDENCE:]],
        "answers_behind_earlier": [shown(answer, most_chars=_EARLIER) for answer in before[:_BEFORE]],
        "known": [_sentence(sentence) for sentence in told],
        "answers_behind_known": [shown(answer, most_chars=3_000) for answer in answers],
        "named": [{"type": entity.type, "value": inert(entity.value)} for entity in asked.entities],
        "window": None if window is None else [moment_text(window.start), moment_text(window.end)],
        "now": moment_text(looker.now()),
        "language": _LANGUAGES[asked.language],
        "question": asked.text,
    }


def _cited(sentences: Sequence[Sentence], evidence: Mapping[str, Evidence], most: int) -> list[Evidence]:
    """The answers that the sentences cite, in their order."""
    names = dict.fromkeys(ref.evidence for sentence in sentences for ref in sentence.cites)
    return [evidence[name] for name in list(names)[:most] if name in evidence]


def _is_dead_end(sentence: Sentence, language: Language) -> bool:
    """Whether it is a sentence of ours that only says that nothing is known."""
    return sentence.kind == "speech" and sentence.text in {localised(text, language) for text in DEAD_ENDS}


def dumped(document: JsonValue) -> str:
    """JSON as a model reads it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _earlier(answer: Answer) -> JsonObject:
    sentences: list[JsonValue] = [_sentence(sentence) for sentence in answer.sentences[:_SENTENCES]]
    return {"question": inert(answer.question, 500), "sentences": sentences}


def _sentence(sentence: Sentence) -> JsonObject:
    cites: list[JsonValue] = [{"evidence": ref.evidence, "path": ref.path} for ref in sentence.cites]
    return {"text": inert(sentence.text, 600), "kind": sentence.kind, "cites": cites}


def _line(item: Evidence) -> str:
    """An answer in one line: what was asked, and what it brought."""
    asked = inert(dumped(mask_value(item.arguments)), _ARGUMENTS)
    return inert(f"{item.id} {item.server}__{item.tool} {asked} {item.status}: {item.summary}", 400)
