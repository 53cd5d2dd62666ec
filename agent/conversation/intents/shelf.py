"""Sections of documents in an answer: found in the language of the question, cited by their id, quoted word for word.

Documents of the operator are told as such. Those of others are named as unverified, and only ever quoted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from agent.conversation.intents.saying import Saying, equals, found, path, quote
from agent.conversation.protocol import Looker, Understood
from agent.conversation.understanding.rows import objects, rows, text
from agent.conversation.understanding.words import load_words
from agent.models import Evidence, JsonObject
from agent.wording import Language

_MOST: Final = 3
_QUERY: Final = 500
_NOISE: Final = re.compile(
    r"\b(?:what|do|does|did|the|runbooks?|playbooks?|say|says|about|how|i|we|to|you|should|can|could|is|are|a|an|me|tell|show|please|documents?|documentation|procedures?|of|for|in|on|there|any|and|guidance)\b|[?!.,;:]"
)
_CHINESE_NOISE: Final = re.compile(
    r"请问|请|怎么样|怎么|如何|怎样|是什么样|是什么|什么是|什么样|什么|处置手册|研判手册|手册|文档|规程|知识库|关于|我们|咱们|应该|有没有|告诉我|一下"
    r"|在哪里|在哪|哪里|哪些|该|吗|呢|吧|的|了|[？！，。；：、?!.,;:]"
)
FROM: Final[Mapping[str, str]] = {
    "runbook": "From the runbook '{title}', section '{value}' [{id}]:",
    "tactic": "From the page on a tactic '{title}', section '{value}' [{id}]:",
    "procedure": "From the procedure '{title}', section '{value}' [{id}]:",
    "technique": "From the page on a technique '{title}', section '{value}' [{id}]:",
    "advisory": "From the advisory '{title}', section '{value}' [{id}]:",
    "case": "From the past case '{title}', section '{value}' [{id}]:",
    "note": "From the note '{title}', section '{value}' [{id}]:",
    "document": "From the document '{title}', section '{value}' [{id}]:",
}
"""Kind of a document of the operator to how a section of it is introduced."""
OUTSIDE: Final[Mapping[str, str]] = {
    "case": "A past case, from outside and unverified: '{title}', section '{value}' [{id}].",
    "note": "A note that nobody has promoted, unverified: '{title}', section '{value}' [{id}].",
    "technique": "From outside, unverified, on a technique: '{title}', section '{value}' [{id}].",
    "advisory": "An advisory from outside, unverified: '{title}', section '{value}' [{id}].",
    "document": "From outside, unverified: '{title}', section '{value}' [{id}].",
}
"""The same of a document that others wrote."""
THEIR_WORDS: Final = "Unverified, in somebody else's words:"
CONTAIN: Final[Mapping[Language, str]] = {"en": "contain", "zh": "遏制"}
"""How the section on containing is called in the runbooks of a language."""
_PARTS: Final = frozenset({"遏制", "隔离", "处置", "良性", "误报", "陷阱", "调查", "授权", "交接", "判定", "结论"})
"""Topics that name a part of many documents rather than what one is about."""
TWIN: Final = "zh/"
"""How the id of a Chinese twin begins."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A section that documents of a kind have in common."""

    en: str
    """Its part of an id after the document, in English documents."""
    zh: str
    asked: re.Pattern[str]
    """What asks for it."""

    def of(self, document: str) -> str:
        """The id of this section in a document."""
        return f"{document}#{self.zh if document.startswith(TWIN) else self.en}"


async def search(
    plain: str, language: Language, looker: Looker, *, kind: str | None = None, outside: bool = False
) -> Evidence:
    """The sections that fit: in the language of the question, then in any; then those of the technique of an attack
    that is named."""
    fixed: JsonObject = {"limit": _MOST}
    if kind is not None:
        fixed["kind"] = kind
    if outside:
        fixed["outside"] = True
    tries: list[JsonObject] = [
        {"query": topic(plain, language) or plain, "language": language},
        {"query": topic(plain, "en") or in_english(plain) or plain},
    ]
    if technique := next((_attacks()[word] for word in in_english(plain).split() if word in _attacks()), None):
        tries.append({"query": technique})
    hits = await looker.read("kb__kb_search", {**_cut(tries[0]), **fixed})
    for wanted in tries[1:]:
        if found_any(hits) or hits.status in ("error", "refused"):
            break
        hits = await looker.read("kb__kb_search", {**_cut(wanted), **fixed})
    return hits


async def asked_section(
    plain: str, language: Language, looker: Looker, *, kind: str | None = None
) -> tuple[Evidence | None, Evidence]:
    """The section that a question asks for by what it is about and which part of it is meant, and what a search finds
    on the whole question. None where no part is named or no document has it."""
    wanted = next((heading for heading in _headings() if heading.asked.search(plain)), None)
    if wanted is None:
        return None, await search(plain, language, looker, kind=kind)
    bare = " ".join(wanted.asked.sub(" ", plain).split())
    hits = await search(bare if topic(bare, language) else plain, language, looker, kind=kind)
    documents = dict.fromkeys([*await _named(plain, language, looker, kind), *_documents(hits)])
    if not documents:
        return None, hits
    page = await section([wanted.of(document) for document in documents], looker)
    return (page if page.status == "success" else None), hits


async def _named(plain: str, language: Language, looker: Looker, kind: str | None) -> list[str]:
    """The Chinese twin of the document that fits a topic best which a Chinese question names as people say it."""
    said = next((english for chinese, english in _topics().items() if chinese in plain and chinese not in _PARTS), "")
    if language != "zh" or not said:
        return []
    asked: JsonObject = {"query": said, "language": "en", "limit": 1, **({"kind": kind} if kind else {})}
    return [TWIN + document for document in _documents(await looker.read("kb__kb_search", asked))]


def _documents(hits: Evidence) -> list[str]:
    return [(text(row, "id") or "").partition("#")[0] for row in rows(hits, "hits")]


def found_any(hits: Evidence) -> bool:
    """Whether a search found anything, of the operator or of others."""
    return bool(rows(hits, "hits") or rows(hits, "outside"))


def topic(plain: str, language: Language) -> str:
    """What a question is about, without the words around it; empty when it names nothing."""
    if language == "zh":
        return " ".join(_CHINESE_NOISE.sub(" ", plain).split())
    query = in_english(plain)
    return " ".join(_NOISE.sub(" ", query).split())


async def section(ids: Sequence[str], looker: Looker) -> Evidence:
    """The first of these sections that is there."""
    page = await looker.read("kb__kb_get_section", {"section_id": ids[0]})
    for other in ids[1:]:
        if page.status != "no_data":
            break
        page = await looker.read("kb__kb_get_section", {"section_id": other})
    return page


def containing(document: str, language: Language) -> list[str]:
    """Ids of the sections on containing what a runbook is about, the best one first."""
    name = document.removeprefix(TWIN)
    names = [name] if name == "generic" else [name, "generic"]
    english = [f"{name}#{CONTAIN['en']}" for name in names]
    if language == "en":
        return english
    return [f"{TWIN}{name}#{CONTAIN['zh']}" for name in names[:1]] + english


def told_hits(hits: Evidence, most: int, without: str | None = None) -> list[Saying]:
    """The sections of the operator that a search found, each cited and quoted; `without` is told already."""
    places = [place for place, row in enumerate(rows(hits, "hits")) if text(row, "id") != without]
    return [part for place in places[:most] for part in told_section(hits, "hits", place)]


def told_outside(hits: Evidence, most: int) -> list[Saying]:
    """The sections of others that a search found, each named as unverified and quoted."""
    count = min(most, len(rows(hits, "outside")))
    return [part for place in range(count) for part in told_section(hits, "outside", place)]


def told_section(answer: Evidence, *at: str | int) -> list[Saying]:
    """One section of an answer: where it stands with its id, then its words."""
    if not at and not text(_row(answer), "id"):
        at = ("outside",)
    row = _row(answer, *at)
    theirs = at[:1] == ("outside",)
    leads = OUTSIDE if theirs else FROM
    lead = leads.get(text(row, "kind") or "document", leads["document"])
    about = {"title": path(*at, "title"), "id": path(*at, "id")}
    return [
        equals(answer, lead, path(*at, "section"), about),
        quote(answer, THEIR_WORDS if theirs else "", path(*at, "text")),
    ]


def id_of(page: Evidence) -> str | None:
    """The id of the section that was read."""
    return text(_row(page), "id")


def in_english(plain: str) -> str:
    """A question with the topics it names in Chinese said in English."""
    said = [english for chinese, english in _topics().items() if chinese in plain]
    latin = " ".join(re.findall(r"[a-z0-9][\w.&'-]*", plain))
    return " ".join([*dict.fromkeys(said), latin]).strip() or plain


def asks_for(question: Understood, words: re.Pattern[str]) -> bool:
    """Whether a question has one of these words."""
    return words.search(question.plain) is not None


def _row(answer: Evidence, *at: str | int) -> JsonObject:
    return next(iter(objects(found(answer, path(*at)))), {})


def _cut(asked: JsonObject) -> JsonObject:
    return {**asked, "query": str(asked["query"])[:_QUERY]}


@cache
def _headings() -> Sequence[Heading]:
    written = (files("agent.conversation.intents") / "headings.yaml").read_text("utf-8")
    listed: list[dict[str, str]] = yaml.load(written, Loader=yaml.CSafeLoader)
    return [Heading(item["en"], item["zh"], re.compile(item["asked"])) for item in listed]


@cache
def _attacks() -> Mapping[str, str]:
    return load_words().attacks


@cache
def _topics() -> Mapping[str, str]:
    written = (files("agent.conversation.intents") / "topics.yaml").read_text("utf-8")
    named: dict[str, str] = yaml.load(written, Loader=yaml.CSafeLoader)
    return named
