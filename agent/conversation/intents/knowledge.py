"""What the documents say: sections of runbooks, word for word. The last resort for a question that fits no other
intent."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from agent.conversation.intents.saying import Saying, about, asks, equals, nothing, path, quote, told
from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import rows
from agent.conversation.understanding.words import load_words
from agent.models import Evidence

_MOST: Final = 2
_QUERY: Final = 500
_NOISE: Final = re.compile(
    r"\b(?:what|do|does|did|the|runbooks?|playbooks?|say|says|about|how|i|we|to|you|should|can|could|is|are|a|an|me|tell|show|please|documents?|documentation|procedures?|of|for|in|on|there|any|guidance)\b|[?!.,;:]"
)
FROM: Final = "From the runbook '{title}', section '{value}':"
NOTHING: Final = "The runbooks have nothing on that."
OTHERWISE: Final = (
    "I answer from cases, logs, inventory, intelligence and runbooks; ask what I can do to see what I can be asked."
)


class Knowledge:
    """Searches the documents."""

    name = "knowledge"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """The sections that fit best, quoted."""
        query = in_english(question.plain)
        bare = " ".join(_NOISE.sub(" ", query).split())
        hits = await search(bare or query or "runbook", looker)
        technique = (
            await looker.read("kb__kb_get_technique", {"technique_id": bare}) if _defines(question, bare) else None
        )
        fitting = sections(hits, _MOST) if question.intent or _fits(hits, bare) else []
        said = told(
            _definition(technique) if technique else None,
            nothing(hits, NOTHING, "$.hits[*]"),
            None if fitting else Speech(OTHERWISE),
            fitting,
        )
        return Draft(
            said=said,
            suggestions=(asks(question.language, "What can you do?"),),
            referents=about(question, referents, self.name),
        )


async def search(query: str, looker: Looker) -> Evidence:
    """The sections that fit; those of the technique of an attack that is named, when the words alone find none."""
    hits = await looker.read("kb__kb_search", {"query": query[:_QUERY], "limit": 3})
    technique = next((_attacks()[word] for word in query.split() if word in _attacks()), None)
    if rows(hits, "hits") or technique is None:
        return hits
    return await looker.read("kb__kb_search", {"query": technique, "limit": 3})


@cache
def _attacks() -> Mapping[str, str]:
    return load_words().attacks


def _defines(question: Understood, bare: str) -> bool:
    """Whether the question asks what something is, which may be a technique by its name."""
    return (
        bool(bare)
        and re.search(r"\bwhat(?:'?s| is| are| does)\b|\bdefine|\bexplain|什么是|是什么", question.plain) is not None
    )


def _definition(technique: Evidence) -> Saying:
    name = {"name": path("technique", "name")}
    return equals(technique, "{value} is {name}.", path("technique", "id"), name)


def _fits(hits: Evidence, bare: str) -> bool:
    """Whether most words of a question that no intent fits are in the best section."""
    best = next(iter(rows(hits, "hits")), {})
    page = " ".join(str(best.get(name, "")) for name in ("title", "section", "text")).lower()
    words = [word for word in bare.split() if len(word) > 2]
    return sum(word in page for word in words) > len(words) / 2


def sections(hits: Evidence, most: int) -> list[Saying]:
    """Each section with the document it stands in, then its words."""
    said: list[Saying] = []
    for place in range(min(most, len(rows(hits, "hits")))):
        said.append(equals(hits, FROM, path("hits", place, "section"), {"title": path("hits", place, "title")}))
        said.append(quote(hits, "", path("hits", place, "text")))
    return said


def in_english(plain: str) -> str:
    """A question with the topics it names in Chinese said in English, in which the documents are written."""
    said = [english for chinese, english in _topics().items() if chinese in plain]
    latin = " ".join(re.findall(r"[a-z0-9][\w.&'-]*", plain))
    return " ".join([*dict.fromkeys(said), latin]).strip() or plain


@cache
def _topics() -> dict[str, str]:
    text = (files("agent.conversation.intents") / "topics.yaml").read_text("utf-8")
    found: dict[str, str] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found
