"""What the documents say, word for word: runbooks, procedures, pages on tactics, past cases and notes. The last resort
for a question that fits no other intent."""

import re
from typing import Final

from agent.conversation.intents.saying import Saying, about, asks, equals, nothing, path, told
from agent.conversation.intents.shelf import (
    asked_section,
    asks_for,
    found_any,
    id_of,
    search,
    told_hits,
    told_outside,
    told_section,
    topic,
)
from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import rows
from agent.models import Evidence

_MOST: Final = 2
_SHOWN: Final = 80
"""Characters of a question that are said back."""
_PAST: Final = re.compile(
    r"\b(?:past|previous|earlier|former|old|similar) (?:cases?|incidents?)|\b(?:lessons?|notes?|precedents?)\b"
    r"|\blearn(?:ed|t)\b"
    r"|\b(?:seen|had|handled|dealt with) .*\bbefore\b"
    r"|(?:以往|过去|以前|历史|之前|类似)的?(?:案件|案例|事件|处理)|经验|教训|笔记|(?:以前|之前|过去)(?:有没有|有过|处理过|见过|遇到过|是怎么)"
)
_OTHERS: Final = re.compile(
    r"\b(?:advisor(?:y|ies)|bulletins?|cve|kev|outside documents?)\b|cve-|公告|通告|通报|外部文档|漏洞"
)
NOTHING: Final = "The runbooks have nothing on that."
NO_ANSWER: Final = "I do not know what to look up for '{words}'."
NO_CASE: Final = "No case has it."
NO_PAST: Final = "No past case and no note speaks of that."
OTHERWISE: Final = (
    "I answer from cases, logs, inventory, intelligence and runbooks; ask what I can do to see what I can be asked."
)


class Knowledge:
    """Searches the documents."""

    name = "knowledge"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """The sections that fit best, quoted; what others wrote only where it was asked for or nothing else fits."""
        past = await past_of(question, looker) if asks_for(question, _PAST) else []
        page, hits = await _hits(question, looker)
        technique = await _technique(question, looker)
        own = _own(question, page, hits)
        others = told_outside(hits, _MOST) if question.intent and not (past and own) else []
        said = told(
            _definition(technique) if technique else None,
            past,
            None if past or page or rows(hits, "outside") else nothing(hits, NOTHING, "$.hits[*]"),
            None if past or own or others else await _otherwise(question, looker),
            own,
            others,
        )
        return Draft(
            said=said,
            suggestions=(asks(question.language, "What can you do?"),),
            referents=about(question, referents, self.name),
        )


async def past_of(question: Understood, looker: Looker) -> list[Saying]:
    """What past cases and notes say on a topic: context, quoted, never evidence."""
    said: list[Saying] = []
    for kind in ("note", "case"):
        hits = await search(question.plain, question.language, looker, kind=kind, outside=True)
        said += [*told_hits(hits, 1), *told_outside(hits, 1)] or [nothing(hits, NO_PAST, "$.hits[*]")]
    return said


async def _hits(question: Understood, looker: Looker) -> tuple[Evidence | None, Evidence]:
    """The section that is asked for, if one is, and the sections that fit; those of others where they are asked for,
    or where there is nothing else."""
    if asks_for(question, _OTHERS):
        return None, await search(question.plain, question.language, looker, outside=True)
    page, hits = await asked_section(question.plain, question.language, looker)
    if found_any(hits) or hits.status in ("error", "refused") or not question.intent:
        return page, hits
    wider = await search(question.plain, question.language, looker, outside=True)
    return page, wider if found_any(wider) else hits


async def _otherwise(question: Understood, looker: Looker) -> list[Saying]:
    """That nothing answers the question, in its own words, and what can be asked. One word alone may name something:
    it is looked for in the cases."""
    words = topic(question.plain, question.language)[:_SHOWN]
    if question.intent or not words:
        return [Speech(OTHERWISE)]
    said: list[Saying] = [Speech(NO_ANSWER, {"words": words}), Speech(OTHERWISE)]
    if " " in words:
        return said
    cases = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": words, "limit": 1})
    return [nothing(cases, NO_CASE, "$.cases[*]"), *said]


def _own(question: Understood, page: Evidence | None, hits: Evidence) -> list[Saying]:
    """What the operator has written: the section that is asked for and the next best, or the best two."""
    if not question.intent and not _fits(hits, question):
        return []
    if page is None:
        return told_hits(hits, _MOST)
    return [*told_section(page), *told_hits(hits, _MOST - 1, without=id_of(page))]


async def _technique(question: Understood, looker: Looker) -> Evidence | None:
    """What may be a technique by its name, where the question asks what something is."""
    bare = topic(question.plain, "en")
    asked = re.search(r"\bwhat(?:'?s| is| are| does)\b|\bdefine|\bexplain|什么是|是什么", question.plain)
    if asked is None or not bare:
        return None
    return await looker.read("kb__kb_get_technique", {"technique_id": bare[:100]})


def _definition(technique: Evidence) -> Saying:
    name = {"name": path("technique", "name")}
    return equals(technique, "{value} is {name}.", path("technique", "id"), name)


def _fits(hits: Evidence, question: Understood) -> bool:
    """Whether most words of a question that no intent fits are in the best section; one word says too little."""
    best = next(iter(rows(hits, "hits")), {})
    page = " ".join(str(best.get(name, "")) for name in ("title", "section", "text")).lower()
    words = _words(topic(question.plain, "zh" if best.get("language") == "zh" else "en"))
    return len(words) > 1 and sum(word in page for word in words) > len(words) / 2


def _words(bare: str) -> list[str]:
    """Its words of more than two letters, and its pairs of Chinese characters."""
    latin = [word for word in re.findall(r"[^\s\u3400-\u9fff]+", bare) if len(word) > 2]
    return latin + [run[at : at + 2] for run in re.findall(r"[\u3400-\u9fff]{2,}", bare) for at in range(len(run) - 1)]
