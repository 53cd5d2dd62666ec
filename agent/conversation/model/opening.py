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
from agent.wording import Language

_LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "zh": "Simplified Chinese"}
_SENTENCES: Final = 12
"""Sentences of one earlier answer that are shown again."""
_EVIDENCE: Final = 30
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
    cited = dict.fromkeys(ref.evidence for sentence in known for ref in sentence.cites)
    answers = [evidence[name] for name in list(cited)[:_CITED] if name in evidence]
    window = asked.window
    return {
        "earlier": [_earlier(answer) for answer in history],
        "evidence_of_the_thread": [_line(item) for item in list(evidence.values())[-_EVIDENCE:]],
        "known": [_sentence(sentence) for sentence in known],
        "answers_behind_known": [shown(answer, most_chars=3_000) for answer in answers],
        "named": [{"type": entity.type, "value": inert(entity.value)} for entity in asked.entities],
        "window": None if window is None else [moment_text(window.start), moment_text(window.end)],
        "now": moment_text(looker.now()),
        "language": _LANGUAGES[asked.language],
        "question": asked.text,
    }


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
    return inert(f"{item.id} {item.server}__{item.tool} {item.status}: {item.summary}", 160)
